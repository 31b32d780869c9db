"""Plot the ladder of Level 2: what knowing the truth gains, then learned signals, then policies.

All three by gold: the best of n of SFT's responses above their mean, and policies above SFT. A rung that loses much
is where a distribution over ratings could have helped, and did not.
"""

import argparse
import itertools

import matplotlib.pyplot as plt
import pandas as pd

from align.errors import InputError, run
from findings.by_seed import rises
from findings.plotting import (
    MARKERS,
    add_policies_flag,
    colours_of,
    figure_parser,
    legend_above,
    save_figure,
    use_style,
)

KNOWING = {
    "true_mean": "knows the true mean",
    "true_spread": "knows the true mean and spread",
    "true_win": "knows the true chance of winning",
}
KNOWING_MARKERS = "DpX"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--oracle", required=True, help="CSV: what each chooser gains")
    parser.add_argument("--table", required=True, help="CSV: arms' means a replicate")
    parser.add_argument("--arms", nargs="+", required=True, help="those in question")
    add_policies_flag(parser)
    return parser.parse_args(argv)


def climb(oracle: pd.DataFrame, table: pd.DataFrame, arms: list[str]) -> dict[str, dict[str, pd.Series]]:
    """Gains by gold, a value a seed, by rung and by who chose: names of KNOWING, or arms that were trained."""
    best = oracle[oracle["truth"] & (oracle["n"] == oracle["n"].max())]
    by_chooser = {name: part["gain"].reset_index(drop=True) for name, part in best.groupby("chooser")}
    trained = [arm for arm in arms if arm in by_chooser and arm in set(table["arm"])]
    if not trained:
        raise InputError(f"none of the arms {', '.join(arms)} is in both tables: name those that were trained")
    n = best["n"].iloc[0]
    return {
        f"best of {n},\nby an oracle": {label: by_chooser[name] for name, label in KNOWING.items()},
        f"best of {n}, by\nlearned signals": {arm: by_chooser[arm] for arm in trained},
        "after\nREINFORCE": {arm: rises(table, arm, "gold") for arm in trained},
    }


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    rungs = climb(pd.read_csv(args.oracle), pd.read_csv(args.table), args.arms)
    colours = dict.fromkeys(KNOWING.values(), "0.35") | colours_of(args.policies)
    markers = dict(zip(KNOWING.values(), KNOWING_MARKERS)) | dict(zip(args.arms, itertools.cycle(MARKERS)))
    figure, axis = plt.subplots(figsize=(args.width, 1.0 + 1.0 * len(rungs)))
    labelled: set[str] = set()
    for row, gains in enumerate(rungs.values()):
        for place, (name, of_seeds) in enumerate(gains.items()):
            height = row + 0.8 * ((place + 0.5) / len(gains) - 0.5)
            look = {"marker": markers[name], "color": colours[name], "linestyle": ""}
            axis.plot(of_seeds, [height] * len(of_seeds), markersize=3, alpha=0.5, markeredgewidth=0, **look)
            label = None if name in labelled else name
            axis.plot(of_seeds.mean(), height, markersize=7, markeredgecolor="white", label=label, **look)
            labelled.add(name)
    axis.set_yticks(range(len(rungs)), list(rungs))
    axis.set_ylim(len(rungs) - 0.5, -0.5)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_xlabel("gold above SFT's mean, SFT standard deviations; small marks are replicates")
    legend_above(figure, axis)
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
