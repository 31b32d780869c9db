"""What a replicate's reward models would choose among SFT's responses, in a tiny world."""

import json

import pandas as pd
import pytest
import score_pool
import torch

from align.reward_models import load_scorer


def test_signals_choose_among_the_responses_that_they_are_not_compared_with(world):
    pool = pd.read_parquet(world / "references.parquet").query("sample < 3").assign(decoding="sampled")
    pool.sample(frac=1, random_state=0).to_parquet(world / "pool.parquet")
    arms = [{"name": name, "reward_model": "scalar", "signal": name} for name in ("reward", "bounded")]
    score_pool.main(
        ["--pool", str(world / "pool.parquet"), "--reference-samples", "2", "--kinds", "scalar", "--reward-models"]
        + [str(world / "rm"), "--arms", json.dumps(arms), "--seed", "1", "--scoring-batch-size", "16"]
        + ["--precision", "fp32", "--output", str(world / "chosen.parquet")]
    )
    chosen = pd.read_parquet(world / "chosen.parquet").set_index("prompt_id")
    assert len(chosen) == pool["prompt_id"].nunique() and (chosen["sample"] == 2).all()
    rewards = pool.assign(reward=load_scorer(str(world / "rm"), 16)(pool)[:, 0].tolist())
    by_prompt = rewards.pivot(index="prompt_id", columns="sample", values="reward").loc[chosen.index]
    assert chosen["reward"].to_list() == pytest.approx(by_prompt[2].to_list(), abs=1e-5)
    compared = torch.tensor(by_prompt[[0, 1]].to_numpy())
    bounded = torch.sigmoid(torch.tensor(by_prompt[2].to_numpy())[:, None] - compared).mean(dim=1)
    assert chosen["bounded"].to_list() == pytest.approx(bounded.tolist(), abs=1e-5)
