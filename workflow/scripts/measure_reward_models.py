"""What reward models and judges know of held-out pairs: accuracy, calibration, and what a distribution's spread adds.

Beside each number stands what needs no model: a coin, "the longer response wins", a calibrated model's own error.
"""

import argparse
import math

import numpy as np
import pandas as pd

from align.errors import run
from align.files import read_jsonl, write_csv
from align.tables import read_pairs
from findings.evidence import (
    calibration_bins,
    calibration_error,
    held_out_logistic_nll,
    share_interval,
    share_won,
    variance_explained,
)
from findings.worlds import WORLDS, World

BINS = 10
FOLDS = 5
SIDES = ("chosen", "rejected")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", nargs="+", required=True, help="parquet tables of scored validation pairs")
    parser.add_argument("--world", choices=tuple(WORLDS), help="whose raters are known, if anyone's are")
    parser.add_argument("--pairs", help="JSON lines of the validation fold, for the text that they rated")
    parser.add_argument("--confidence", type=float, required=True)
    parser.add_argument("--calibration-draws", type=int, required=True, help="outcomes of pairs")
    parser.add_argument("--random-seed", type=int, required=True)
    parser.add_argument("--output", required=True, help="CSV: a row a reward model")
    parser.add_argument("--reliability-output", required=True, help="CSV: a row a reward model and group of pairs")
    parser.add_argument("--ratings-output", required=True, help="CSV: a row a reward model and rating, its mean mass")
    return parser.parse_args(argv)


def in_random_order(scores: pd.DataFrame, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """P(first > second) and whether the first was chosen, each pair in random order; both (pairs,)."""
    probability = np.exp(scores["log_preference"].to_numpy())
    kept = rng.random(len(scores)) < 0.5
    return np.where(kept, probability, 1 - probability), kept.astype(float)


def measure_calibration(scores: pd.DataFrame, args: argparse.Namespace) -> dict:
    """Brier score, calibration error, and that of a model of these probabilities that were all true."""
    rng = np.random.default_rng(args.random_seed)
    probability, chosen = in_random_order(scores, rng)
    truths = rng.random((args.calibration_draws, len(scores))) < probability
    return {
        "brier": float(np.square(1 - np.exp(scores["log_preference"])).mean()),
        "coin_brier": 0.25,
        "ece": calibration_error(probability, chosen, BINS),
        "ece_if_calibrated": float(np.mean([calibration_error(probability, truth, BINS) for truth in truths])),
    }


def interaction_gain(difference: np.ndarray, noise: np.ndarray, seed: int) -> np.ndarray:
    """Fall in each pair's held-out NLL when the difference of means over the noise is added to it; (pairs,).

    Noise of a prompt is the same for both responses, so that their difference in it tells nothing. What it changes is
    the slope: how much a difference of means tells of the choice.
    """
    features = np.stack([difference, difference / noise], axis=1)
    return held_out_logistic_nll(features[:, :1], FOLDS, seed) - held_out_logistic_nll(features, FOLDS, seed)


def measure_spread(scores: pd.DataFrame, raters: pd.DataFrame | None, seed: int) -> dict:
    """What the standard deviation of the rating tells beyond its mean; empty of a scalar model.

    `raters` have, of each pair, the true difference of their mean ratings and their noise: who knows these is the
    oracle. With no gain of the oracle's, none of a model's could have been found.
    """
    if "chosen_mean" not in scores:
        return {}
    mean = scores[["chosen_mean", "rejected_mean"]].to_numpy()
    deviation = scores[["chosen_deviation", "rejected_deviation"]].to_numpy()
    difference, doubt = mean[:, 0] - mean[:, 1], deviation.mean(axis=1)
    gain = interaction_gain(difference, doubt, seed)
    found = {
        "spread_r2_on_mean": variance_explained(mean.ravel(), deviation.ravel(), 3),
        "mean_deviation": float(deviation.mean()),
        "interaction_gain": float(gain.mean()),
        "interaction_gain_error": float(gain.std(ddof=1) / math.sqrt(len(gain))),
    }
    if raters is not None:
        noise = raters["noise"].to_numpy()
        oracle = interaction_gain(raters["difference"].to_numpy(), noise, seed)
        found |= {
            "spread_noise_correlation": float(np.corrcoef(doubt, noise)[0, 1]),
            "true_noise_gain": float(interaction_gain(difference, noise, seed).mean()),
            "oracle_interaction_gain": float(oracle.mean()),
            "oracle_interaction_gain_error": float(oracle.std(ddof=1) / math.sqrt(len(oracle))),
        }
    return found


def measure_members(scores: pd.DataFrame) -> dict:
    """What an ensemble's members reach by themselves, on average; empty of a single model."""
    if "member_preferences" not in scores:
        return {}
    logs = np.stack(scores["member_preferences"])  # (pairs, members)
    accuracies = [share_won(member - math.log(0.5)) for member in logs.T]
    return {"members": len(accuracies), "member_accuracy": np.mean(accuracies), "member_nll": -logs.mean()}


def measure(scores: pd.DataFrame, raters: pd.DataFrame | None, args: argparse.Namespace) -> dict:
    """One reward model's row."""
    margin = scores["log_preference"] - math.log(0.5)
    low, high = share_interval(int((margin > 0).sum()), len(margin), args.confidence)
    return (
        {
            "kind": scores["kind"].iloc[0],
            "seed": scores["seed"].iloc[0],
            "pairs": len(scores),
            "accuracy": share_won(margin),
            "accuracy_low": low,
            "accuracy_high": high,
            "nll": float(-scores["log_preference"].mean()),
            "training_nll": scores["training_nll"].iloc[0],
            # Of a coin, and of a uniform distribution over ratings with half ties.
            "uniform_nll": math.log(2),
            "longer_wins": share_won(scores["chosen_tokens"] - scores["rejected_tokens"]),
        }
        | measure_length(scores)
        | measure_calibration(scores, args)
        | measure_spread(scores, raters, args.random_seed)
        | measure_members(scores)
    )


def measure_length(scores: pd.DataFrame) -> dict:
    """Whether a reward model knows more than length: its accuracy where length tells nothing, or the wrong thing.

    NaN of a group without pairs.
    """
    longer = scores["chosen_tokens"] - scores["rejected_tokens"]
    groups = {"balanced": scores["balanced"], "shorter_won": longer < 0, "longer_won": longer > 0}
    margin = scores["log_preference"] - math.log(0.5)
    found = {f"accuracy_{name}": share_won(margin[rows]) for name, rows in groups.items()}
    return {"balanced_pairs": int(scores["balanced"].sum())} | found


def mean_masses(scores: pd.DataFrame) -> np.ndarray:
    """Mean probability of each rating over all responses, (ratings,)."""
    logits = np.stack([*scores["chosen_outputs"], *scores["rejected_outputs"]])
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (weights / weights.sum(axis=1, keepdims=True)).mean(axis=0)


def describe_raters(world: World, pairs: list[dict]) -> pd.DataFrame:
    """What a world's raters see of each pair, by prompt_id: `difference` of their mean ratings, and `noise`.

    Noise is that of a rating, the root mean square of both responses'.
    """
    sides = [[world.ratings(row["prompt"], row[side][-1]["content"]) for row in pairs] for side in SIDES]
    (chosen, noise), (rejected, other) = (np.array(side).reshape(-1, 2).T for side in sides)
    noise = np.where(noise == other, noise, np.sqrt((noise**2 + other**2) / 2))
    return pd.DataFrame({"difference": chosen - rejected, "noise": noise}, index=[row["prompt_id"] for row in pairs])


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    raters = None
    if args.world:
        decided = [row for row in read_jsonl(args.pairs) if not row.get("tie")]
        raters = describe_raters(WORLDS[args.world], decided)
    rows, reliability, ratings = [], [], []
    for path in args.scores:
        scores = read_pairs(path)
        # All rows of a prompt hold the same pair: they were kept or dropped together, in the order of the scores.
        known = raters[raters.index.isin(scores["prompt_id"])] if args.world else None
        rows.append(measure(scores, known, args))
        key = {"kind": rows[-1]["kind"], "seed": rows[-1]["seed"]}
        outcome = in_random_order(scores, np.random.default_rng(args.random_seed))
        for group, (mean, share, count) in enumerate(calibration_bins(*outcome, BINS), start=1):
            reliability.append(key | {"group": group, "probability": mean, "share": share, "pairs": count})
        if "chosen_mean" in scores:
            ratings += [key | {"rating": i, "mass": mass} for i, mass in enumerate(mean_masses(scores), start=1)]
    ratings = pd.DataFrame(ratings, columns=["kind", "seed", "rating", "mass"])
    for path, table in (
        (args.output, pd.DataFrame(rows)),
        (args.reliability_output, pd.DataFrame(reliability)),
        (args.ratings_output, ratings),
    ):
        write_csv(path, table)


if __name__ == "__main__":
    run(main)
