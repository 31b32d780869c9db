"""Plot the reward that a policy is trained on beside judges and gold, step by step: where do they part?"""

import argparse

import matplotlib.pyplot as plt
import pandas as pd

from align.errors import run
from findings.plotting import figure_parser, metric_colours, save_figure, smooth, use_style

COLUMNS = 4
SCORES = {"own": "its own reward model", "judges": "judges", "gold": "gold"}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--training", required=True, help="CSV of the training curves")
    parser.add_argument("--arms", nargs="+", required=True, help="one a panel")
    parser.add_argument("--smoothing", type=int, required=True, help="steps of a running mean")
    return parser.parse_args(argv)


def draw_panel(axis, runs: pd.DataFrame, smoothing: int) -> None:
    """One thin line a seed, and their mean a step as a thick one; the judges read only some steps."""
    for name in (name for name in SCORES if name in runs):
        colour = metric_colours()[name]
        read = runs.dropna(subset=[name])
        for _, one in read.groupby("seed"):
            axis.plot(one["step"], smooth(one, name, smoothing), color=colour, linewidth=0.5, alpha=0.4)
        mean = read.groupby("step")[[name]].mean().reset_index()
        axis.plot(mean["step"], smooth(mean, name, smoothing), color=colour, linewidth=1.8, label=SCORES[name])
    axis.axhline(0, color="0.5", linewidth=0.8)
    axis.set_xlabel("training step")


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    training = pd.read_csv(args.training).rename(columns={"reward": "own"})
    rows = -(-len(args.arms) // COLUMNS)
    figure, axes = plt.subplots(
        rows, min(COLUMNS, len(args.arms)), sharey=True, squeeze=False, figsize=(args.width, 1.2 + 2 * rows)
    )
    for axis, arm in zip(axes.flat, args.arms):
        draw_panel(axis, training[training["arm"] == arm], args.smoothing)
        axis.set_title(arm)
    for axis in axes.flat[len(args.arms) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("SFT standard deviations")
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
