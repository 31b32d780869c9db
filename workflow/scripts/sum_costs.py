"""Sum up what the jobs of each rule cost, from Snakemake's benchmark files."""

import argparse
from pathlib import Path

import pandas as pd

from align.errors import run
from align.files import write_csv


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmarks", nargs="+", required=True, help="benchmarks/RULE.tsv or benchmarks/RULE/JOB.tsv")
    parser.add_argument("--output", required=True, help="CSV: a row a rule")
    return parser.parse_args(argv)


def read_benchmark(path: Path) -> dict:
    """Rule, wall seconds and largest resident memory in MB of one job."""
    row = pd.read_csv(path, sep="\t").iloc[0]
    rule = path.stem if path.parent.name == "benchmarks" else path.parent.name
    return {"rule": rule, "seconds": float(row["s"]), "max_rss_mb": float(row["max_rss"])}


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    jobs = pd.DataFrame([read_benchmark(Path(path)) for path in args.benchmarks]).groupby("rule", sort=False)
    costs = jobs.agg(
        jobs=("seconds", "size"),
        mean_seconds=("seconds", "mean"),
        seconds=("seconds", "sum"),
        max_rss_mb=("max_rss_mb", "max"),
    )
    write_csv(args.output, costs.reset_index(), digits=4)


if __name__ == "__main__":
    run(main)
