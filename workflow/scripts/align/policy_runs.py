"""What all trainings of policies share at their beginning and at their end."""

import argparse
from dataclasses import asdict, dataclass, fields

import pandas as pd
import torch

from align.files import atomic_path, write_json
from align.reward_models import score_references
from align.seeds import derive_seed
from align.signals import Scale, SignalOptions, fit_scale, grouped_signal
from align.tables import split_references, write_table

# SFT responses scored at once, at the least: without a gradient more fit in memory.
WITHOUT_GRADIENT = 16


@dataclass(frozen=True)
class Plan:
    """How long a policy is trained, and on how much at a time."""

    label: str  # for messages
    seed: int
    steps: int
    batch_size: int  # responses a step
    warmup_share: float  # of the steps, linear
    save_steps: int  # between two resumable states

    @property
    def warmup_steps(self) -> int:
        return max(1, round(self.warmup_share * self.steps))


@dataclass(frozen=True)
class OutputPaths:
    """The files of a policy's training."""

    policy: str
    metrics: str
    rollouts: str
    scale: str


def add_output_flags(files) -> None:
    files.add_argument("--output", required=True, help="folder of the policy")
    files.add_argument("--metrics-output", required=True, help="CSV: a row a step")
    files.add_argument("--rollouts-output", required=True, help="parquet: every response sampled in training")
    files.add_argument("--scale-output", required=True, help="JSON: mean and deviation that standardise the signal")


def plan_of(args: argparse.Namespace) -> Plan:
    label = f"policy {args.arm}, seed {args.seed}"
    return Plan(label, **{field.name: getattr(args, field.name) for field in fields(Plan) if field.name != "label"})


def output_paths(args: argparse.Namespace) -> OutputPaths:
    return OutputPaths(args.output, args.metrics_output, args.rollouts_output, args.scale_output)


def fit_signal_scale(
    reward_model,
    references: pd.DataFrame,
    pad_token_id: int,
    at_once: int,
    signal: str,
    options: SignalOptions,
    seed: int,
) -> tuple[torch.Tensor, Scale]:
    """The reward model's outputs for what a signal compares with, (prompts, samples, labels), and its scale."""
    sft_outputs, others = (
        score_references(reward_model, some, pad_token_id, max(at_once, WITHOUT_GRADIENT))
        for some in split_references(references)
    )
    torch.manual_seed(derive_seed(seed, "scale"))  # for the one signal that draws
    return sft_outputs, fit_scale(grouped_signal(signal, others, sft_outputs, options))


def write_outputs(paths: OutputPaths, policy: torch.nn.Module, tokenizer, scale: Scale, history: dict) -> None:
    """Write the policy and what was logged on the way: a dict of metrics and rollouts, each a list of rows."""
    with atomic_path(paths.metrics) as draft:
        pd.DataFrame(history["metrics"]).to_csv(draft, index=False)
    rollouts = pd.DataFrame(history["rollouts"], columns=["step", "prompt_id", "response_ids", "response", "reward"])
    write_table(paths.rollouts, rollouts)
    write_json(paths.scale, asdict(scale))
    with atomic_path(paths.policy) as folder:
        policy.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
