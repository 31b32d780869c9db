"""How well each reward model and judge orders held-out pairs, beside what needs no model: "the longer answer wins"."""

import argparse
import math

import numpy as np
import pandas as pd

from align.errors import run
from align.evidence import share_interval, share_won
from align.files import atomic_path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", nargs="+", required=True, help="parquet tables of scored validation pairs")
    parser.add_argument("--confidence", type=float, required=True)
    parser.add_argument("--output", required=True, help="CSV: a row a reward model")
    return parser.parse_args(argv)


def measure(scores: pd.DataFrame, confidence: float) -> dict:
    """Accuracy with its interval, and mean -log p(chosen > rejected) beside that of a fair coin."""
    margin = scores["chosen_reward"] - scores["rejected_reward"]
    low, high = share_interval(int((margin > 0).sum()), len(margin), confidence)
    return {
        "kind": scores["kind"].iloc[0],
        "seed": scores["seed"].iloc[0],
        "pairs": len(scores),
        "accuracy": share_won(margin),
        "accuracy_low": low,
        "accuracy_high": high,
        "nll": float(np.logaddexp(0, -margin).mean()),
        "coin_nll": math.log(2),
        "longer_wins": share_won(scores["chosen_tokens"] - scores["rejected_tokens"]),
    }


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    rows = [measure(pd.read_parquet(path), args.confidence) for path in args.scores]
    with atomic_path(args.output) as draft:
        pd.DataFrame(rows).to_csv(draft, index=False, float_format="%.6g")


if __name__ == "__main__":
    run(main)
