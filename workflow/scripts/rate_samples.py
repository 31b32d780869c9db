"""Give the responses that the samples page shows their distributions over ratings, by one replicate's reward model."""

import argparse

import pandas as pd

from align.errors import run
from align.reward_models import load_scorer
from align.signals import as_one_model
from align.tables import write_table
from findings.places import PLACE, first_responses


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", nargs="+", required=True, help="parquet of SFT's responses, and of every arm's")
    parser.add_argument("--ratings-model", required=True, help="folder of a reward model over ratings")
    parser.add_argument("--prompts", type=int, required=True, help="prompts on the page, the first ones")
    parser.add_argument("--scoring-batch-size", type=int, required=True, help="texts scored at once")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    parser.add_argument("--output", required=True, help="parquet: a row a response, its probability of each rating")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    table = first_responses(pd.concat(map(pd.read_parquet, args.responses), ignore_index=True), args.prompts)
    score = load_scorer(args.ratings_model, args.scoring_batch_size, args.precision)
    ratings = as_one_model(score(table)).softmax(dim=-1)
    write_table(args.output, table[["arm", *PLACE]].assign(ratings=ratings.tolist()))


if __name__ == "__main__":
    run(main)
