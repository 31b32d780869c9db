"""What tied pairs teach: does a model that learned from them know how noisy raters are, and choose better by it?"""

import argparse
import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from align.errors import run
from align.files import write_csv
from align.tables import read_pairs
from findings.evidence import share_won

# What is known of the same models by their decided pairs alone; and the NLL of what they learned from, ties or none.
KNOWN = (
    "training_nll",
    "accuracy",
    "mean_deviation",
    "spread_noise_correlation",
    "interaction_gain",
    "interaction_gain_error",
)
KNOWN += ("true_noise_gain", "oracle_interaction_gain", "oracle_interaction_gain_error")
CHOOSERS = ("gold", "judges")


class Arm(NamedTuple):
    name: str
    reward_model: str
    signal: str


def parse_arm(text: str) -> Arm:
    return Arm(*text.split(":"))


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", nargs="+", required=True, help="parquet tables of scored validation pairs")
    parser.add_argument("--reward-models", required=True, help="CSV: a row a reward model, by its decided pairs")
    parser.add_argument("--screen", required=True, help="CSV: best of n by each arm's signal")
    parser.add_argument("--arms", nargs="+", type=parse_arm, required=True, help="name:reward model:signal")
    parser.add_argument("--output", required=True, help="CSV: a row a reward model")
    return parser.parse_args(argv)


def constant_nll(tie_share: float) -> float:
    """NLL of who knows how often raters tie, and nothing else; without ties ln 2, a coin's."""
    decided = 1 - tie_share
    return -(decided * math.log(decided / 2) + (tie_share * math.log(tie_share) if tie_share else 0.0))


def measure_pairs(scores: pd.DataFrame) -> dict:
    """NLL of decided pairs, given that they are, and of all with ties as a third outcome; and how ties are told.

    `nll` counts a tie one half, as reward_models.csv does. Of a model that knows nothing of ties, decided pairs alone.
    """
    decided, tied = scores[~scores["tie"]], scores[scores["tie"]]
    share = len(tied) / len(scores)
    found = {
        "pairs": len(decided),
        "ties": len(tied),
        "nll": float(-decided["log_preference"].mean()),
        "nll_decided": float(-decided["log_preference"].mean()),
        "coin_nll": math.log(2),
        "constant_nll_with_ties": constant_nll(share),
        "tie_share": share,
    }
    if "log_tie" not in scores:
        return found
    said = np.where(scores["tie"], scores["log_tie"], scores["log_win"])
    given_decided = decided["log_win"] - np.log(-np.expm1(decided["log_tie"]))
    more = tied["log_tie"].to_numpy()[:, None] - decided["log_tie"].to_numpy()
    return found | {
        "nll_decided": float(-given_decided.mean()),
        "nll_with_ties": float(-said.mean()),
        "tie_probability": float(np.exp(scores["log_tie"]).mean()),
        # How often a tied pair has the larger P(tie) of itself and a decided one: 1/2 by chance.
        "ties_told": share_won(more) if len(tied) else math.nan,
    }


def best_by_signal(screen: pd.DataFrame, arms: list[Arm], kind: str, seed: int) -> dict:
    """What the best of the largest n is worth by each signal of a reward model, in SFT standard deviations."""
    largest = screen[(screen["n"] == screen["n"].max()) & (screen["seed"] == seed)].set_index("arm")
    found = {"best_of": screen["n"].max()}
    for arm in arms:
        # Arms that train otherwise with the same signal choose alike: the first one stands for them.
        if arm.reward_model == kind and arm.name in largest.index and f"{CHOOSERS[1]}_{arm.signal}" not in found:
            found |= {f"{by}_{arm.signal}": largest.loc[arm.name, by] for by in CHOOSERS if by in largest}
    return found


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    known = pd.read_csv(args.reward_models).set_index(["kind", "seed"])
    known = known[[column for column in KNOWN if column in known]]
    screen, rows = pd.read_csv(args.screen), []
    for path in args.scores:
        scores = read_pairs(path, ties=True)
        kind, seed = scores["kind"].iloc[0], int(scores["seed"].iloc[0])
        measured = measure_pairs(scores) | known.loc[(kind, seed)].to_dict()
        rows.append({"kind": kind, "seed": seed} | measured | best_by_signal(screen, args.arms, kind, seed))
    write_csv(args.output, pd.DataFrame(rows))


if __name__ == "__main__":
    run(main)
