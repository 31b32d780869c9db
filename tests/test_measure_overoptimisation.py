"""Where gold peaks and falls, by hand."""

import math

import measure_overoptimisation
import pandas as pd
import pytest

from align.errors import InputError


def curve(gold, seed=1):
    """A training whose KL is ten times the step."""
    steps = range(1, len(gold) + 1)
    return pd.DataFrame({"arm": "a", "seed": seed, "step": steps, "gold": gold, "kl": [10.0 * step for step in steps]})


def test_a_collapse_by_hand():
    # Means over two steps, from the second on: 1, 3, 2, 0, -2.
    found = measure_overoptimisation.measure_run(curve([0.0, 2.0, 4.0, 0.0, 0.0, -4.0]), window=2, collapse=2.0)
    assert found == {
        "steps": 6,
        "peak_gold": 3.0,
        "peak_step": 3,
        "peak_kl": 25.0,
        "fall_step": 5,
        "fall_kl": 45.0,
        "end_gold": -2.0,
        "end_kl": 55.0,
        "fall": 5.0,
        "collapsed": True,
    }


def test_who_falls_and_comes_back_did_not_collapse():
    found = measure_overoptimisation.measure_run(curve([3.0, 0.0, 2.5]), window=1, collapse=1.0)
    assert (found["fall_step"], found["fall"], found["collapsed"]) == (2, 0.5, False)


def test_who_rises_to_the_end_never_fell():
    found = measure_overoptimisation.measure_run(curve([0.0, -2.0, 1.0]), window=1, collapse=1.0)
    assert (found["peak_step"], found["fall_step"], found["fall"], found["collapsed"]) == (3, None, 0.0, False)


def test_a_row_an_arm_and_seed(tmp_path):
    training = pd.concat([curve([0.0, 1.0, -1.0]), curve([0.0, 1.0, 2.0], seed=2)])
    training.to_csv(tmp_path / "training.csv", index=False)
    flags = ["--training", str(tmp_path / "training.csv"), "--collapse", "1.5", "--output", str(tmp_path / "out.csv")]
    measure_overoptimisation.main([*flags, "--window", "1"])
    table = pd.read_csv(tmp_path / "out.csv").set_index("seed")
    assert table["collapsed"].tolist() == [True, False]
    assert table.loc[1, "fall_step"] == 3 and math.isnan(table.loc[2, "fall_step"])
    with pytest.raises(InputError, match="window is 4: a training has 3 steps alone"):
        measure_overoptimisation.main([*flags, "--window", "4"])
