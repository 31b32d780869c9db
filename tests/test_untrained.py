"""What reward models give responses before their training, beside what they give them after it."""

import measure_untrained
import pandas as pd
import pytest
import score_untrained
import torch
import train_reward_model
from tiny_world import reward_flags

from align.reward_models import load_scorer
from align.signals import mean_and_deviation


@pytest.fixture(scope="module")
def untrained(world):
    """Scores of the pool by the heads that three reward models begin with."""
    pool = pd.read_parquet(world / "references.parquet").query("sample < 3")
    pool.assign(decoding="sampled", finished=pool["sample"] == 1).to_parquet(world / "pool_to_read.parquet")
    score_untrained.main(
        ["--model", str(world / "sft"), "--pool", str(world / "pool_to_read.parquet"), "--reference-samples", "1"]
        + ["--kinds", "scalar", "scalar", "ratings", "--labels", "1", "1", "10", "--seeds", "1", "2", "1"]
        + ["--scoring-batch-size", "4", "--precision", "fp32", "--share-prompts"]
        + ["--output", str(world / "untrained.parquet")]
    )
    return pd.read_parquet(world / "untrained.parquet")


@pytest.mark.parametrize("head", ("scalar", "ratings"))
def test_they_are_those_of_a_model_that_a_training_left_as_it_was(world, untrained, head):
    # Nothing moves at a learning rate of 0: what the training itself began with is saved.
    flags = reward_flags(world, f"unmoved_{head}", "--kind", head, "--head", head, "--learning-rate", "0")
    train_reward_model.main(flags)
    pool = pd.read_parquet(world / "pool_to_read.parquet").query("sample > 0").reset_index(drop=True)
    assert untrained[["prompt_id", "sample", "finished"]].equals(pool[["prompt_id", "sample", "finished"]])
    outputs = load_scorer(str(world / f"unmoved_{head}"), 16)(pool)
    values = outputs[:, 0] if head == "scalar" else mean_and_deviation(outputs)[0]
    assert untrained[f"{head}_1"].tolist() == pytest.approx(values.tolist(), abs=1e-4)
    assert torch.tensor(untrained[f"{head}_1"]).std() > 1e-3
    assert abs(untrained["scalar_1"] - untrained["scalar_2"]).max() > 1e-3


def test_both_kinds_of_responses_have_their_means(tmp_path):
    place = [("p", 0, True), ("p", 1, False), ("q", 0, True), ("q", 1, True)]
    table = pd.DataFrame(place, columns=["prompt_id", "sample", "finished"])
    table.assign(scalar_1=[1, 5, 2, 3], judge_9=[0, 1, 0, 0]).to_parquet(tmp_path / "untrained.parquet")
    judged = table.drop(columns="finished").assign(judge_9=[4.0, 3.0, 2.0, 0.0], decoding="sampled", finished=True)
    greedy = judged.assign(decoding="greedy", judge_9=99.0)
    pd.concat([judged, greedy]).to_parquet(tmp_path / "judged.parquet")
    pool = table.drop(columns="finished").assign(seed=1, arm=[0.0, 4.0, 2.0, 4.0])
    pool.sample(frac=1, random_state=0).to_parquet(tmp_path / "pool.parquet")
    measure_untrained.main(
        ["--untrained", str(tmp_path / "untrained.parquet"), "--pools", str(tmp_path / "pool.parquet")]
        + ["--judged", str(tmp_path / "judged.parquet"), "--arms", "arm", "absent", "--kinds", "scalar", "none"]
        + ["--output", str(tmp_path / "untrained.csv")]
    )
    judge, arm = pd.read_csv(tmp_path / "untrained.csv").to_dict("records")
    assert (judge["scorer"], arm["scorer"], arm["seed"]) == ("judge_9", "arm", 1) and pd.isna(judge["seed"])
    assert [judge[name] for name in ("start_ended", "start_cut_off", "ended", "cut_off")] == [0.0, 1.0, 2.0, 3.0]
    assert [arm[name] for name in ("start_ended", "start_cut_off", "ended", "cut_off")] == [2.0, 5.0, 2.0, 4.0]
    # Within prompts, of two responses each: 0 and 4, 2 and 4.
    assert arm["deviation"] == pytest.approx(((8 + 2) / 2) ** 0.5)
    assert pd.isna(arm["worth"])  # of one cut-off response nothing is said


def test_a_preference_for_what_is_cut_off_is_one_within_prompts():
    # Cut-off responses come to prompts that are rated low: over all they stand lower, beside finished ones higher.
    place = [(prompt, sample) for prompt in range(20) for sample in range(4)]
    table = pd.DataFrame(place, columns=["prompt_id", "sample"])
    table["finished"] = (table["prompt_id"] >= 10) | (table["sample"] == 0)
    table["end"] = 9.0 * (table["prompt_id"] >= 10) + 1.0 * ~table["finished"]
    row = measure_untrained.compare("arm", 1, table.sample(frac=1, random_state=0).assign(start=0.0), "start", "end")
    assert row["cut_off"] < row["ended"] and row["worth"] > 0


def test_where_nothing_is_cut_off_that_half_is_empty():
    table = pd.DataFrame({"prompt_id": ["p", "p"], "sample": [0, 1], "finished": [True, True]})
    table = table.assign(start=[1.0, 2.0], end=[2.0, 4.0])
    row = measure_untrained.compare("arm", 1, table, "start", "end")
    assert row["ended"] == 3.0 and pd.isna(row["cut_off"]) and pd.isna(row["start_cut_off"])
