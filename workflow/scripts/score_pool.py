"""Score a pool of SFT responses with a replicate's reward models: what would each signal choose, before any RL?

The first responses to a prompt are what a signal may compare with, as in training; it chooses among the others.
"""

import argparse

import pandas as pd
import torch

from align.arms import parse_arms
from align.errors import run
from align.reward_models import load_scorer
from align.seeds import derive_seed
from align.signals import RELABELLINGS, as_one_model, grouped_signal, mean_and_deviation
from align.tables import write_table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", required=True, help="parquet of SFT responses, several a prompt")
    parser.add_argument("--reference-samples", type=int, required=True, help="the first ones, to compare with")
    parser.add_argument("--kinds", nargs="+", required=True, help="names of the reward models")
    parser.add_argument("--reward-models", nargs="+", required=True, help="their folders, in that order")
    parser.add_argument("--arms", type=parse_arms, required=True, help="JSON: the arms with their signals")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--scoring-batch-size", type=int, required=True, help="texts scored at once")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    parser.add_argument("--share-prompts", action="store_true", help="read a prompt once for all its responses")
    parser.add_argument("--output", required=True, help="parquet: a row a response to choose, a column an arm")
    return parser.parse_args(argv)


def describe_ratings(kind: str, outputs: torch.Tensor) -> dict[str, list[float]]:
    """Deviation of each response's rating, and its mean under several names for the ratings.

    Outputs are (prompts, responses, ratings); an ensemble's have members before ratings.
    """
    flat = as_one_model(outputs.flatten(0, 1))
    columns = {f"{kind}.deviation": mean_and_deviation(flat)[1].tolist()}
    for name in RELABELLINGS:
        columns[f"{kind}.mean.{name}"] = mean_and_deviation(flat, name)[0].tolist()
    return columns


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    pool = pd.read_parquet(args.pool)
    pool = pool[pool["decoding"] == "sampled"].sort_values(["prompt_id", "sample"]).reset_index(drop=True)
    chosen_among = pool["sample"] >= args.reference_samples
    table, outputs = pool.loc[chosen_among, ["prompt_id", "sample"]].assign(seed=args.seed), {}
    for kind, folder in zip(args.kinds, args.reward_models, strict=True):
        scored = load_scorer(folder, args.scoring_batch_size, args.precision, args.share_prompts)(pool)
        by_prompt = scored.view(pool["prompt_id"].nunique(), -1, *scored.shape[1:])
        references, responses = by_prompt[:, : args.reference_samples], by_prompt[:, args.reference_samples :]
        outputs[kind] = responses, references
        if scored.shape[-1] > 1:
            table = table.assign(**describe_ratings(kind, responses))
    torch.manual_seed(derive_seed(args.seed, "pool"))  # for the one signal that draws
    for arm in args.arms:
        signal = grouped_signal(arm.signal, *outputs[arm.reward_model], arm.options)
        table[arm.name] = signal.flatten().tolist()
    write_table(args.output, table)


if __name__ == "__main__":
    run(main)
