"""What signals count of a response: the weights by hand, and what is said of them."""

import measure_oracle
import numpy as np
import pandas as pd
import pytest
from handmade import change, contrast, make_summary, texts

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


def test_gold_is_split_into_content_and_form_and_the_end():
    weights = WORLDS["pocket"].rubric.WEIGHTS
    pool = pd.DataFrame({f"gold_{name}": np.arange(40.0) + i for i, name in enumerate(weights)})
    pool = pool.assign(prompt_id=np.repeat(["a", "b"], 20), finished=[True] * 25 + [False] * 15)
    parts = measure_oracle.split_gold(WORLDS["pocket"], pool)
    gold = sum(weights[name] * pool[f"gold_{name}"] for name in weights)
    assert (parts["content"] + parts["form"]).ravel() == pytest.approx(gold.to_numpy())
    assert parts["content"][0, 1] == pytest.approx(0.3 * 1 + 0.3 * 2)
    assert parts["end"].sum() == 25
    assert "end" not in measure_oracle.split_gold(WORLDS["pocket"], pool.assign(finished=[True] * 35 + [False] * 5))


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
    parts = ("content", "form", "end")
    return [
        {"name": name, "part": part, "weight": weight, "less_level1": -0.1, "p_exact": p, "seeds": 8}
        for name, (values, p) in by_name.items()
        for part, weight in zip(parts, values)
    ]


def test_what_reward_models_count_is_said():
    summary = make_summary(level2=("by_mean", "by_win"), signals=("mean", "win"))
    rows = weights(raters=([0.72, 0.5, -0.1], 1.0), first=([0.24, 0.48, 0.1], 1.0), by_mean=([0.1, 0.5, 0.2], 0.01))
    summary["weights"] = rows + weights(by_win=([0.13, 0.5, 0.28], 0.02))
    found = texts(counted.state_counted(summary))
    assert found["weights"].startswith("**Of what raters count, its reward model learned least of content.**")
    assert "content counts +0.72 to raters and +0.24 to the model; form +0.50 and +0.48; having" in found["weights"]
    assert "reward counts content less than Level 1's** (largest p 0.0200" in found["level2_weights"]
    assert "content counts +0.24 to Level 1 and +0.10 to +0.13 to Level 2" in found["level2_weights"]
    assert "| by_win | +0.50 | +0.13 | +0.28 |" in counted.table_of_weights(summary)
    summary["weights"] = rows + weights(by_win=([0.13, 0.5, 0.28], 0.2))
    assert "is not shown to count content more or less" in texts(counted.state_counted(summary))["level2_weights_open"]
    assert not {"weights", "level2_weights"} & {*texts(counted.state_counted(make_summary()))}
    assert counted.table_of_weights(make_summary()) == ""


def test_a_policy_that_moved_less_is_told_where_level_2_differs():
    summary = make_summary()
    for row in summary["arms"]:
        if row["arm"] in ("first", "by_mean"):
            row |= {"kl_by_seed": [4.0 + (row["arm"] == "first")] * 8}
    summary["equal_kl"] = [contrast("two_by_mean", "by_mean", "first", "gold", estimate=-0.03, p_exact=0.3)]
    summary = change(summary, "by_mean", "first", "gold", verdict="fell", estimate=-0.2)
    found = texts(counted.state_counted(summary))["moved"]
    assert "the difference by gold is -0.03 (not shown, least p 0.3000)" in found and "(largest p 0.0078" in found
    summary["equal_kl"][0]["p_exact"] = 0.01
    assert "(smallest p 0.0100)" in texts(counted.state_counted(summary))["moved"]
    alike = change(summary, "by_mean", "first", "gold", verdict="equivalent", estimate=-0.02)
    assert "moved" not in texts(counted.state_counted(alike))
    for row in summary["arms"]:
        if row["arm"] == "by_mean":
            row["kl_by_seed"] = [4.0, 6.0] * 4
    assert "moved" not in texts(counted.state_counted(summary))
