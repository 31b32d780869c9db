"""A tiny pocket, from its data to a policy, made by the scripts themselves, and the flags that make it."""

import make_pocket
import sample_references
import split_data
import tokenize_data
import train_policy
import train_reward_model
import train_sft


def sft_flags(world, name, state):
    return (
        ["--demonstrations", str(world / "demonstrations.jsonl"), "--seed", "0", "--hidden-size", "16"]
        + ["--layers", "1", "--heads", "2", "--epochs", "2", "--batch-size", "32", "--learning-rate", "4e-3"]
        + ["--save-steps", "2", "--state", str(world / state), "--output", str(world / name)]
    )


def reward_flags(world, name, *more):
    return (
        ["--model", str(world / "sft"), "--tokens", str(world / "train.parquet"), "--validation-tokens"]
        + [
            str(world / "validation.parquet"),
            "--kind",
            "scalar",
            "--head",
            "scalar",
            "--seed",
            "1",
            "--labels",
            "given",
            "--epochs",
            "1",
        ]
        + ["--batch-size", "16", "--micro-batch-size", "8", "--learning-rate", "2e-3", "--warmup-share", "0.1"]
        + ["--pairs", "raw", "--precision", "fp32", "--save-steps", "2", "--state", str(world / f"state-{name}")]
        + ["--output", str(world / name), "--validation-output", str(world / f"{name}_validation.parquet"), *more]
    )


def policy_flags(world, name, *more):
    return (
        ["--model", str(world / "sft"), "--reward-model", str(world / "rm"), "--references"]
        + [str(world / "references.parquet"), "--arm", "test"]
        + ["--signal", "reward", "--seed", "1", "--steps", "6", "--batch-size", "8", "--micro-batch-size", "8"]
        + ["--generation-batch-size", "8"]
        + ["--learning-rate", "1e-3", "--warmup-share", "0.1", "--kl-coef", "0.1", "--baseline", "moving_average"]
        + ["--baseline-decay", "0.9", "--max-new-tokens", "12", "--precision", "fp32", "--save-steps", "2"]
        + ["--state", str(world / f"state-{name}"), "--output", str(world / name)]
        + ["--metrics-output", str(world / f"{name}.csv"), "--rollouts-output", str(world / f"{name}.parquet")]
        + ["--scale-output", str(world / f"{name}.json"), *more]
    )


def make_world(path):
    """Data, SFT model, references, reward model and policy, in the folder `path`."""
    make_pocket.main(
        ["--world-seed", "0", "--pairs", "150", "--demonstrations", "80"]
        + ["--preferences-output", str(path / "preferences.jsonl")]
        + ["--demonstrations-output", str(path / "demonstrations.jsonl")]
    )
    outputs = [flag for fold in split_data.FOLDS for flag in (f"--{fold}-output", str(path / f"{fold}.jsonl"))]
    split_data.main(
        ["--preferences", str(path / "preferences.jsonl"), "--validation-prompts", "10", "--judge-share", "0.3"]
        + ["--split-seed", "0", *outputs, "--summary-output", str(path / "split.json")]
    )
    train_sft.main(sft_flags(path, "sft", "state-sft"))
    for fold in ("train", "validation"):
        tokenize_data.main(
            ["--model", str(path / "sft"), "--pairs", str(path / f"{fold}.jsonl"), "--max-prompt-tokens", "64"]
            + ["--max-pair-tokens", "128", "--split-seed", "0", "--output", str(path / f"{fold}.parquet")]
            + ["--summary-output", str(path / f"{fold}.json")]
        )
    sample_references.main(
        [
            "--model",
            str(path / "sft"),
            "--tokens",
            str(path / "train.parquet"),
            "--prompts",
            "20",
            "--samples",
            "3",
            "--scale-samples",
            "2",
        ]
        + ["--max-new-tokens", "12", "--generation-batch-size", "8", "--precision", "fp32", "--seed", "0"]
        + ["--output", str(path / "references.parquet")]
    )
    train_reward_model.main(reward_flags(path, "rm"))
    train_policy.main(policy_flags(path, "policy"))
