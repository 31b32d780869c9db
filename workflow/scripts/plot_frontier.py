"""Plot reward against KL over training, every seed: by its own reward model, by the judges and, where it is, by gold.

The best of n SFT responses, chosen by Level 1's reward model, is the reference: its KL is at most log n - (n - 1) / n.
"""

import argparse

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import ScalarFormatter

from align.errors import run
from findings.plotting import (
    add_policies_flag,
    figure_parser,
    legend_above,
    lines_of,
    off_the_scale,
    save_figure,
    smooth,
    use_style,
)

LINEAR_TO = 10  # nats
PANELS = {"reward": "its proxy", "judges": "judges", "gold": "gold rating"}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--training", required=True, help="CSV of the training curves")
    parser.add_argument("--screen", required=True, help="CSV of best of n")
    parser.add_argument("--chooser", required=True, help="the arm whose signal chooses the best of n")
    parser.add_argument("--arms", nargs="+", required=True, help="those that are shown")
    add_policies_flag(parser)
    parser.add_argument("--placebos", nargs="*", default=[], help="arms that may leave the axes")
    parser.add_argument("--smoothing", type=int, required=True, help="steps of a running mean")
    return parser.parse_args(argv)


def draw_runs(axis, training: pd.DataFrame, column: str, lines: dict[str, dict], smoothing: int) -> None:
    """One thin line a run, from its first step to its last, which has a dot; the mean over seeds is thick."""
    seen = training.dropna(subset=[column])
    for arm, line in lines.items():
        runs = seen[seen["arm"] == arm]
        for _, one in runs.groupby("seed"):
            kl, value = smooth(one, "kl", smoothing), smooth(one, column, smoothing)
            axis.plot(kl, value, **line, linewidth=0.5, alpha=0.25)
            axis.plot(kl.iloc[-1], value.iloc[-1], "o", color=line["color"], markersize=2.5, alpha=0.5)
        mean = runs.groupby("step")[["kl", column]].mean().reset_index()
        kl, value = smooth(mean, "kl", smoothing), smooth(mean, column, smoothing)
        axis.plot(kl, value, **line, linewidth=1.6, zorder=4, label=arm)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    training, screen = pd.read_csv(args.training), pd.read_csv(args.screen)
    lines = lines_of(args.policies)
    placebos, others = (
        {arm: lines[arm] for arm in args.arms if (arm in args.placebos) == is_} for is_ in (True, False)
    )
    best = screen[screen["arm"] == args.chooser].groupby("n").mean(numeric_only=True)
    panels = {column: title for column, title in PANELS.items() if column in training}
    figure, axes = plt.subplots(1, len(panels), figsize=(args.width, 3.6), squeeze=False)
    for axis, (column, title) in zip(axes.flat, panels.items()):
        draw_runs(axis, training, column, others, args.smoothing)
        with off_the_scale(axis):
            draw_runs(axis, training, column, placebos, args.smoothing)
        if column in best:
            axis.plot(
                best["kl"],
                best[column],
                "D:",
                color="0.35",
                markersize=3.5,
                linewidth=1.2,
                zorder=5,
                label=f"best of n by {args.chooser}",
            )
        axis.set_title(title)
        axis.set_xlim(left=0)
        farthest = axis.get_xlim()[1]
        if farthest > 2 * LINEAR_TO:  # as far as most arms go; an arm without a penalty may go ten times as far
            axis.set_xscale("symlog", linthresh=LINEAR_TO, linscale=2)
            axis.set_xlim(0, farthest)
            axis.set_xticks([kl for kl in (0, 5, 10, 30, 100, 1000) if kl <= farthest])
            axis.xaxis.set_major_formatter(ScalarFormatter())
        axis.set_xlabel(f"KL to SFT (nats{f', log above {LINEAR_TO:g}' if farthest > 2 * LINEAR_TO else ''})")
    axes.flat[0].set_ylabel("SFT standard deviations")
    legend_above(figure, axes.flat[1])
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
