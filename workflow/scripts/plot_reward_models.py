"""Plot what reward models say of held-out pairs: whether probabilities hold, and where a distribution puts its mass."""

import argparse

import matplotlib.pyplot as plt
import pandas as pd

from align.errors import run
from findings.plotting import colours_of, figure_parser, legend_above, save_figure, use_style


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--reliability", required=True, help="CSV: a row a reward model and group of pairs")
    parser.add_argument("--ratings", required=True, help="CSV: a row a reward model and rating")
    return parser.parse_args(argv)


def draw_reliability(axis, table: pd.DataFrame, colours: dict[str, str]) -> None:
    """One thin line a model, and the mean of its kind as a thick one."""
    axis.plot([0, 1], [0, 1], color="black", linewidth=0.8)
    for kind, colour in colours.items():
        rows = table[table["kind"] == kind]
        for _, one in rows.groupby("seed"):
            axis.plot(one["probability"], one["share"], color=colour, linewidth=0.6, alpha=0.5)
        mean = rows.groupby("group")[["probability", "share"]].mean()
        axis.plot(mean["probability"], mean["share"], "o-", color=colour, linewidth=1.8, markersize=3, label=kind)


def draw_ratings(axis, table: pd.DataFrame, colours: dict[str, str]) -> None:
    """A line a model; no mean, since each model has a scale of its own."""
    for (kind, _), one in table.groupby(["kind", "seed"]):
        axis.plot(one["rating"], one["mass"], "o-", color=colours[kind], linewidth=1.0, markersize=2.5, alpha=0.7)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    reliability, ratings = pd.read_csv(args.reliability), pd.read_csv(args.ratings)
    colours = colours_of(list(reliability["kind"].unique()))
    figure, (left, right) = plt.subplots(1, 2, figsize=(args.width, 3.4))
    draw_reliability(left, reliability, colours)
    left.set_xlabel("stated probability that the first response was chosen")
    left.set_ylabel("share in which it was")
    draw_ratings(right, ratings, colours)
    right.set_xlabel("rating")
    right.set_ylabel("mean probability")
    right.set_ylim(bottom=0)
    legend_above(figure, left)
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
