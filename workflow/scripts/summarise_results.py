"""Put all that the report says into one machine-readable file."""

import argparse
import importlib.metadata
import json

import pandas as pd

from align.errors import run
from align.files import read_json, write_json

PACKAGES = ("torch", "transformers", "trl", "accelerate", "datasets", "numpy", "scipy", "pandas")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--primary-metric", required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: the settings that the report names")
    parser.add_argument("--split", required=True, help="JSON of the split")
    parser.add_argument("--lengths", nargs="+", required=True, help="JSON of tokens: train judge validation")
    parser.add_argument("--contrasts", required=True, help="CSV")
    parser.add_argument("--arms", required=True, help="CSV")
    parser.add_argument("--reward-models", required=True, help="CSV")
    parser.add_argument("--training", required=True, help="CSV of the training curves")
    parser.add_argument("--world", help="JSON of the pocket world, where there is one")
    parser.add_argument("--output", required=True, help="JSON")
    return parser.parse_args(argv)


def records(path: str) -> list[dict]:
    """The rows of a CSV, with None for what is missing."""
    return json.loads(pd.read_csv(path).to_json(orient="records"))


def mean_by_arm(training: pd.DataFrame) -> dict[str, dict]:
    """Means of some steps of the training curves over seeds, by arm."""
    return json.loads(training.drop(columns=["seed", "step"]).groupby("arm").mean().to_json(orient="index"))


def arm_means(path: str) -> list[dict]:
    """Means over seeds of each arm and decoding."""
    arms = pd.read_csv(path).drop(columns="seed")
    return json.loads(arms.groupby(["arm", "decoding"], sort=False).mean().reset_index().to_json(orient="records"))


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    folds = ("train", "judge", "validation")
    training = pd.read_csv(args.training)
    tenth = max(1, training["step"].max() // 10)
    write_json(
        args.output,
        {
            "experiment": args.experiment,
            "primary_metric": args.primary_metric,
            "settings": args.settings,
            "versions": {name: importlib.metadata.version(name).split("+")[0] for name in PACKAGES},
            "split": read_json(args.split),
            "lengths": {fold: read_json(path) for fold, path in zip(folds, args.lengths, strict=True)},
            "contrasts": records(args.contrasts),
            "arms": arm_means(args.arms),
            "reward_models": records(args.reward_models),
            "first_tenth_of_training": mean_by_arm(training[training["step"] <= tenth]),
            "last_tenth_of_training": mean_by_arm(training[training["step"] > training["step"].max() - tenth]),
            "world": read_json(args.world) if args.world else None,
        },
    )


if __name__ == "__main__":
    run(main)
