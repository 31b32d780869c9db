"""Let a rater of the world of instructions rate the responses to each prompt, and pair the best with the worst."""

import argparse
import random

from align.errors import run
from align.files import read_jsonl, write_jsonl
from findings.worlds import WORLDS


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--responses", nargs="+", required=True, help="JSON lines, a file a fold: prompt, fold, responses, finished"
    )
    parser.add_argument("--world-seed", type=int, required=True)
    parser.add_argument(
        "--output",
        required=True,
        help="JSON lines in HelpSteer2_binarized's columns, the fold, and which responses ended",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    world, rng = WORLDS["instructions"], random.Random(args.world_seed)
    rows = [row for path in args.responses for row in read_jsonl(path)]
    pairs = (
        world.rate_pair(row["prompt"], row["responses"], rng, row["finished"]) | {"fold": row["fold"]} for row in rows
    )
    write_jsonl(args.output, pairs)


if __name__ == "__main__":
    run(main)
