"""Two processes that share a training end where one ends with the same batch, but for the rounding of sums."""

import os
import subprocess
import sys

import pandas as pd
import pytest
import torch
from conftest import ROOT
from test_training import kill_midway, read_training, read_weights
from tiny_world import policy_flags, reward_flags

SCRIPTS = ROOT / "workflow" / "scripts"


def in_two(script, flags, check=True):
    """Run a script in two processes on this machine; returns what they printed."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*launch, str(SCRIPTS / script), *flags], capture_output=True, text=True, env=environment, timeout=600
    )
    assert not check or done.returncode == 0, done.stderr[-4000:]
    return done.stdout + done.stderr


def in_one(script, flags):
    subprocess.run([sys.executable, str(SCRIPTS / script), *flags], check=True, capture_output=True)


# Seven responses: one process has four, in two parts, and the other three, in one.
UNEVEN = ["--batch-size", "7", "--micro-batch-size", "3"]
RLOO = ["--method", "rloo", "--samples-per-prompt", "2", "--batch-size", "6", "--micro-batch-size", "2"]


@pytest.mark.parametrize("more", [UNEVEN, RLOO], ids=["uneven", "rloo"])
def test_a_policy_of_two_processes_is_that_of_one(world, more):
    in_one("train_policy.py", policy_flags(world, "alone", *more))
    said = in_two("train_policy.py", policy_flags(world, "shared", *more))
    assert said.count("step 6/6") == 1  # one of them speaks
    (alone, weights), (shared, shared_weights) = read_training(world, "alone"), read_training(world, "shared")
    assert shared["response_ids"].map(list).tolist() == alone["response_ids"].map(list).tolist()
    assert shared["prompt_id"].tolist() == alone["prompt_id"].tolist()
    torch.testing.assert_close(shared_weights, weights, atol=2e-5, rtol=0)
    metrics, shared_metrics = (pd.read_csv(world / f"{name}.csv") for name in ("alone", "shared"))
    for name in ("reward", "kl", "baseline", "advantage_std", "grad_norm", "length"):
        assert shared_metrics[name].tolist() == pytest.approx(metrics[name].tolist(), rel=1e-3, abs=1e-5), name


def test_a_reward_model_of_two_processes_is_that_of_one(world):
    pairs = pd.read_parquet(world / "train.parquet")
    pairs.iloc[: len(pairs) // 16 * 16].to_parquet(world / "whole.parquet")
    more = ["--tokens", str(world / "whole.parquet"), "--micro-batch-size", "4"]
    in_one("train_reward_model.py", reward_flags(world, "rm-alone", *more))
    in_two("train_reward_model.py", reward_flags(world, "rm-shared", *more))
    torch.testing.assert_close(read_weights(world / "rm-shared"), read_weights(world / "rm-alone"), atol=2e-5, rtol=0)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--method", "ppo", "--critic-learning-rate", "1e-3"], "runtime.processes to 1"),
        (["--batch-size", "1"], "too few for 2 processes"),
    ],
)
def test_what_several_processes_cannot_share_is_refused(world, more, says):
    said = in_two("train_policy.py", policy_flags(world, "refused", *more), check=False)
    assert says in said and not (world / "refused").exists()


def test_the_state_of_another_number_of_processes_is_not_gone_on_with(world):
    flags = policy_flags(world, "interrupted")
    kill_midway("train_policy.py", flags, world / "state-interrupted")
    said = in_two("train_policy.py", flags)
    assert "continues from" not in said
    torch.testing.assert_close(read_weights(world / "interrupted"), read_weights(world / "policy"), atol=2e-5, rtol=0)
