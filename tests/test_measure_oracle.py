import measure_oracle
import numpy as np
import pandas as pd
import pytest
from handmade import PARTS
from scipy.special import ndtr

from findings.worlds import WORLDS
from pocket.divided import WORST_DEPTH

# One prompt, three responses: liked and dividing, liked a little less by all, poor.
MEAN, DEVIATION = np.array([[4.2, 4.0, 2.0]]), np.array([[2.4, 0.5, 0.5]])


def consult(margin, signals=()):
    table = measure_oracle.consult(WORLDS["divided"], MEAN, DEVIATION, list(signals), margin)
    return table.set_index(["utility", "chooser", "n"]).sort_index()


def test_win_probabilities_by_hand():
    wins = measure_oracle.win_probabilities(MEAN, DEVIATION)[0]
    assert wins[0, 1] == pytest.approx(ndtr(0.2 / (2.4**2 + 0.5**2) ** 0.5))
    assert wins[1, 2] == pytest.approx(ndtr(2 / 0.5**0.5))
    assert np.diag(wins) == pytest.approx([0.5] * 3) and wins + wins.T == pytest.approx(np.ones((3, 3)))


def test_gains_by_hand():
    table = consult(0.2)
    content = [ndtr(1.2 / 2.4), ndtr(2.0), ndtr(-2.0)]  # 0.6915, 0.9772, 0.0228
    middle, unit = np.mean(content), np.std(content, ddof=1)
    # Of the three pairs the mean chooses the first twice and the second once; the oracle the second twice.
    by_mean, by_content = (2 * content[0] + content[1]) / 3, (2 * content[1] + content[0]) / 3
    assert table.loc[("content", "true_mean", 2), "gain"] == pytest.approx((by_mean - middle) / unit)
    assert table.loc[("content", "true_spread", 2), "gain"] == pytest.approx((by_content - middle) / unit)
    beyond = (by_content - by_mean) / unit
    assert table.loc[("content", "true_spread", 2), "beyond_mean"] == pytest.approx(beyond)
    worst = MEAN[0] - WORST_DEPTH * DEVIATION[0]
    best = ((2 * worst[1] + worst[2]) / 3 - worst.mean()) / worst.std(ddof=1)
    assert table.loc[("worst_tenth", "true_spread", 2), "gain"] == pytest.approx(best)
    assert table.index.get_level_values("n").max() == 2  # a pool of three has no best of four


def test_a_utility_is_rejected_where_the_spread_adds_no_more_than_the_margin():
    beyond = consult(0.0).loc[("content", "true_spread", 2), "beyond_mean"]
    for margin, rejected in ((beyond - 0.01, False), (beyond + 0.01, True)):
        assert consult(margin)["rejected"]["content"].unique().tolist() == [rejected]
    # Where the truth is the mean, who knows the spread chooses as who does not.
    assert consult(0.0)["rejected"]["mean"].all()
    assert (consult(0.0).loc[("mean", "true_spread"), "beyond_mean"] == 0).all()


def test_a_signal_is_judged_by_the_truth_in_every_replicate():
    table = consult(0.2, [("good", 1, -DEVIATION), ("good", 2, MEAN)])
    rows = table.loc[("content", "good", 2)].set_index("seed")["gain"]
    assert rows[2] == pytest.approx(table.loc[("content", "true_mean", 2), "gain"])
    assert rows[1] != pytest.approx(rows[2])


def test_spread_is_compared_within_prompts_and_beyond_the_mean():
    rng = np.random.default_rng(0)
    level, mean, deviation = rng.normal(size=(200, 1)), *rng.normal(size=(2, 200, 8))
    found = measure_oracle.compare_spread(deviation + 10 * level, mean, deviation)
    assert found["spread_within"] == pytest.approx(1.0) and abs(found["spread"]) < 0.3
    # What follows the mean, and the spread only through it, knows nothing of the spread.
    found = measure_oracle.compare_spread(mean, mean, mean + deviation)
    assert found["spread_within"] == pytest.approx(0.5**0.5, abs=0.05)
    found = measure_oracle.compare_spread(mean + rng.normal(size=mean.shape), mean, mean + deviation)
    assert abs(found["spread_beyond_mean"]) < 0.06
    # Where noise is the prompt's, responses to it do not differ.
    found = measure_oracle.compare_spread(deviation, mean, np.broadcast_to(np.exp(level), mean.shape))
    assert np.isnan(found["spread_within"]) and np.isfinite(found["spread"])


def test_decidable_pairs_by_hand():
    wins = measure_oracle.win_probabilities(MEAN, DEVIATION)
    # 4.2 over 2.0 with a spread of 2.45 is .815, 4.0 over 2.0 is .998; 4.2 over 4.0 is .53, not decidable.
    found = measure_oracle.order_decidable(np.array([[0.0, 2.0, 1.0]]), wins)
    assert found == {"decidable_share": pytest.approx(2 / 3), "decidable": 0.5}


@pytest.mark.parametrize(("world", "rejected"), [("pocket", True), ("divided", False)])
def test_pockets_usual_raters_cannot_show_it_and_divided_ones_can(tmp_path, world, rejected):
    texts = ["pear and plum .", "sure ! pear and plum .", "the answer is pear and plum .", "happy to help ! pear ."]
    texts += ["i would say pear and plum .", "pear .", "sure ! the answer is pear and plum .", "saw"]
    place = pd.DataFrame({"prompt_id": ["a"] * 8 + ["b"] * 8, "sample": [*range(8)] * 2})
    prompts = ["name two fruits but not apple"] * 8 + ["name two fruits but not plum for me"] * 8
    judged = place.assign(prompt=prompts, response=texts * 2, decoding="sampled", finished=True, rater_bias=0.0)
    judged = judged.assign(judge_1=np.arange(16) % 5)
    judged = judged.assign(**{f"gold_{name}": np.arange(16) % (3 + i) for i, name in enumerate(PARTS)})
    judged.to_parquet(tmp_path / "judged.parquet")
    pool = place.assign(seed=3, arm=range(16), **{"ratings.deviation": [0.1, 0.9] * 8})
    pool.sample(frac=1, random_state=0).to_parquet(tmp_path / "pool.parquet")
    outputs = {name: tmp_path / f"{name}.csv" for name in ("oracle", "learned")}
    flags = [word for name, path in outputs.items() for word in (f"--{name}-output", str(path))]
    measure_oracle.main(
        ["--world", world, "--pools", str(tmp_path / "pool.parquet"), "--judged", str(tmp_path / "judged.parquet")]
        + ["--equivalence-margin", "0.2", *flags]
    )
    oracle, learned = (pd.read_csv(path) for path in outputs.values())
    verdicts = oracle.groupby("utility")["rejected"].unique().map(list).to_dict()
    assert verdicts == {"mean": [True], "content": [rejected], "worst_tenth": [rejected]}
    truth = {"pocket": "mean", "divided": "content"}[world]
    assert set(oracle.loc[oracle["truth"], "utility"]) == {truth}
    assert set(oracle["n"]) == {2, 4, 8} and set(oracle["chooser"]) == {"true_mean", "true_spread", "true_win", "arm"}
    assert set(learned["name"]) == {"arm", "ratings", "raters", "judges"} and set(learned["seed"]) == {3}
