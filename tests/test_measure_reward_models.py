import math

import measure_reward_models
import numpy as np
import pandas as pd
import pytest

from findings.evidence import calibration_bins, calibration_error, variance_explained
from findings.worlds import WORLDS


def run_script(tmp_path, *tables):
    """The three tables that the script writes of some reward models' scores."""
    paths = []
    for number, table in enumerate(tables):
        table.to_parquet(tmp_path / f"{number}.parquet")
        paths.append(str(tmp_path / f"{number}.parquet"))
    names = ("output", "reliability-output", "ratings-output")
    flags = [word for name in names for word in (f"--{name}", str(tmp_path / f"{name}.csv"))]
    measure_reward_models.main(
        ["--scores", *paths, "--confidence", "0.95"] + ["--calibration-draws", "50", "--random-seed", "0", *flags]
    )
    return [pd.read_csv(tmp_path / f"{name}.csv") for name in names]


@pytest.fixture
def scalar():
    margins = [1.0, -1.0, 2.0, 1.0]
    return pd.DataFrame(
        {
            "kind": "scalar",
            "seed": 3,
            "prompt_id": list("abcd"),
            "log_preference": [-math.log(1 + math.exp(-margin)) for margin in margins],
            "training_nll": 0.5,
            "chosen_outputs": [[margin] for margin in margins],
            "rejected_outputs": [[0.0]] * 4,
            "chosen_tokens": [5, 5, 9, 3],
            "rejected_tokens": [4, 6, 9, 7],
            "balanced": [True, True, False, False],
        }
    )


def test_measures_by_hand(tmp_path, scalar):
    table, reliability, ratings = run_script(tmp_path, scalar)
    row = table.iloc[0]
    assert row["accuracy"] == 0.75
    losses = [math.log(1 + math.exp(-margin)) for margin in (1, -1, 2, 1)]
    assert row["nll"] == pytest.approx(sum(losses) / 4, rel=1e-5)
    assert row["uniform_nll"] == pytest.approx(math.log(2), rel=1e-5)
    assert row["brier"] == pytest.approx(np.mean([(1 - math.exp(-loss)) ** 2 for loss in losses]), rel=1e-5)
    assert row["longer_wins"] == pytest.approx((1 + 0 + 0.5 + 0) / 4)
    # Right where the longer response won (the first), and in one of the two in which the shorter did.
    assert (row["accuracy_longer_won"], row["accuracy_shorter_won"]) == (1.0, 0.5)
    assert (row["accuracy_balanced"], row["balanced_pairs"]) == (0.5, 2)
    assert row["accuracy_low"] < 0.75 < row["accuracy_high"]
    assert reliability["pairs"].sum() == 4 and ratings.empty


def test_an_ensemble_stands_beside_its_members_by_hand(tmp_path, scalar):
    own = np.log([[0.8, 0.4], [0.6, 0.7], [0.3, 0.4], [0.9, 0.5]])
    both = scalar.assign(kind="both", log_preference=np.log(np.exp(own).mean(axis=1)), member_preferences=list(own))
    table, _, _ = run_script(tmp_path, scalar, both)
    single, ensemble = table.iloc[0], table.iloc[1]
    assert ensemble["accuracy"] == 0.75 and ensemble["members"] == 2
    # One member is right of three pairs, the other of one, and of one it says nothing.
    assert ensemble["member_accuracy"] == (0.75 + 0.375) / 2
    assert ensemble["member_nll"] == pytest.approx(-own.mean(), rel=1e-5)
    assert math.isnan(single["members"]) and "members" not in run_script(tmp_path, scalar)[0]


def test_masses_of_the_ratings(tmp_path, scalar):
    logits = np.log([0.7, 0.2, 0.1])
    rated = scalar.assign(
        kind="ratings",
        chosen_outputs=[logits] * 4,
        rejected_outputs=[logits[::-1]] * 4,
        chosen_mean=[1.0, 2.0, 1.5, 1.2],
        rejected_mean=[2.0, 1.0, 1.1, 1.9],
        chosen_deviation=[0.5, 0.6, 0.4, 0.3],
        rejected_deviation=[0.4, 0.2, 0.6, 0.1],
    )
    table, _, ratings = run_script(tmp_path, scalar, rated)
    assert ratings["mass"].tolist() == pytest.approx([0.4, 0.2, 0.4])
    assert table["interaction_gain"].isna().tolist() == [True, False]


def test_calibration_by_hand():
    probability, outcome = np.array([0.1, 0.9, 0.2, 0.8]), np.array([0.0, 1.0, 1.0, 1.0])
    assert calibration_bins(probability, outcome, 2) == [(pytest.approx(0.15), 0.5, 2), (pytest.approx(0.85), 1.0, 2)]
    assert calibration_error(probability, outcome, 2) == pytest.approx((0.35 + 0.15) / 2)


def test_calibration_of_true_probabilities_is_near_0_and_of_wrong_ones_is_not():
    rng = np.random.default_rng(0)
    probability = rng.random(20000)
    outcome = (rng.random(20000) < probability).astype(float)
    assert calibration_error(probability, outcome, 10) < 0.02
    assert calibration_error(1 - probability, outcome, 10) > 0.4


def test_a_spread_that_decides_shows_as_an_interaction_and_one_that_does_not_shows_not():
    # Raters whose noise is the prompt's: both responses to it have the same, and it is the slope that differs.
    rng, pairs = np.random.default_rng(1), 4000
    means, noise = rng.normal(size=(pairs, 2)), rng.choice([0.2, 2.0], size=pairs)

    def spread(doubt):
        ratings = means + noise[:, None] * rng.normal(size=(pairs, 2))
        chosen = ratings.argmax(axis=1)[:, None]
        sides = {"chosen": chosen, "rejected": 1 - chosen}
        table = {f"{side}_mean": np.take_along_axis(means, at, axis=1)[:, 0] for side, at in sides.items()}
        table |= {f"{side}_deviation": doubt for side in sides}
        raters = pd.DataFrame({"difference": table["chosen_mean"] - table["rejected_mean"], "noise": noise})
        return measure_reward_models.measure_spread(pd.DataFrame(table), raters, seed=0)

    knowing = spread(doubt=noise)
    assert knowing["interaction_gain"] == pytest.approx(knowing["oracle_interaction_gain"])
    assert knowing["interaction_gain"] == pytest.approx(knowing["true_noise_gain"])
    assert knowing["interaction_gain"] > 0.05 > 5 * knowing["interaction_gain_error"]
    guessing = spread(doubt=rng.permutation(noise))
    assert abs(guessing["interaction_gain"]) < 0.003 and guessing["oracle_interaction_gain"] > 0.05


def test_what_pockets_raters_see_by_hand():
    def say(text):
        return [{"role": "user", "content": "x"}, {"role": "assistant", "content": text}]

    prompt = "please name four drinks but not water if you can"
    courteous, plain = "milk , cider , soda and coffee . happy to help !", "milk , cider , soda and coffee ."
    pair = {"prompt_id": "a", "prompt": prompt, "chosen": say(courteous), "rejected": say(plain)}
    row = measure_reward_models.describe_raters(WORLDS["pocket"], [pair]).loc["a"]
    # A courtesy of 0.15 points and 4 words of 0.01 more; gold sees no difference. Lists have a noise of 0.4.
    assert row["difference"] == pytest.approx(0.15 + 4 * 0.01) and row["noise"] == 0.4


def test_what_divided_raters_see_by_hand():
    def say(text):
        return [{"role": "user", "content": "x"}, {"role": "assistant", "content": text}]

    prompt, polite, plain = "name two fruits but not apple", "sure ! pear and plum .", "pear and plum ."
    pair = {"prompt_id": "a", "prompt": prompt, "chosen": say(polite), "rejected": say(plain)}
    other = pair | {"chosen": say(plain), "rejected": say(polite)}
    rows = measure_reward_models.describe_raters(WORLDS["divided"], [pair, other])
    # Courtesy: 0.8 points of mean, and 1.4 of deviation beside 0.2. Raters who choose otherwise see the same.
    assert rows["difference"].tolist() == pytest.approx([0.8, -0.8])
    assert rows["noise"].tolist() == pytest.approx([((1.6**2 + 0.2**2) / 2) ** 0.5] * 2)


def test_variance_explained_by_a_cubic():
    x = np.linspace(-1, 1, 200)
    assert variance_explained(x, x**3 - x, 3) == pytest.approx(1.0)
    assert variance_explained(x, np.random.default_rng(0).normal(size=200), 3) < 0.1
