"""Tabulate a grid of settings tried on pilot seeds, and mark each arm's best: the table that a choice is made from."""

import argparse
import json

import pandas as pd

from align.errors import run
from align.files import write_csv


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arms", required=True, help="CSV of compare_arms: means of each arm, seed and decoding")
    parser.add_argument("--cells", type=json.loads, required=True, help="JSON: name, arm, learning_rate and kl_coef")
    parser.add_argument("--metric", required=True, help="column of --arms whose mean over seeds chooses")
    parser.add_argument("--output", required=True, help="CSV: a row a cell")
    return parser.parse_args(argv)


def tabulate(cells: pd.DataFrame, arms: pd.DataFrame, metric: str) -> pd.DataFrame:
    """A row a cell: its means over seeds, sampled at temperature 1, and whether it is the best of its arm.

    Of several reward models each has a best of its own.
    """
    sampled = arms[arms["decoding"] == "sampled"].drop(columns="decoding")
    means = sampled.groupby("arm").agg(
        seeds=("seed", "nunique"), **{name: (name, "mean") for name in sampled if name not in ("arm", "seed")}
    )
    shown = [name for name in ("seeds", "gold", "judges", "proxy", "log_ratio", "tokens") if name in means]
    table = cells.join(means[shown], on="name").drop(columns="name")
    whose = [name for name in ("arm", "reward_model") if name in table]
    return table.assign(best=table[metric] == table.groupby(whose)[metric].transform("max"))


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    write_csv(args.output, tabulate(pd.DataFrame(args.cells), pd.read_csv(args.arms), args.metric), digits=4)


if __name__ == "__main__":
    run(main)
