"""Responses of a tiny world's SFT model and policy: in full precision and in half, and at other temperatures."""

import pandas as pd
import pytest
import sample_responses
import torch

from align import devices
from align.rollout import TokenLogps, load_policy


def sample(world, name, policy, *more):
    sample_responses.main(
        ["--policy", str(world / policy), "--reference-policy", str(world / "sft"), "--tokens"]
        + [str(world / "validation.parquet"), "--arms", policy, "--seed", "1", "--prompts", "6", "--samples", "2"]
        + ["--max-new-tokens", "12", "--generation-batch-size", "4", "--precision", "fp32"]
        + ["--output", str(world / f"{name}.parquet"), "--preferred-output", str(world / f"{name}.csv"), *more]
    )
    return pd.read_parquet(world / f"{name}.parquet")


def test_half_precision_is_that_of_policy_and_reference(world, monkeypatch):
    full = sample(world, "full", "sft")
    # A CPU has bf16 autocast, as a GPU has fp16.
    monkeypatch.setattr(devices, "resolve_precision", lambda wanted: "bf16")
    half = sample(world, "half", "sft", "--precision", "bf16")
    # Policy and reference are one model: they differ by nothing, in whatever precision.
    assert (full["log_ratio"] == 0).all() and (half["log_ratio"] == 0).all()
    assert not full["entropy"].equals(half["entropy"])
    assert half["entropy"].mean() == pytest.approx(full["entropy"].mean(), rel=0.2)


def read_tables(world, table):
    prompts, responses = ([list(map(int, ids)) for ids in table[name]] for name in ("prompt_ids", "response_ids"))
    return prompts, responses


def test_a_policys_log_ratio_is_its_own_less_sfts(world):
    table = sample(world, "moved", "policy")
    prompts, responses = read_tables(world, table)
    with torch.no_grad():
        policy, sft = (
            load_policy(str(world / name), torch.device("cpu"))(prompts, responses)[0].sum(dim=1)
            for name in ("policy", "sft")
        )
    assert table["log_ratio"].to_list() == pytest.approx((policy - sft).tolist(), abs=1e-4)
    assert table["log_ratio"].abs().max() > 1e-3


def test_a_temperature_is_an_arm_of_its_own_whose_numbers_are_the_tempered_distributions(world):
    table = sample(world, "tempered", "sft", "--arms", "sft", "sft_again", "--temperatures", "0.5")
    assert table["arm"].value_counts().to_dict() == {"sft": 18, "sft_again": 18, "sft_0.5": 12}
    cool = table[table["arm"] == "sft_0.5"].reset_index(drop=True)
    assert (cool["decoding"] == "sampled").all()
    # SFT's own responses are those that they are without it.
    alone = sample(world, "alone", "sft")
    assert alone.equals(table[table["arm"] == "sft"].reset_index(drop=True))
    # Logits over 0.5, one response at a time, without padding.
    model = load_policy(str(world / "sft"), torch.device("cpu")).model
    for _, row in cool.head(4).iterrows():
        prompt, response = (torch.tensor(list(map(int, row[name]))) for name in ("prompt_ids", "response_ids"))
        with torch.no_grad():
            logits = model(torch.cat([prompt, response])[None]).logits[0, len(prompt) - 1 : -1]
        logps = (logits / 0.5).log_softmax(-1)
        ratio = (logps - logits.log_softmax(-1)).gather(-1, response[:, None]).sum()
        assert row["log_ratio"] == pytest.approx(ratio.item(), abs=1e-3)
        assert row["entropy"] == pytest.approx(-(logps.exp() * logps).sum(-1).mean().item(), abs=1e-4)
    sampled = table[table["decoding"] == "sampled"].groupby("arm")["entropy"].mean()
    assert sampled["sft_0.5"] < sampled["sft"]
    assert (table.loc[table["decoding"] == "greedy", "entropy"] == 0).all()


def test_the_preferred_responses_have_a_likelihood_under_each_name(world):
    sample(world, "likely", "sft", "--arms", "sft", "sft_again", "--temperatures", "0.5")
    logps = pd.read_csv(world / "likely.csv").pivot(index="prompt_id", columns="arm", values="logp")
    assert logps.shape == (6, 3) and logps["sft"].equals(logps["sft_again"])
    pairs = pd.read_parquet(world / "validation.parquet").drop_duplicates("prompt_id").head(6).set_index("prompt_id")
    prompts, chosen = ([list(map(int, ids)) for ids in pairs[name]] for name in ("prompt_ids", "chosen_ids"))
    model = load_policy(str(world / "sft"), torch.device("cpu"))
    with torch.no_grad():
        expected = model(prompts, chosen, temperature=0.5)[0].sum(dim=1).tolist()
    assert isinstance(model, TokenLogps)
    assert logps.loc[pairs.index, "sft_0.5"].to_list() == pytest.approx(expected, rel=1e-4)
