"""DPO by TRL's trainer: what it learns from, what it leaves for later stages, and that being killed costs nothing."""

import pandas as pd
import pytest
import torch
import train_dpo
from test_training import kill_midway, weights

from align.files import read_json
from align.reward_models import load_scorer
from align.rollout import load_policy
from align.tables import token_lists


def dpo_flags(world, name, *more):
    files = {"model": "sft", "reward-model": "rm", "references": "references.parquet", "tokens": "train.parquet"}
    files |= {"state": f"state-{name}", "output": name, "metrics-output": f"{name}.csv"}
    files |= {"rollouts-output": f"{name}.parquet", "scale-output": f"{name}.json"}
    how = {"arm": "test", "signal": "reward", "seed": 1, "steps": 6, "batch-size": 8, "micro-batch-size": 8}
    how |= {"pairs": "raw", "generation-batch-size": 8, "learning-rate": 1e-3, "warmup-share": 0.1, "kl-coef": 0.1}
    how |= {"max-new-tokens": 12, "trace-every": 2, "precision": "fp32", "save-steps": 2}
    words = [f"--{key}={world / value}" for key, value in files.items()]
    return [*words, *(f"--{key}={value}" for key, value in how.items()), *more]


@pytest.fixture(scope="module")
def trained(world):
    train_dpo.main(dpo_flags(world, "dpo"))
    return world


def test_it_learns_from_the_very_tokens_of_the_pairs(world):
    pairs = train_dpo.load_pairs(str(world / "train.parquet"), "raw")
    table = pd.read_parquet(world / "train.parquet")
    assert pairs["chosen_ids"][0] == list(table["chosen_ids"].iloc[0]) and len(pairs) == len(table)
    balanced = train_dpo.load_pairs(str(world / "train.parquet"), "balanced")
    assert 0 < len(balanced) == table["balanced"].sum() < len(pairs)


def test_no_tied_pair_is_learned_from(world, tmp_path):
    table = pd.read_parquet(world / "train.parquet")
    table.assign(tie=[*[False] * (len(table) - 5), *[True] * 5]).to_parquet(tmp_path / "tied.parquet")
    assert len(train_dpo.load_pairs(str(tmp_path / "tied.parquet"), "raw")) == len(table) - 5


def test_the_first_loss_is_ln_2_and_the_second_that_of_the_equation(world):
    # All pairs in every step: the loss of step 2 is that of the policy after step 1, which one step alone leaves.
    count = len(pd.read_parquet(world / "train.parquet"))
    whole = [f"--batch-size={2 * count}", f"--micro-batch-size={2 * count}", "--trace-every=1"]
    for name, steps in (("dpo-one", 1), ("dpo-two", 2)):
        train_dpo.main(dpo_flags(world, name, *whole, f"--steps={steps}"))
    losses = pd.read_csv(world / "dpo-two.csv")["loss"]
    assert losses.iloc[0] == pytest.approx(0.693147, abs=1e-4)
    table, device, margins = pd.read_parquet(world / "train.parquet"), torch.device("cpu"), 0.0
    policy, sft = (load_policy(str(world / name), device) for name in ("dpo-one", "sft"))
    for side, sign in (("chosen", 1), ("rejected", -1)):
        texts = token_lists(table["prompt_ids"]), token_lists(table[f"{side}_ids"])
        with torch.no_grad():
            margins = margins + sign * (policy(*texts)[0] - sft(*texts)[0]).sum(dim=1)
    expected = -torch.nn.functional.logsigmoid(0.1 * margins).mean().item()
    assert expected < 0.69
    assert losses.iloc[1] == pytest.approx(expected, abs=2e-4)


def test_later_stages_find_what_they_need(trained):
    sampled, dpo = (pd.read_csv(trained / f"{name}.csv") for name in ("policy", "dpo"))
    assert dpo["step"].tolist() == [1, 3, 5] and dpo.notna().all(axis=None)
    # All that another method logs, but for what belongs to a baseline.
    assert set(sampled) - set(dpo) == {"baseline", "advantage_mean", "advantage_std"}
    assert dpo["kl"].iloc[0] == pytest.approx(0, abs=1e-5) and dpo["kl"].abs().iloc[-1] > 1e-4
    rollouts, other = (pd.read_parquet(trained / f"{name}.parquet") for name in ("dpo", "policy"))
    assert rollouts["step"].value_counts().to_dict() == {step: 8 for step in (1, 3, 5)}
    assert list(rollouts) == list(other) and (rollouts.dtypes == other.dtypes).all()
    prompts = pd.read_parquet(trained / "references.parquet").drop_duplicates("prompt_id").set_index("prompt_id")
    scored = load_scorer(str(trained / "rm"), 16)(rollouts.join(prompts["prompt_ids"], on="prompt_id"))[:, 0]
    scale = read_json(trained / "dpo.json")
    assert scale == read_json(trained / "policy.json")
    expected = (scored - scale["mean"]) / scale["deviation"]
    assert rollouts["reward"].to_list() == pytest.approx(expected.tolist(), abs=1e-4)
    assert rollouts.groupby("step")["reward"].mean().to_list() == pytest.approx(dpo["reward"].to_list(), abs=1e-4)
    assert not (trained / "state-dpo").exists()


def test_tracing_changes_no_weight(trained):
    train_dpo.main(dpo_flags(trained, "untraced", "--trace-every=100"))
    assert weights(trained / "untraced") == weights(trained / "dpo") != weights(trained / "sft")


def test_a_killed_dpo_ends_with_the_same_bytes(world):
    runs = {name: dpo_flags(world, name, "--steps=40") for name in ("dpo-whole", "dpo-killed")}
    train_dpo.main(runs["dpo-whole"])
    kill_midway("train_dpo.py", runs["dpo-killed"], world / "state-dpo-killed")
    train_dpo.main(runs["dpo-killed"])
    assert weights(world / "dpo-killed") == weights(world / "dpo-whole")
    tables = [pd.read_csv(world / f"{name}.csv").drop(columns="samples_per_second") for name in runs]
    pd.testing.assert_frame_equal(*tables)
    pd.testing.assert_frame_equal(*(pd.read_parquet(world / f"{name}.parquet") for name in runs))


def test_half_a_pair_is_refused(world, capsys):
    with pytest.raises(SystemExit):
        train_dpo.main(dpo_flags(world, "odd", "--batch-size=9", "--micro-batch-size=9"))
    assert "a pair is two responses" in capsys.readouterr().err
