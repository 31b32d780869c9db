"""What share of responses does what was asked, by constraint: of every arm, and of the best of n SFT responses.

Beside it the truth's rating, and what raters add to it for nothing that was asked, both in rating points of 0 to 4.
"""

import argparse

import pandas as pd

from align.errors import run
from align.files import write_csv
from findings.evidence import best_of_choice
from instructions.constraints import HELD_OUT
from instructions.prompts import parse_prompt
from instructions.raters import rater_bias
from instructions.rubric import complies, gold_rating

MEASURES = ["complies", "gold", "rater_bias"]
SIZES = (4, 16)  # of best of n, where the pool has so many


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--evaluations", nargs="+", required=True, help="parquet tables of scored responses, one a seed"
    )
    parser.add_argument("--judged", required=True, help="parquet of the pool, with its text and gold")
    parser.add_argument("--pools", nargs="+", required=True, help="parquet tables of the pool's signals, one a seed")
    parser.add_argument("--arms", nargs="+", required=True, help="whose signals choose among the pool")
    parser.add_argument("--output", required=True, help="CSV: a row an arm, decoding, seed and constraint")
    return parser.parse_args(argv)


def check(responses: pd.DataFrame) -> pd.DataFrame:
    """The table with each prompt's constraint, whether the response did what was asked, its gold and raters' bias."""
    pairs = list(zip(responses["prompt"], responses["response"]))
    return responses.assign(
        constraint=[parse_prompt(prompt).constraint for prompt, _ in pairs],
        complies=[float(complies(*pair)) for pair in pairs],
        gold=[gold_rating(*pair) for pair in pairs],
        rater_bias=[rater_bias(response) for _, response in pairs],
    )


def average(responses: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """How many responses a group has, and the mean of each measure."""
    groups = responses.groupby(by, sort=False)
    return groups[MEASURES].mean().assign(responses=groups.size()).reset_index()


def choose(pool: pd.DataFrame, chooser: str) -> pd.DataFrame:
    """Best of n by a column of the pool, in order of prompt and sample: a row a constraint and n."""
    prompts = pool.drop_duplicates("prompt_id")[["constraint"]].reset_index(drop=True)
    values, *measured = (pool[name].to_numpy().reshape(len(prompts), -1) for name in (chooser, *MEASURES))
    tables = []
    for n in (n for n in SIZES if n <= values.shape[1]):
        chosen = {name: best_of_choice(values, kept, n) for name, kept in zip(MEASURES, measured)}
        tables.append(average(prompts.assign(**chosen), ["constraint"]).assign(decoding=f"best of {n}"))
    return pd.concat(tables) if tables else pd.DataFrame()


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    evaluations = check(pd.concat(map(pd.read_parquet, args.evaluations), ignore_index=True))
    tables = [average(evaluations, ["arm", "decoding", "seed", "constraint"])]
    judged = check(pd.read_parquet(args.judged).query("decoding == 'sampled'"))
    judged = judged[["prompt_id", "sample", "constraint", *MEASURES]]
    for path in args.pools:
        signals = pd.read_parquet(path)
        pool = signals.merge(judged, on=["prompt_id", "sample"]).sort_values(["prompt_id", "sample"])
        for chooser in ("gold", *(arm for arm in args.arms if arm in pool)):
            tables.append(choose(pool, chooser).assign(arm=chooser, seed=signals["seed"].iloc[0]))
    table = pd.concat(tables, ignore_index=True)
    write_csv(args.output, table.assign(held_out=table["constraint"].isin(HELD_OUT)))


if __name__ == "__main__":
    run(main)
