"""Compare arms at equal KL: what each bought for the same distance from SFT, seed by seed, from their training."""

import argparse

import numpy as np
import pandas as pd

from align.errors import run
from align.files import write_csv
from findings.by_seed import GOLD_PARTS
from findings.contrasts import parse_contrast
from findings.evidence import exact_sign_flip_p, mean_interval

# A straight line follows fewer steps too closely to say anything, and a curve of three coefficients twice as many.
FEWEST_STEPS = 5


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--training", required=True, help="CSV of the training curves")
    parser.add_argument("--contrasts", nargs="+", type=parse_contrast, required=True, help="name:arm:against:role")
    parser.add_argument("--confidence", type=float, required=True)
    parser.add_argument("--output", required=True, help="CSV: a row a contrast and metric with enough rated steps")
    return parser.parse_args(argv)


def fit_frontier(curve: pd.DataFrame, metric: str) -> np.ndarray:
    """Coefficients of metric = c2 d^2 + c1 d + c0, highest first, with d = sqrt(KL), over a training's rated steps.

    The form is that of Gao, Schulman and Hilton 2022 (arXiv 2210.10760). A step has few responses and KL does not rise
    at every one: the curve through all of them is steadier than any of its points. Of few steps it is a straight line.
    """
    seen = curve.dropna(subset=[metric])
    # A KL estimated from a few responses may fall below 0.
    powers = np.vander(np.sqrt(seen["kl"].clip(lower=0)), 3 if len(seen) >= 2 * FEWEST_STEPS else 2)
    return np.linalg.lstsq(powers, seen[metric], rcond=None)[0]


def final_kl(curve: pd.DataFrame) -> float:
    """Mean KL of the last tenth of a training's steps, nats a response."""
    return float(curve["kl"].tail(max(1, len(curve) // 10)).mean())


def compare(training: pd.DataFrame, arm: str, against: str, metric: str, confidence: float) -> dict:
    """Arm less the other, each on its own curve at the KL that both reached in that seed."""
    differences, reached = [], []
    for seed in sorted(set(training.loc[training["arm"] == arm, "seed"])):
        pair = [training[(training["arm"] == name) & (training["seed"] == seed)] for name in (arm, against)]
        kl = min(map(final_kl, pair))
        ours, theirs = (np.polyval(fit_frontier(curve, metric), np.sqrt(max(kl, 0.0))) for curve in pair)
        differences.append(ours - theirs)
        reached.append(kl)
    low, high = mean_interval(np.array(differences), confidence)
    return {
        "seeds": len(differences),
        "kl": float(np.mean(reached)),
        "estimate": float(np.mean(differences)),
        "ci_low": low,
        "ci_high": high,
        "p_exact": exact_sign_flip_p(np.array(differences)),
    }


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    training = pd.read_csv(args.training)
    metrics = [name for name in ("judges", "gold", *GOLD_PARTS) if name in training]
    rows = []
    for name, arm, against, _ in args.contrasts:
        # SFT has no KL to be matched at.
        pair = training[training["arm"].isin([arm, against])]
        if {arm, against} <= set(pair["arm"]):
            key = {"name": name, "arm": arm, "against": against}
            rated = [m for m in metrics if pair.groupby(["arm", "seed"])[m].count().min() >= FEWEST_STEPS]
            rows += [key | {"metric": m} | compare(pair, arm, against, m, args.confidence) for m in rated]
    columns = ["name", "arm", "against", "metric", "seeds", "kl", "estimate", "ci_low", "ci_high", "p_exact"]
    write_csv(args.output, pd.DataFrame(rows, columns=columns))


if __name__ == "__main__":
    run(main)
