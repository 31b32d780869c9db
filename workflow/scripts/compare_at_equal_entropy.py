"""Compare arms with SFT at equal entropy: is a policy more than a sharper SFT model, sampled at a lower temperature?"""

import argparse

import numpy as np
import pandas as pd

from align.errors import run
from align.files import write_csv
from findings.evidence import exact_sign_flip_p, mean_interval
from findings.sharper import sft_at, sft_at_entropy


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arms", required=True, help="CSV: a row an arm, seed and decoding, means over responses")
    parser.add_argument("--temperatures", nargs="*", type=float, default=[], help="of SFT, whose arms are sft_{t}")
    parser.add_argument("--other-makes", nargs="*", default=[], help="metrics beside judges and gold")
    parser.add_argument("--confidence", type=float, required=True)
    parser.add_argument("--output", required=True, help="CSV: a row an arm and metric")
    return parser.parse_args(argv)


def compare(arms: pd.DataFrame, arm: str, metric: str, temperatures: list[float], confidence: float) -> dict:
    """An arm's sampled responses less SFT's at the temperature at which those have the same entropy, seed by seed."""
    rows = arms[(arms["arm"] == arm) & (arms["decoding"] == "sampled")]
    differences, reached = [], []
    for _, row in rows.iterrows():
        sft, temperature = sft_at_entropy(arms, row, temperatures, [metric, "temperature"])
        differences.append(row[metric] - sft)
        reached.append(temperature)
    low, high = mean_interval(np.array(differences), confidence)
    return {
        "arm": arm,
        "metric": metric,
        "seeds": len(differences),
        "entropy": float(rows["entropy"].mean()),
        "temperature": float(np.mean(reached)),
        "estimate": float(np.mean(differences)),
        "ci_low": low,
        "ci_high": high,
        "p_exact": exact_sign_flip_p(np.array(differences)),
    }


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    arms = pd.read_csv(args.arms)
    metrics = [name for name in ("judges", "gold", *args.other_makes) if name in arms]
    on_the_curve = {"sft", *map(sft_at, args.temperatures)}
    compared = [arm for arm in arms["arm"].unique() if arm not in on_the_curve]
    rows = [compare(arms, arm, metric, args.temperatures, args.confidence) for arm in compared for metric in metrics]
    write_csv(args.output, pd.DataFrame(rows))


if __name__ == "__main__":
    run(main)
