"""Arms beside those in question, on a summary made by hand."""

import pytest
from handmade import SEEDS, contrast, make_summary

from findings.more_arms import kl_beside, state_more_arms


def make():
    """Level 1, a control of it in three replicates, one that has a role, and Level 2's arm, which is tested."""
    summary = make_summary()
    summary["settings"]["arms"] |= {"bent": {"reward_model": "plain", "signal": "bounded", "seeds": [2, 5, 9]}}
    summary["settings"]["arms"] |= {"even": {"reward_model": "plain", "signal": "centred"}}
    summary["settings"]["roles"]["centred"] = "even"
    moments = {"decoding": "sampled", "seeds": 2}
    summary["arms"] = [row for row in summary["arms"] if row["arm"] != "first"]
    summary["arms"] += [
        moments | {"arm": "first", "kl_by_seed": [float(seed) for seed in SEEDS]},
        moments | {"arm": "bent", "kl_by_seed": [1.0, 2.0]},
    ]
    control = {"role": "control", "seeds": 2, "p_exact": 0.5}
    summary["contrasts"] += [
        contrast("bent", "bent", "first", "judges", estimate=-0.25, by_seed=[0.0, -0.5], **control),
        contrast("bent", "bent", "first", "gold", estimate=0.125, by_seed=[0.0, 0.25], **control),
        contrast("even", "even", "first", "gold", estimate=9.0, **control),
    ]
    return summary


def test_an_arm_is_held_against_level_1_of_its_own_replicates():
    summary = make()
    row = next(row for row in summary["contrasts"] if row["name"] == "bent")
    # Replicate 9 is none of the experiment's; Level 1 is at 2 and 5 nats in the others.
    assert kl_beside(summary, row) == pytest.approx((1.5, 3.5))
    assert state_more_arms(summary).text.endswith(
        " uncorrected): `bent` +0.12 by gold (p 0.5000) and -0.25 by the judges (p 0.5000), at 1.5 nats and 3.5 (2"
        " replicates)."
    )


def test_without_such_arms_nothing_is_said():
    assert state_more_arms(make_summary()) is None
