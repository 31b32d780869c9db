"""What share of responses does what was asked, by constraint: of every arm, and of the best of n SFT responses."""

import argparse

import pandas as pd

from align.errors import run
from align.files import write_csv
from findings.evidence import best_of_choice
from instructions.constraints import HELD_OUT
from instructions.prompts import parse_prompt
from instructions.rubric import complies

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
    """The table with each prompt's constraint, and whether the response did what was asked."""
    asked = [parse_prompt(prompt).constraint for prompt in responses["prompt"]]
    kept = [float(complies(prompt, response)) for prompt, response in zip(responses["prompt"], responses["response"])]
    return responses.assign(constraint=asked, complies=kept)


def choose(pool: pd.DataFrame, chooser: str) -> pd.DataFrame:
    """Best of n by a column of the pool, in order of prompt and sample: a row a constraint and n."""
    prompts = pool.drop_duplicates("prompt_id")[["constraint"]].reset_index(drop=True)
    values, kept = (pool[name].to_numpy().reshape(len(prompts), -1) for name in (chooser, "complies"))
    tables = []
    for n in (n for n in SIZES if n <= values.shape[1]):
        found = prompts.assign(complies=best_of_choice(values, kept, n)).groupby("constraint")["complies"]
        tables.append(found.agg(responses="size", complies="mean").reset_index().assign(decoding=f"best of {n}"))
    return pd.concat(tables) if tables else pd.DataFrame()


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    evaluations = check(pd.concat(map(pd.read_parquet, args.evaluations), ignore_index=True))
    grouped = evaluations.groupby(["arm", "decoding", "seed", "constraint"], sort=False)["complies"]
    tables = [grouped.agg(responses="size", complies="mean").reset_index()]
    judged = check(pd.read_parquet(args.judged).query("decoding == 'sampled'"))
    judged = judged[["prompt_id", "sample", "constraint", "complies", "gold"]]
    for path in args.pools:
        signals = pd.read_parquet(path)
        pool = signals.merge(judged, on=["prompt_id", "sample"]).sort_values(["prompt_id", "sample"])
        for chooser in ("gold", *(arm for arm in args.arms if arm in pool)):
            tables.append(choose(pool, chooser).assign(arm=chooser, seed=signals["seed"].iloc[0]))
    table = pd.concat(tables, ignore_index=True)
    write_csv(args.output, table.assign(held_out=table["constraint"].isin(HELD_OUT)))


if __name__ == "__main__":
    run(main)
