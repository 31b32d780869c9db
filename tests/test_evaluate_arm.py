"""Responses and scores of a tiny world's SFT model and policy, in full precision and in half."""

import evaluate_arm
import pandas as pd
import pytest
from test_training import world  # noqa: F401

from align import devices


def evaluate(world, name, policy, *more):  # noqa: F811
    outputs = ("responses-output", "output", "preferred-output", "trace-output")
    flags = [word for output in outputs for word in (f"--{output}", str(world / f"{name}-{output}"))]
    evaluate_arm.main(
        ["--policy", str(world / policy), "--reference", str(world / "sft"), "--tokens"]
        + [str(world / "validation.parquet"), "--arms", policy, "--seed", "1", "--prompts", "6", "--samples", "2"]
        + ["--max-new-tokens", "12", "--generation-batch-size", "4", "--scoring-batch-size", "16"]
        + ["--judges", str(world / "rm"), "--judge-seeds", "101", *flags, *more]
    )
    return pd.read_parquet(world / f"{name}-output")


def test_half_precision_is_that_of_policy_reference_and_judges(world, monkeypatch):  # noqa: F811
    full = evaluate(world, "full", "sft", "--precision", "fp32")
    # A CPU has bf16 autocast, as a GPU has fp16.
    monkeypatch.setattr(devices, "resolve_precision", lambda wanted: "bf16")
    half = evaluate(world, "half", "sft", "--precision", "bf16")
    # Policy and reference are one model: they differ by nothing, in whatever precision.
    assert (full["log_ratio"] == 0).all() and (half["log_ratio"] == 0).all()
    # In half precision other digits decide; where the greedy response is the same, its score is nearly so.
    greedy = full["decoding"] == "greedy"
    same = greedy & (full["tokens"] == half["tokens"])
    assert same.sum() >= 3
    assert half.loc[same, "judge_101"].to_list() == pytest.approx(full.loc[same, "judge_101"].to_list(), abs=0.05)
    assert not full["judge_101"].equals(half["judge_101"])


def test_a_policys_log_ratio_is_its_own_less_sfts(world):  # noqa: F811
    import torch

    from align.rollout import load_policy

    scores = evaluate(world, "moved", "policy", "--precision", "fp32")
    responses = pd.read_parquet(world / "moved-responses-output")
    prompts, responses = ([list(ids) for ids in responses[name]] for name in ("prompt_ids", "response_ids"))
    with torch.no_grad():
        policy, sft = (
            load_policy(str(world / name), torch.device("cpu"))(prompts, responses)[0].sum(dim=1)
            for name in ("policy", "sft")
        )
    assert scores["log_ratio"].to_list() == pytest.approx((policy - sft).tolist(), abs=1e-4)
    assert scores["log_ratio"].abs().max() > 1e-3
