import itertools

import measure_signals
import numpy as np
import pandas as pd
import pytest

from findings.contrasts import parse_contrast
from findings.evidence import best_of_choice
from findings.pools import worth_of_the_end


def test_best_of_n_is_the_mean_over_all_draws():
    rng = np.random.default_rng(0)
    chooser, values = rng.normal(size=(2, 3, 5))
    for n in (1, 2, 3, 5):
        draws = list(itertools.combinations(range(5), n))
        for row in range(3):
            chosen = [values[row][max(draw, key=lambda i: chooser[row][i])] for draw in draws]
            assert best_of_choice(chooser, values, n)[row] == pytest.approx(np.mean(chosen))


@pytest.fixture
def outputs(tmp_path):
    """Two prompts, four responses each; arm `good` orders them as the judge does, `bad` the other way."""
    place = pd.DataFrame({"prompt_id": ["a"] * 4 + ["b"] * 4, "sample": [0, 1, 2, 3] * 2})
    quality = pd.Series([0.0, 1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 0.0])
    judged = place.assign(arm="sft_pool", decoding="sampled", judge_1=quality, gold=-quality, gemma_1=-quality)
    judged["finished"] = True
    judged.to_parquet(tmp_path / "judged.parquet")
    pools = []
    for seed in range(1, 7):
        ratings = {"ratings.mean.none": quality, "ratings.mean.concave": quality, "ratings.mean.convex": -quality}
        # `renamed` orders as `good` does by other numbers; `half` chooses well for one prompt of the two.
        renamed, half = np.exp(quality), quality.where(place["prompt_id"] == "a", -quality)
        table = place.assign(seed=seed, good=quality + seed, bad=-quality, renamed=renamed, half=half, **ratings)
        table.sample(frac=1, random_state=seed).to_parquet(tmp_path / f"{seed}.parquet")
        pools.append(str(tmp_path / f"{seed}.parquet"))

    names = ("screen", "predictions", "agreement", "relabelling", "cut-off")
    flags = [word for name in names for word in (f"--{name}-output", str(tmp_path / f"{name}.csv"))]
    measure_signals.main(
        ["--pools", *pools, "--judged", str(tmp_path / "judged.parquet"), "--confidence", "0.95"]
        + ["--equivalence-margin", "0.2", "--contrasts", "x:good:bad:test", "y:bad:sft:test", "z:sft_again:sft:control"]
        + ["same:renamed:good:test", "level:half:sft:test", *flags]
    )
    return {name: pd.read_csv(tmp_path / f"{name}.csv") for name in names}


def test_screen_by_hand(outputs):
    rows = outputs["screen"].set_index(["arm", "seed", "n"])
    deviation = (5 / 3) ** 0.5  # of 0, 1, 2, 3
    assert rows.loc[("good", 1, 1), "judges"] == pytest.approx(0.0, abs=1e-9)
    assert rows.loc[("good", 1, 4), "judges"] == pytest.approx(1.5 / deviation, rel=1e-4)
    # The best of two of 0..3 is 7/3 on average over the six pairs.
    assert rows.loc[("good", 1, 2), "judges"] == pytest.approx((7 / 3 - 1.5) / deviation, rel=1e-4)
    assert rows.loc[("bad", 1, 4), "gold"] == pytest.approx(1.5 / deviation, rel=1e-4)
    assert rows.loc[("bad", 1, 4), "gemma"] == pytest.approx(1.5 / deviation, rel=1e-4)  # judges of another make
    assert rows.loc[("good", 1, 4), "kl"] == pytest.approx(np.log(4) - 0.75, rel=1e-4)


def test_predictions_follow_from_the_screen(outputs):
    rows = outputs["predictions"].set_index(["name", "metric"])
    # Six seeds all of one mind: p is 2/64.
    assert rows.loc[("x", "judges"), ["prediction", "p_exact"]].tolist() == ["ahead", 0.03125]
    assert rows.loc[("x", "gold"), "prediction"] == "behind"
    assert rows.loc[("y", "judges"), "prediction"] == "behind"
    assert "z" not in outputs["predictions"]["name"].tolist()
    # Signals that order alike predict nothing; two that differ and choose equally well are predicted equivalent.
    assert rows.loc[("same", "judges"), ["prediction", "estimate"]].tolist() == ["same order", 0.0]
    assert rows.loc[("level", "judges"), "prediction"] == "equivalent"


@pytest.mark.parametrize(
    ("differences", "word"),
    [
        ([0.3] * 6, "ahead"),
        ([-0.3] * 6, "behind"),
        # Shown, but no more than what does not matter: such an arm is predicted equivalent.
        ([0.1] * 6, "equivalent"),
        ([0.1, 0.3, 0.1, 0.3, 0.15, 0.2], "none"),
        ([0.9, -0.1, 0.8, -0.2, 0.7, 0.1], "none"),
    ],
)
def test_a_prediction_is_one_that_could_fail(differences, word):
    seeds = range(len(differences))
    screened = pd.DataFrame({"arm": "one", "seed": seeds, "n": 4, "judges": differences})
    rows = measure_signals.predict(screened, [], [parse_contrast("x:one:sft:test")], ["judges"], alpha=0.05, margin=0.2)
    assert [row["prediction"] for row in rows] == [word]


def test_the_most_that_choosing_can_reach_is_the_metrics_own_choice(outputs):
    rows = outputs["screen"].set_index(["arm", "seed", "n"])
    assert rows.loc[("judges", 1, 4), "judges"] == pytest.approx(1.5 / (5 / 3) ** 0.5, rel=1e-4)
    assert rows.loc[("gold", 1, 4), "judges"] == pytest.approx(-1.5 / (5 / 3) ** 0.5, rel=1e-4)
    assert not {"judges", "gold"} & set(outputs["agreement"]["arm"])


def test_agreement_and_relabelling_by_hand(outputs):
    agreement = outputs["agreement"].set_index(["arm", "other", "seed"])["correlation"]
    assert agreement[("good", "bad", 2)] == pytest.approx(-1.0)
    assert agreement[("good", "judges", 2)] == pytest.approx(1.0)
    rows = outputs["relabelling"].set_index(["relabelling", "seed"])
    assert rows.loc[("convex", 1), ["other_choice", "correlation"]].tolist() == pytest.approx([1.0, -1.0])
    assert rows.loc[("concave", 1), "other_choice"] == 0.0


def test_where_nothing_is_cut_off_its_worth_is_unknown(outputs):
    assert outputs["cut-off"].empty and list(outputs["cut-off"]) == ["scorer", "seed", "worth"]


def test_the_worth_of_a_response_without_an_end_is_that_within_prompts():
    # Prompts of other levels; in each of ten one response of four is cut off, which costs 2, or brings 1.
    place = [(prompt, sample) for prompt in range(10) for sample in range(4)]
    pool = pd.DataFrame(place, columns=["prompt_id", "sample"])
    pool["finished"] = pool["sample"] != 1
    level = 7.0 * pool["prompt_id"]
    pool["strict"], pool["fond"] = level - 2.0 * ~pool["finished"], level + 1.0 * ~pool["finished"]
    # The deviation within prompts of (0, 2, 0, 0) is 1.
    assert worth_of_the_end(pool, ["strict", "fond"]) == pytest.approx({"strict": -2.0, "fond": 2.0})
    pool["finished"] |= pool["prompt_id"] == 9
    assert worth_of_the_end(pool, ["strict", "fond"]) == {}
    assert worth_of_the_end(pool.assign(finished=False), ["strict", "fond"]) == {}


def test_another_seed_is_each_other_replicate_once():
    # Two responses to one prompt: within it they differ by 2, -2 and 0.5, so that signs alone decide.
    pools = [
        pd.DataFrame({"seed": seed, "prompt_id": "a", "sample": [0, 1], "r": [0.0, value]})
        for seed, value in ((3, 2.0), (1, -2.0), (2, 0.5))
    ]
    pools.append(pd.DataFrame({"seed": 4, "prompt_id": "a", "sample": [0, 1], "other": [0.0, 1.0]}))
    found = [
        (row["seed"], round(row["correlation"]))
        for row in measure_signals.agree_with_another_seed(pools, ["r", "other"])
    ]
    assert found == [(3, -1), (3, 1), (1, -1)]
