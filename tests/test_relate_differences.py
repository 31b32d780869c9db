import numpy as np
import pandas as pd
import pytest
import relate_differences

from findings.evidence import exact_correlation


def test_exact_correlation_by_hand():
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    # Of the 120 pairings only the given one and its mirror correlate so well.
    correlation, p = exact_correlation(x, 2 * x + 1)
    assert correlation == pytest.approx(1.0) and p == pytest.approx(2 / 120)
    assert exact_correlation(x, -x)[0] == pytest.approx(-1.0)
    draws = np.random.default_rng(0).normal(size=(2, 8))
    assert exact_correlation(*draws)[0] == pytest.approx(np.corrcoef(draws)[0, 1])
    assert np.isnan(exact_correlation(x, np.ones(5))[0]) and exact_correlation(x, np.ones(5))[1] == 1.0


def test_a_difference_is_held_against_that_of_the_same_responses(tmp_path):
    seeds, key = range(1, 7), {"name": "mean", "arm": "new", "against": "old", "role": "test", "decoding": "sampled"}
    gold = [0.1, -0.2, -0.4, 0.2, -0.3, 0.0]
    rows = [key | {"metric": "gold", "seed": seed, "difference": value} for seed, value in zip(seeds, gold)]
    rows += [row | {"decoding": "greedy", "difference": 9.0 - row["seed"]} for row in rows]
    # Too few seeds, and a metric that is an arm's own, are left out.
    rows += [key | {"name": "few", "metric": "gold", "seed": 1, "difference": 0.5}]
    rows += [row | {"metric": "proxy"} for row in rows[:6]]
    # The new arm's responses are longer by as much as gold falls, but in the first seed.
    arms = [{"arm": "old", "seed": seed, "decoding": "sampled", "tokens": 10.0 + seed, "judges": 0.0} for seed in seeds]
    longer = [5.0, *(-10 * value for value in gold[1:])]
    arms += [
        row | {"arm": "new", "tokens": row["tokens"] + more, "judges": float(row["seed"])}
        for row, more in zip(arms, longer)
    ]
    arms += [row | {"decoding": "greedy", "tokens": 1.0} for row in arms]
    pd.DataFrame(rows).to_csv(tmp_path / "differences.csv", index=False)
    pd.DataFrame(arms).to_csv(tmp_path / "arms.csv", index=False)
    relate_differences.main(
        ["--differences", str(tmp_path / "differences.csv"), "--arms", str(tmp_path / "arms.csv")]
        + ["--output", str(tmp_path / "out.csv")]
    )
    found = pd.read_csv(tmp_path / "out.csv")
    assert found[["name", "metric", "beside"]].to_numpy().tolist() == [
        ["mean", "gold", "tokens"],
        ["mean", "gold", "judges"],
    ]
    assert found["correlation"].tolist() == pytest.approx(
        [np.corrcoef(gold, longer)[0, 1], np.corrcoef(gold, range(1, 7))[0, 1]], abs=1e-5
    )
    # Lines that numpy fits to each, where there is no difference in length, and none by the judges.
    lines = [np.polyfit(x, gold, 1)[1] for x in (longer, range(1, 7))]
    assert found["where_none"].tolist() == pytest.approx(lines, abs=1e-5)
