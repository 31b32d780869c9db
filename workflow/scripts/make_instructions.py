"""Draw the prompts of the world of instructions, fold by fold."""

import argparse
import random

from align.errors import run
from align.files import write_jsonl
from instructions.prompts import FOLDS, draw_prompts


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world-seed", type=int, required=True)
    for fold in FOLDS:
        parser.add_argument(f"--{fold}", type=int, required=True, help=f"prompts of the fold {fold}")
    parser.add_argument("--output", required=True, help="JSON lines: prompt, fold")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    counts = {fold: getattr(args, fold) for fold in FOLDS}
    # Of the topics each fold has the share that it has of the prompts.
    shares = {fold: count / sum(counts.values()) for fold, count in counts.items()}
    prompts = draw_prompts(random.Random(args.world_seed), counts, shares)
    write_jsonl(args.output, ({"prompt": text, "fold": fold} for fold in FOLDS for text in prompts[fold]))


if __name__ == "__main__":
    run(main)
