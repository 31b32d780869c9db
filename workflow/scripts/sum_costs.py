"""Sum up what jobs with a model cost, from Snakemake's benchmark files, and how many tokens a second they made."""

import argparse
import json
from pathlib import Path

import pandas as pd

from align.errors import run
from align.files import write_csv
from align.tables import read_training_pairs


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmarks", nargs="+", required=True, help="benchmarks/RULE.tsv or benchmarks/RULE/JOB.tsv")
    counted = parser.add_argument_group("what tokens are counted in")
    counted.add_argument("--references", help="parquet of the sampled references")
    counted.add_argument(
        "--trained", type=json.loads, default=[], help="JSON, one a policy: metrics (CSV), responses (of each step)"
    )
    counted.add_argument("--evaluations", nargs="*", default=[], help="parquet of the sampled responses, one a seed")
    counted.add_argument(
        "--learned", type=json.loads, default=[], help="JSON, one a reward model: tokens (parquet), pairs, epochs, ties"
    )
    parser.add_argument("--output", required=True, help="CSV: a row a rule")
    return parser.parse_args(argv)


def read_benchmark(path: Path) -> dict:
    """Rule, seconds by the wall and of all cores, and largest resident memory in MB of one job."""
    row = pd.read_csv(path, sep="\t").iloc[0]
    rule = path.stem if path.parent.name == "benchmarks" else path.parent.name
    cores = float(row["cpu_time"])
    return {"rule": rule, "seconds": float(row["s"]), "core_seconds": cores, "max_rss_mb": float(row["max_rss"])}


def count_sampled(paths: list[str]) -> int:
    """Tokens of the responses in tables of token ids, EOS included."""
    return sum(int(pd.read_parquet(path, columns=["response_ids"])["response_ids"].map(len).sum()) for path in paths)


def count_trained(metrics: str, responses: int) -> int:
    """Tokens that a policy sampled in its training, from its mean length at each step.

    Its rollouts would say the same, and are too large to be kept with the results of a long run.
    """
    return round(responses * pd.read_csv(metrics)["length"].sum())


def count_learned(tokens: str, pairs: str, epochs: float, ties: bool = False) -> float:
    """Tokens that a reward model reads in its training: both texts of each of its pairs, an epoch after another."""
    table = read_training_pairs(tokens, pairs, ties)
    prompts, chosen, rejected = (table[f"{name}_ids"].map(len).sum() for name in ("prompt", "chosen", "rejected"))
    return float(epochs * (2 * prompts + chosen + rejected))


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    jobs = pd.DataFrame([read_benchmark(Path(path)) for path in args.benchmarks]).groupby("rule", sort=False)
    costs = jobs.agg(
        jobs=("seconds", "size"),
        mean_seconds=("seconds", "mean"),
        seconds=("seconds", "sum"),
        # Beside other work a job waits: its time on the wall is longer then, and this is not.
        core_seconds=("core_seconds", "sum"),
        max_rss_mb=("max_rss_mb", "max"),
    )
    tokens = {
        "sample_references": count_sampled([args.references] if args.references else []),
        "train_reward_model": sum(count_learned(**one) for one in args.learned),
        "train_policy": sum(count_trained(**one) for one in args.trained),
        "sample_responses": sum(pd.read_parquet(path)["tokens"].sum() for path in args.evaluations),
    }
    counts = pd.Series({rule: count for rule, count in tokens.items() if count}, dtype=float)
    costs["tokens_per_second"] = counts.reindex(costs.index) / costs["seconds"]
    write_csv(args.output, costs.reset_index(), digits=4)


if __name__ == "__main__":
    run(main)
