"""What all trainings of policies share at their beginning and at their end."""

import argparse
from dataclasses import asdict

import pandas as pd
import torch

from align.files import atomic_path, write_json
from align.reward_models import score_references
from align.seeds import derive_seed
from align.signal_flags import signal_options
from align.signals import Scale, fit_scale, grouped_signal
from align.tables import split_references, write_table
from align.training_step import Models

# SFT responses scored at once, at the least: without a gradient more fit in memory.
WITHOUT_GRADIENT = 16


def add_output_flags(files) -> None:
    files.add_argument("--output", required=True, help="folder of the policy")
    files.add_argument("--metrics-output", required=True, help="CSV: a row a step")
    files.add_argument("--rollouts-output", required=True, help="parquet: every response sampled in training")
    files.add_argument("--scale-output", required=True, help="JSON: mean and deviation that standardise the signal")


def label_of(args: argparse.Namespace) -> str:
    """What messages call the training."""
    return f"policy {args.arm}, seed {args.seed}"


def learning_rate_share(args: argparse.Namespace, step: int) -> float:
    """Of the peak learning rate at a step, counted from 0: linear through the warm-up, then constant."""
    return min(1.0, (step + 1) / max(1, round(args.warmup_share * args.steps)))


def fit_signal_scale(args: argparse.Namespace, models: Models, references: pd.DataFrame) -> tuple[torch.Tensor, Scale]:
    """The reward model's outputs for what a signal compares with, (prompts, samples, labels), and its scale."""
    at_once = max(args.micro_batch_size, WITHOUT_GRADIENT)
    sft_outputs, others = (
        score_references(models.reward, some, models.tokenizer.pad_token_id, at_once)
        for some in split_references(references)
    )
    torch.manual_seed(derive_seed(args.seed, "scale"))  # for the one signal that draws
    return sft_outputs, fit_scale(grouped_signal(args.signal, others, sft_outputs, signal_options(args)))


def write_outputs(args: argparse.Namespace, policy: torch.nn.Module, tokenizer, scale: Scale, history: dict) -> None:
    """Write the policy and what was logged on the way: a dict of metrics and rollouts, each a list of rows."""
    with atomic_path(args.metrics_output) as draft:
        pd.DataFrame(history["metrics"]).to_csv(draft, index=False)
    rollouts = pd.DataFrame(history["rollouts"], columns=["step", "prompt_id", "response_ids", "response", "reward"])
    write_table(args.rollouts_output, rollouts)
    write_json(args.scale_output, asdict(scale))
    with atomic_path(args.output) as folder:
        policy.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
