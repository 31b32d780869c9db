"""The curves of training, joined."""

import pandas as pd
import pytest
from trace_training import from_sft, gold_by_step, units_of_readers

from findings.worlds import WORLDS


def test_scores_are_counted_from_the_first_step_at_which_a_policy_is_sft():
    training = pd.DataFrame(
        {
            "arm": ["a", "a", "b", "b"],
            "seed": [1, 1, 2, 2],
            "step": [1, 2, 1, 2],
            "kl": [0.0, 1.0, 0.0, 2.0],
            "reward": [0.1, 0.5, 0.3, 0.7],
            "judges": [-0.3, 0.2, -0.1, None],
            "gold": [0.5, 1.0, 1.5, 3.0],
        }
    )
    counted = from_sft(training)
    # At the first step judges say -0.2 on average, and gold 1; the reward's own zero is of training prompts already.
    assert counted["judges"].tolist() == pytest.approx([-0.1, 0.4, 0.1, float("nan")], nan_ok=True)
    assert counted["gold"].tolist() == pytest.approx([-0.5, 0.0, 0.5, 2.0])
    assert counted[["kl", "reward", "step"]].equals(training[["kl", "reward", "step"]])


def test_the_unit_is_that_of_the_judges_that_read_what_training_sampled():
    scores = {"judge_1": [0.0, 2.0, 5.0, 7.0], "judge_2": [0.0, 6.0, 0.0, 6.0], "gold": [1.0, 2.0, 3.0, 4.0]}
    table = pd.DataFrame(scores).assign(prompt_id=["a", "a", "b", "b"], arm="sft", decoding="sampled")
    units = units_of_readers(table, pd.DataFrame(columns=["arm", "step", "judge_1", "seed"]))
    assert units["judge_1"] == pytest.approx((3.5, 2**0.5)) and units["judges"] == pytest.approx((0.0, 1.0))
    assert "judge_2" not in units and units["gold"] == pytest.approx((2.5, 0.5**0.5))


def test_gold_by_step_is_parted_into_content_and_form(tmp_path):
    prompts = pd.Series({"a": "name two fruits", "b": "name three fruits"})
    rollouts = [(1, "a", "pear"), (1, "b", "the apple is green ."), (2, "a", "apple and pear .")]
    table = pd.DataFrame(rollouts, columns=["step", "prompt_id", "response"])
    table.to_parquet(tmp_path / "r.parquet")
    rubric = WORLDS["pocket"].rubric
    found = gold_by_step(WORLDS["pocket"], str(tmp_path / "r.parquet"), prompts)
    rated = rubric.rate_attributes("name two fruits", "apple and pear .")
    content = 0.3 * (rated["helpfulness"] + rated["correctness"])
    assert found.loc[2, "gold"] == pytest.approx(rubric.gold_rating("name two fruits", "apple and pear ."))
    assert found.loc[2, ["content", "form"]].tolist() == pytest.approx([content, found.loc[2, "gold"] - content])
    assert {*gold_by_step(WORLDS["divided"], str(tmp_path / "r.parquet"), prompts)} == {"gold"}
    table.iloc[:0].to_parquet(tmp_path / "r.parquet")
    assert gold_by_step(WORLDS["pocket"], str(tmp_path / "r.parquet"), prompts).empty
