"""Beside what reward models give cut-off and finished SFT responses: what they gave them before their training."""

import argparse

import pandas as pd

from align.errors import run
from align.files import write_csv
from findings.evidence import pooled_within_deviation
from findings.pools import worth_of_the_end

COLUMNS = ["scorer", "seed", "start_ended", "start_cut_off", "ended", "cut_off", "deviation", "worth"]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--untrained", required=True, help="parquet of score_untrained")
    parser.add_argument("--pools", nargs="+", required=True, help="parquet tables of the pool, scored, one a seed")
    parser.add_argument("--judged", required=True, help="parquet of the pool, scored by judges")
    parser.add_argument("--arms", nargs="+", default=[], help="whose signal is their reward model's expected output")
    parser.add_argument("--kinds", nargs="+", default=[], help="names of these reward models, in that order")
    parser.add_argument("--output", required=True, help="CSV: a row a scorer and seed, means over responses")
    return parser.parse_args(argv)


def compare(scorer: str, seed: int | None, table: pd.DataFrame, start: str, end: str) -> dict:
    """Means of a score at the start and at the end of training, of finished responses and of cut-off ones.

    `worth` is what the latter are given beyond finished ones to the same prompt, in deviations within prompts.
    """
    table = table.sort_values(["prompt_id", "sample"])
    means = table.groupby("finished")[[start, end]].mean().reindex([True, False])
    row = {"scorer": scorer, "seed": seed, "deviation": pooled_within_deviation(table, end)}
    row |= {"worth": worth_of_the_end(table, [end]).get(end)}
    for name, finished in (("ended", True), ("cut_off", False)):
        row |= {f"start_{name}": means.loc[finished, start], name: means.loc[finished, end]}
    return row


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    key, rows = ["prompt_id", "sample"], []
    untrained = pd.read_parquet(args.untrained)
    starts = [name for name in untrained if name not in (*key, "finished")]
    untrained = untrained.rename(columns={name: f"start of {name}" for name in starts})
    judged = pd.read_parquet(args.judged).query("decoding == 'sampled'").drop(columns="finished")
    judged = untrained.merge(judged, on=key, validate="one_to_one")
    rows += [compare(name, None, judged, f"start of {name}", name) for name in starts if name in judged]
    for path in args.pools:
        scored = pd.read_parquet(path)
        seed, pool = scored["seed"].iloc[0], untrained.merge(scored, on=key, validate="one_to_one")
        for arm, kind in zip(args.arms, args.kinds, strict=True):
            if arm in pool:
                rows.append(compare(arm, seed, pool, f"start of {kind}_{seed}", arm))
    write_csv(args.output, pd.DataFrame(rows)[COLUMNS])


if __name__ == "__main__":
    run(main)
