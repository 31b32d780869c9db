"""Score a pool of SFT responses with a replicate's reward models: what would each signal choose, before any RL?"""

import argparse

import pandas as pd
import torch

from align.errors import run
from align.reward_models import load_scorer
from align.seeds import derive_seed
from align.signals import RELABELLINGS, Options, mean_and_deviation, signal_of_references
from align.tables import write_table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", required=True, help="parquet of SFT responses, several a prompt")
    parser.add_argument("--kinds", nargs="+", required=True, help="names of the reward models")
    parser.add_argument("--reward-models", nargs="+", required=True, help="their folders, in that order")
    parser.add_argument(
        "--arms", nargs="+", required=True, help="arm:kind:signal:risk_aversion:cvar_share:relabelling, - for defaults"
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--scoring-batch-size", type=int, required=True, help="texts scored at once")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    parser.add_argument("--output", required=True, help="parquet: a row a response, a column an arm")
    return parser.parse_args(argv)


def parse_arm(text: str) -> tuple[str, str, str, Options]:
    """Name, kind, signal and options of an arm."""
    arm, kind, signal, *given = text.split(":")
    fields = {"risk_aversion": float, "cvar_share": float, "relabelling": str}
    options = {name: convert(value) for (name, convert), value in zip(fields.items(), given) if value != "-"}
    return arm, kind, signal, Options(**options)


def describe_ratings(kind: str, outputs: torch.Tensor) -> dict[str, list[float]]:
    """Mean and standard deviation of each response's rating, (prompts, responses), and the mean under other names."""
    flat = outputs.flatten(0, 1)
    columns = {f"{kind}.deviation": mean_and_deviation(flat)[1].tolist()}
    for name in RELABELLINGS:
        columns[f"{kind}.mean.{name}"] = mean_and_deviation(flat, name)[0].tolist()
        win = signal_of_references("win", outputs, Options(relabelling=name))
        columns[f"{kind}.win.{name}"] = win.flatten().tolist()
    return columns


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    pool = pd.read_parquet(args.pool)
    pool = pool[pool["decoding"] == "sampled"].sort_values(["prompt_id", "sample"]).reset_index(drop=True)
    table, outputs = pool[["prompt_id", "sample"]].assign(seed=args.seed), {}
    for kind, folder in zip(args.kinds, args.reward_models, strict=True):
        scored = load_scorer(folder, args.scoring_batch_size, args.precision)(pool)
        outputs[kind] = scored.view(pool["prompt_id"].nunique(), -1, scored.shape[1])
        if scored.shape[1] > 1:
            table = table.assign(**describe_ratings(kind, outputs[kind]))
    torch.manual_seed(derive_seed(args.seed, "pool"))  # for the one signal that draws
    for text in args.arms:
        arm, kind, signal, options = parse_arm(text)
        table[arm] = signal_of_references(signal, outputs[kind], options).flatten().tolist()
    write_table(args.output, table)


if __name__ == "__main__":
    run(main)
