"""What signals count of a response: the weights by hand, and what is said of them."""

import measure_oracle
import numpy as np
import pandas as pd
import pytest
from handmade import change, contrast, make_summary, texts
from test_compliance import make as make_compliant
from test_compliance import row as share

from findings import counted
from findings.worlds import WORLDS


def test_weights_by_hand():
    # Two prompts of four responses; content and form are orthogonal within each, and prompts' levels do not matter.
    content, form = np.array([[1.0, 1, -1, -1]] * 2), np.array([[1.0, -1, 1, -1]] * 2)
    level = np.array([[100.0], [0.0]])
    signal = 3 * content + 4 * form + level
    found = measure_oracle.weigh(signal, {"content": 10 * content + level, "form": form})
    assert found == pytest.approx({"weight_content": 0.6, "weight_form": 0.8})
    # What goes with content alone has no weight of its own.
    found = measure_oracle.weigh(signal, {"content": content, "form": content + form})
    assert found == pytest.approx({"weight_content": -0.2, "weight_form": 0.8 * 2**0.5})


def test_ratings_are_split_into_golds_parts_the_bias_and_the_end():
    weights = WORLDS["pocket"].rubric.WEIGHTS
    pool = pd.DataFrame({f"gold_{name}": np.arange(40.0) + i for i, name in enumerate(weights)})
    pool = pool.assign(prompt_id=np.repeat(["a", "b"], 20), finished=[True] * 25 + [False] * 15, rater_bias=0.0)
    parts = measure_oracle.parts_of_rating(WORLDS["pocket"], pool)
    assert {*parts} == {"helpfulness", "correctness", "form", "end"}  # a bias that never varies is no part
    assert parts["correctness"][1, 0] == 21.0 and parts["end"].sum() == 25
    assert parts["form"][0, 1] == pytest.approx(0.2 * 3 + 0.1 * 4 + 0.1 * 5)
    pool = pool.assign(finished=[True] * 35 + [False] * 5, rater_bias=np.arange(40) % 3)
    assert {*measure_oracle.parts_of_rating(WORLDS["pocket"], pool)} == {"helpfulness", "correctness", "form", "bias"}


def test_weights_are_held_against_level_1_seed_by_seed(tmp_path):
    rows = [("first", 1, 0.3), ("first", 2, 0.5), ("by_mean", 1, 0.1), ("by_mean", 2, 0.2), ("raters", 1, 0.7)]
    table = pd.DataFrame(rows, columns=["name", "seed", "value"]).assign(measure="weight_content")
    other = pd.DataFrame([("first", 1, "decidable", 0.9)], columns=["name", "seed", "measure", "value"])
    pd.concat([table, other]).to_csv(tmp_path / "learned.csv", index=False)
    found = {row["name"]: row for row in counted.describe_weights(tmp_path / "learned.csv", "first")}
    assert found["by_mean"] == pytest.approx(
        {"name": "by_mean", "part": "content", "weight": 0.15, "seeds": 2, "less_level1": -0.25, "p_exact": 0.5}
    )
    assert found["raters"]["weight"] == 0.7 and found["first"]["less_level1"] == 0


def weights(**by_name):
    parts = ("helpfulness", "correctness", "form", "end")
    return [
        {"name": name, "part": part, "weight": weight, "less_level1": less, "p_exact": p, "seeds": 8}
        for name, rows in by_name.items()
        for part, (weight, less, p) in zip(parts, rows)
    ]


def test_what_reward_models_count_is_said():
    summary = make_summary(level2=("by_mean", "by_win"), signals=("mean", "win"))
    same = [(0.5, 0.0, 1.0), (0.4, 0.0, 1.0), (0.5, 0.0, 1.0), (0.0, 0.0, 1.0)]
    ours = [(0.1, 0.0, 1.0), (0.25, 0.0, 1.0), (0.48, 0.0, 1.0), (0.3, 0.0, 1.0)]
    mean = [(0.02, -0.08, 0.01), (0.2, -0.05, 0.01), (0.6, 0.1, 0.01), (0.3, 0.0, 1.0)]
    win = [(0.0, -0.1, 0.02), (0.24, -0.01, 0.2), (0.6, 0.1, 0.01), (0.3, 0.0, 1.0)]
    summary["weights"] = weights(raters=same, first=ours, by_mean=mean, by_win=win)
    found = texts(counted.state_counted(summary))
    assert found["weights"].startswith("**Of what raters count, its reward model learned least of helpfulness.**")
    assert "helpfulness +0.50 and +0.10; correctness +0.40 and +0.25; form +0.50 and +0.48." in found["weights"]
    assert found["level2_weights"].startswith("**Level 2's reward counts helpfulness less than Level 1's**")
    assert "helpfulness counts +0.00 to +0.02, in Level 1's +0.10 (largest p 0.0200)" in found["level2_weights"]
    assert "| by_win | +0.00 | +0.24 | +0.60 | +0.30 |" in counted.table_of_weights(summary)
    win[0] = (0.2, 0.1, 0.02)
    summary["weights"] = weights(raters=same, first=ours, by_mean=mean, by_win=win)
    found = texts(counted.state_counted(summary))
    assert "is not shown to count helpfulness and correctness less than" in found["level2_weights_open"]
    assert "level2_weights" not in found
    assert not {"weights", "level2_weights_open"} & {*texts(counted.state_counted(make_summary()))}
    assert counted.table_of_weights(make_summary()) == ""


def test_a_policy_that_moved_less_is_told_where_level_2_differs():
    summary = make_summary()
    for row in summary["arms"]:
        if row["arm"] in ("first", "by_mean"):
            row |= {"kl_by_seed": [4.0 + (row["arm"] == "first")] * 8}
    summary["equal_kl"] = [contrast("two_by_mean", "by_mean", "first", "gold", estimate=-0.03, p_exact=0.3)]
    summary = change(summary, "by_mean", "first", "gold", verdict="fell", estimate=-0.2)
    found = texts(counted.state_counted(summary))["moved"]
    assert (
        "the difference by gold is -0.03 (not shown, least p 0.3000, intervals" in found
        and "(largest p 0.0078" in found
    )
    parts = [contrast("", "by_mean", "first", part, p_exact=0.02) for part in ("content", "form")]
    told = texts(counted.state_counted(summary | {"equal_kl": [*summary["equal_kl"], *parts]}))["moved"]
    assert told.endswith("; in rating points, form +0.50 (largest p 0.0200) and content +0.50 (largest p 0.0200).")
    summary["equal_kl"][0]["p_exact"] = 0.01
    summary["equal_kl"][0] |= {"ci_low": -0.1, "ci_high": 0.15}
    assert "(smallest p 0.0100, intervals within -0.10 to +0.15)" in texts(counted.state_counted(summary))["moved"]
    alike = change(summary, "by_mean", "first", "gold", verdict="equivalent", estimate=-0.02)
    assert "moved" not in texts(counted.state_counted(alike))
    for row in summary["arms"]:
        if row["arm"] == "by_mean":
            row["kl_by_seed"] = [4.0, 6.0] * 4
    assert "moved" not in texts(counted.state_counted(summary))


def test_the_gap_by_gold_is_parted_where_gold_shows_one():
    summary = change(make_summary(), "by_mean", "first", "gold", verdict="fell", estimate=-0.2)
    key = {"arm": "by_mean", "against": "first", "decoding": "sampled", "against_decoding": "sampled", "seeds": 8}
    parts = {"content": {"estimate": -0.15, "p_exact": 0.01}, "form": {"estimate": 0.04, "p_exact": 0.5}}
    summary["rubric"] = [*summary["rubric"], *(key | {"part": part} | row for part, row in parts.items())]
    assert texts(counted.state_counted(summary))["gap"] == (
        "**Most of the difference from Level 1 by gold is content.** In rating points, `by_mean` differs by:"
        " form +0.04 (largest p 0.5000); content -0.15 (largest p 0.0100). Uncorrected."
    )
    alike = change(summary, "by_mean", "first", "gold", verdict="inconclusive")
    assert "gap" not in texts(counted.state_counted(alike))


def test_what_each_reward_would_choose_is_told_where_a_rule_can_tell():
    best = [share(arm, mean, decoding="best of 16") for arm, mean in (("first", 0.25), ("by_mean", 0.125))]
    summary = make_compliant(*best)
    one, less = (0.3, 0.0, 1.0), (0.1, -0.2, 0.01)
    summary["weights"] = weights(first=[one] * 4, by_mean=[less] * 4)
    told = texts(counted.state_counted(summary))["level2_weights"]
    said = "the best of 16 by it do what was asked in 12 % of the cases, by Level 1's in 25 % (largest p 0.0078)."
    assert told.endswith(f"Of SFT's responses, {said} Uncorrected.")
    assert "Having ended" not in told
    summary["weights"] += weights(raters=[one] * 4)
    ended = {"raters": 0.0, "first": 0.25, "by_mean": 0.5}
    summary["weights"] += [
        row | {"part": "end", "weight": ended[row["name"]]} for row in summary["weights"] if row["part"] == "form"
    ]
    told = texts(counted.state_counted(summary))["level2_weights"]
    assert "Having ended counts +0.50, in Level 1's +0.25 (largest p 0.0100), to raters +0.00." in told
