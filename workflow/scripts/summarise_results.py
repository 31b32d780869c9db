"""Put all that the report says into one machine-readable file."""

import argparse
import importlib.metadata
import json

import numpy as np
import pandas as pd

from align.errors import run
from align.files import read_json, write_json
from findings.evidence import mean_interval

PACKAGES = ("torch", "transformers", "trl", "accelerate", "datasets", "numpy", "scipy", "pandas")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--primary-metric", required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: the settings that the report names")
    parser.add_argument("--config-digest", required=True, help="of everything that decides the numbers")
    parser.add_argument("--confidence", type=float, required=True, help="of the intervals of win rates")
    parser.add_argument("--split", required=True, help="JSON of the split")
    parser.add_argument("--lengths", nargs="+", required=True, help="JSON of tokens: train judge validation")
    parser.add_argument("--contrasts", required=True, help="CSV")
    parser.add_argument("--arms", required=True, help="CSV")
    parser.add_argument("--differences", required=True, help="CSV of the contrasts, seed by seed")
    parser.add_argument("--relations", required=True, help="CSV of what goes with a contrast over seeds")
    parser.add_argument("--reward-models", required=True, help="CSV")
    parser.add_argument("--ratings", required=True, help="CSV of the mass of each rating")
    parser.add_argument("--screen", required=True, help="CSV of best of n by each signal")
    parser.add_argument("--predictions", required=True, help="CSV of what that predicts")
    parser.add_argument("--relabelling", required=True, help="CSV of what other names for the ratings change")
    parser.add_argument("--agreement", required=True, help="CSV of how signals correlate")
    parser.add_argument("--equal-kl", required=True, help="CSV of the contrasts at equal KL")
    parser.add_argument("--equal-entropy", required=True, help="CSV of the arms less SFT at equal entropy")
    parser.add_argument("--training", required=True, help="CSV of the training curves")
    parser.add_argument("--responses", required=True, help="CSV of measures of responses")
    parser.add_argument("--gradients", nargs="+", required=True, help="CSV of the gradient study, one a seed")
    parser.add_argument("--trl", required=True, help="JSON of the comparison with TRL")
    parser.add_argument("--cost", required=True, help="CSV of what each rule cost")
    parser.add_argument("--sources", help="JSON of what was loaded from outside, where anything was")
    parser.add_argument("--world", help="JSON of the pocket world, where there is one")
    parser.add_argument("--output", required=True, help="JSON")
    return parser.parse_args(argv)


def records(path: str) -> list[dict]:
    """The rows of a CSV, with None for what is missing."""
    return json.loads(pd.read_csv(path).to_json(orient="records"))


def mean_by_arm(training: pd.DataFrame, part: str) -> dict[str, dict]:
    """Means of the "first" or "last" tenth of each arm's steps over seeds, by arm."""
    steps = training.groupby("arm")["step"].transform("max")
    tenth = (steps // 10).clip(lower=1)
    # A step that fp16's scaler skipped has no finite gradient norm.
    training = training.replace([np.inf, -np.inf], np.nan)
    kept = training[training["step"] <= tenth if part == "first" else training["step"] > steps - tenth]
    return json.loads(kept.drop(columns=["seed", "step"]).groupby("arm").mean().to_json(orient="index"))


def means(path: str, keys: list[str]) -> list[dict]:
    """Means over seeds of a CSV's other columns, a row a value of `keys`."""
    table = pd.read_csv(path).drop(columns="seed")
    return json.loads(table.groupby(keys, sort=False).mean().reset_index().to_json(orient="records"))


def describe_contrasts(path: str, differences: str) -> list[dict]:
    """The contrasts, each with its seeds' differences."""
    table, key = pd.read_csv(differences), ["name", "metric", "decoding"]
    by_seed = {names: part["difference"].tolist() for names, part in table.groupby(key)}
    return [row | {"by_seed": by_seed[tuple(row[name] for name in key)]} for row in records(path)]


def describe_arms(path: str) -> list[dict]:
    """Means over seeds of an arm's responses, how many seeds they are of, and each seed's KL."""
    rows, table = means(path, ["arm", "decoding"]), pd.read_csv(path)
    for row in rows:
        of_arm = table[(table["arm"] == row["arm"]) & (table["decoding"] == row["decoding"])]
        row |= {"seeds": len(of_arm), "kl_by_seed": of_arm["log_ratio"].tolist()}
    return rows


def mass_at_the_ends(path: str) -> list[dict]:
    """How much of its probability each model over ratings gives to the lowest and the highest rating."""
    table = pd.read_csv(path)
    at_end = table["rating"].isin([table["rating"].min(), table["rating"].max()])
    return json.loads(table[at_end].groupby(["kind", "seed"])["mass"].sum().reset_index().to_json(orient="records"))


def describe_responses(path: str, confidence: float) -> list[dict]:
    """Means over seeds of every measure of an arm's responses, and intervals of its win rates."""
    rows = means(path, ["arm", "decoding"])
    for row in rows:
        of_arm = pd.read_csv(path).query("arm == @row['arm'] and decoding == @row['decoding']")
        for name in ("win_sft", "win_preferred"):
            low, high = mean_interval(of_arm[name].to_numpy(), confidence)
            known, low, high = not np.isnan(low), max(low, 0.0), min(high, 1.0)
            row |= {f"{name}_low": low if known else None, f"{name}_high": high if known else None}
    return rows


def describe_gradients(paths: list[str]) -> list[dict]:
    """Means over seeds of each estimate's variance, and the range of that variance relative to b_MA's."""
    table = pd.concat(map(pd.read_csv, paths), ignore_index=True)
    groups = table.groupby(["phase", "estimate"], sort=False)
    relative = groups["relative_variance"].agg(relative_low="min", relative_high="max", seeds="size")
    rows = groups[["baseline", "variance", "signal", "relative_variance"]].mean().join(relative).reset_index()
    return json.loads(rows.to_json(orient="records"))


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    folds = ("train", "judge", "validation")
    training = pd.read_csv(args.training)
    world = read_json(args.world) if args.world else None
    agreement = means(args.agreement, ["arm", "other"])
    if world:
        agreement.append({"arm": "judges", "other": "gold", "correlation": world["judge_gold_correlation"]})
    write_json(
        args.output,
        {
            "experiment": args.experiment,
            "config_digest": args.config_digest,
            "seeds": args.settings["seeds"],
            "primary_metric": args.primary_metric,
            "settings": args.settings,
            "versions": {name: importlib.metadata.version(name).split("+")[0] for name in PACKAGES},
            "sources": read_json(args.sources) if args.sources else None,
            "split": read_json(args.split),
            "lengths": {fold: read_json(path) for fold, path in zip(folds, args.lengths, strict=True)},
            "contrasts": describe_contrasts(args.contrasts, args.differences),
            "relations": records(args.relations),
            "arms": describe_arms(args.arms),
            "reward_models": records(args.reward_models),
            "ratings": means(args.ratings, ["kind", "rating"]),
            "mass_at_the_ends": mass_at_the_ends(args.ratings),
            "screen": means(args.screen, ["arm", "n"]),
            "predictions": records(args.predictions),
            "relabelling": means(args.relabelling, ["kind", "signal", "relabelling"]),
            "agreement": agreement,
            "equal_kl": records(args.equal_kl),
            "equal_entropy": records(args.equal_entropy),
            "first_tenth_of_training": mean_by_arm(training, "first"),
            "last_tenth_of_training": mean_by_arm(training, "last"),
            # By the scaler of fp16, since the gradient overflowed.
            "steps": {"taken": len(training), "skipped": int(training["skipped"].sum())},
            "responses": describe_responses(args.responses, args.confidence),
            "gradients": describe_gradients(args.gradients),
            "trl": read_json(args.trl),
            "world": world,
            # What a run costs differs from run to run; what it finds, above, does not.
            "cost": records(args.cost),
        },
    )


if __name__ == "__main__":
    run(main)
