"""What tied pairs taught, by hand; and that the experiment of ties asks for them, and no other."""

import math
import re

import measure_ties
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from runs import snakemake

ARMS = ["level1:plain:reward", "mean:rated:mean", "again:rated:mean", "win:rated:win"]


def scored(kind, **columns):
    """Three pairs of a kind of reward model: two decided, and a tie."""
    table = {"prompt_id": list("abc"), "tie": [False, False, True], "kind": kind, "seed": 3}
    return pd.DataFrame(table | {"log_preference": np.log([0.8, 0.5, 0.6])} | columns)


@pytest.fixture
def table(tmp_path):
    """What the script writes of a plain scalar model and one over ratings, by kind."""
    # P of a win, a tie, a loss: .6 .2 .2, .3 .4 .3, and of the tie .25 .5 .25.
    rated = scored("rated", log_win=np.log([0.6, 0.3, 0.25]), log_tie=np.log([0.2, 0.4, 0.5]))
    for kind, scores in (("plain", scored("plain")), ("rated", rated)):
        scores.to_parquet(tmp_path / f"{kind}.parquet")
    known = {"kind": ["plain", "rated"], "seed": 3, "accuracy": [0.6, 0.7], "interaction_gain": [math.nan, 0.01]}
    pd.DataFrame(known | {"nll": 9.0}).to_csv(tmp_path / "known.csv", index=False)
    screen = {"arm": ["level1", "mean", "again", "win", "win"], "seed": [3, 3, 3, 3, 4], "n": 4}
    screen |= {"judges": [0.1, 0.2, 0.3, 0.4, 9.0], "gold": [0.5, 0.6, 0.7, 0.8, 9.0]}
    smaller = pd.DataFrame(screen | {"n": 2, "judges": -1.0, "gold": -1.0})
    pd.concat([smaller, pd.DataFrame(screen)]).to_csv(tmp_path / "screen.csv", index=False)
    measure_ties.main(
        ["--scores", str(tmp_path / "plain.parquet"), str(tmp_path / "rated.parquet"), "--arms", *ARMS]
        + ["--reward-models", str(tmp_path / "known.csv"), "--screen", str(tmp_path / "screen.csv")]
        + ["--output", str(tmp_path / "ties.csv")]
    )
    return pd.read_csv(tmp_path / "ties.csv").set_index("kind")


def test_nll_with_and_without_ties_by_hand(table):
    row = table.loc["rated"]
    assert (row["pairs"], row["ties"], row["seed"]) == (2, 1, 3)
    assert row["nll"] == pytest.approx(-(math.log(0.8) + math.log(0.5)) / 2, rel=1e-5)
    # Given that they are decided: .6 of .8, and .3 of .6.
    assert row["nll_decided"] == pytest.approx(-(math.log(0.75) + math.log(0.5)) / 2, rel=1e-5)
    assert row["nll_with_ties"] == pytest.approx(-(math.log(0.6) + math.log(0.3) + math.log(0.5)) / 3, rel=1e-5)
    assert row["tie_probability"] == pytest.approx((0.2 + 0.4 + 0.5) / 3, rel=1e-5)
    assert row["tie_share"] == pytest.approx(1 / 3, rel=1e-5)
    # Whoever knows that a third are ties, and nothing else, gives each outcome a third.
    assert row["constant_nll_with_ties"] == pytest.approx(math.log(3), rel=1e-5)
    assert row["ties_told"] == 1.0


def test_a_model_that_knows_nothing_of_ties_has_its_decided_pairs_alone(table):
    row = table.loc["plain"]
    assert row["nll"] == row["nll_decided"] == pytest.approx(-(math.log(0.8) + math.log(0.5)) / 2, rel=1e-5)
    assert row[["nll_with_ties", "tie_probability", "ties_told", "interaction_gain"]].isna().all()


def test_what_is_known_of_decided_pairs_and_best_of_n_stand_beside(table):
    assert table.loc["rated", ["accuracy", "interaction_gain", "best_of"]].tolist() == [0.7, 0.01, 4]
    # Of two arms with one signal the first counts, of the replicates the model's own.
    columns = ["gold_mean", "judges_mean", "gold_win", "judges_win"]
    assert table.loc["rated", columns].tolist() == [0.6, 0.2, 0.8, 0.4]
    assert table.loc["plain", "gold_reward"] == 0.5 and table.loc["plain", columns].isna().all()


def test_without_ties_the_constant_is_a_coin():
    assert measure_ties.constant_nll(0.0) == pytest.approx(math.log(2))


def test_only_kinds_with_ties_ask_for_them_and_only_their_experiment_keeps_them():
    plan = snakemake(
        ROOT, "--dry-run", "--printshellcmds", "--forceall", "--configfile", "workflow/experiments/ties.yaml"
    )
    trained = re.findall(r"train_reward_model\.py .*--kind (\w+) .*", plan)
    asking = re.findall(r"train_reward_model\.py .*--kind (\w+) .* --ties ", plan)
    assert set(asking) == {"scalar_ties", "ratings_ties"} < set(trained) and "True" not in plan
    assert re.search(r"split_data\.py .* --keep-ties ", plan) and "rule measure_ties:" in plan
    default = snakemake(ROOT, "--dry-run", "--printshellcmds", "--forceall")
    assert "split_data.py" in default and not re.search("--ties|--keep-ties|measure_ties|ties.csv", default)
