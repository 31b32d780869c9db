"""How far gold rises in each replicate's training, at what KL, and whether it falls again (Gao et al. 2022)."""

import argparse

import pandas as pd

from align.errors import InputError, run
from align.files import write_csv


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--training", required=True, help="CSV of the training curves, with gold")
    parser.add_argument("--window", type=int, required=True, help="steps of the running means")
    parser.add_argument(
        "--collapse", type=float, required=True, help="fall from the peak beyond which a replicate collapsed"
    )
    parser.add_argument("--output", required=True, help="CSV: a row an arm and seed")
    return parser.parse_args(argv)


def measure_run(curve: pd.DataFrame, window: int, collapse: float) -> dict:
    """Peak and end of one replicate's gold, in SFT standard deviations, and where it has fallen by `collapse`.

    `curve` is a row a step, in order, with gold and KL; both are means over the last `window` steps. The peak is the
    first of the highest, and by choice of the highest a little too high, the more so the shorter the window.
    `fall_step` and `fall_kl` are None where gold never fell so far; a replicate that fell and came back has them, and
    did not collapse.
    """
    means = curve.set_index("step")[["gold", "kl"]].rolling(window).mean().dropna()
    gold, kl, peak = means["gold"], means["kl"], means["gold"].idxmax()
    fallen = gold[(gold.index > peak) & (gold < gold[peak] - collapse)].index
    fall = gold[peak] - gold.iloc[-1]
    return {
        "steps": int(curve["step"].max()),
        "peak_gold": gold[peak],
        "peak_step": peak,
        "peak_kl": kl[peak],
        "fall_step": fallen[0] if len(fallen) else None,
        "fall_kl": kl[fallen[0]] if len(fallen) else None,
        "end_gold": gold.iloc[-1],
        "end_kl": kl.iloc[-1],
        "fall": fall,
        "collapsed": bool(fall > collapse),
    }


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    training = pd.read_csv(args.training)
    shortest = training.groupby(["arm", "seed"]).size().min()
    if shortest < args.window:
        raise InputError(f"statistics.overoptimisation.window is {args.window}: a training has {shortest} steps alone")
    rows = [
        {"arm": arm, "seed": seed} | measure_run(curve, args.window, args.collapse)
        for (arm, seed), curve in training.groupby(["arm", "seed"], sort=False)
    ]
    write_csv(args.output, pd.DataFrame(rows))


if __name__ == "__main__":
    run(main)
