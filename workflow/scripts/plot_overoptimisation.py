"""Plot the reward that a policy is trained on beside judges and gold, step by step: where do they part, over what text?

Beneath a panel stand responses of the replicate in which they part furthest, where quote_training chose some.
"""

import argparse
import textwrap

import matplotlib.pyplot as plt
import pandas as pd

from align.errors import run
from findings.plotting import figure_parser, metric_colours, save_figure, smooth, use_style

FONT_SIZE, LINE_LENGTH, LINES = 6.5, 60, 3  # of a response beneath a panel
SCORES = {"proxy": "its proxy", "judges": "judges", "gold": "gold"}
STYLES = {"proxy": "-", "judges": "--", "gold": ":"}  # told apart in grey as well


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--training", required=True, help="CSV of the training curves")
    parser.add_argument("--arms", nargs="+", required=True, help="one a panel")
    parser.add_argument("--quotes", help="CSV of responses on the way")
    parser.add_argument("--smoothing", type=int, required=True, help="steps of a running mean")
    return parser.parse_args(argv)


def draw_panel(axis, runs: pd.DataFrame, smoothing: int) -> None:
    """One thin line a seed, and their mean a step as a thick one; the judges read only some steps."""
    for name in (name for name in SCORES if name in runs):
        colour, style = metric_colours()[name], STYLES[name]
        read = runs.dropna(subset=[name])
        for _, one in read.groupby("seed"):
            axis.plot(one["step"], smooth(one, name, smoothing), color=colour, linewidth=0.5, alpha=0.4)
        mean = read.groupby("step")[[name]].mean().reset_index()
        axis.plot(
            mean["step"],
            smooth(mean, name, smoothing),
            color=colour,
            linestyle=style,
            linewidth=1.8,
            label=SCORES[name],
        )
    axis.axhline(0, color="0.5", linewidth=0.8)
    axis.set_xlabel("training step")


def in_lines(text: str) -> str:
    """A response as it stands in the figure: cut to what fits, without what its font cannot show."""
    shown = "".join(letter if ord(letter) < 0x250 else "\N{MIDDLE DOT}" for letter in " ".join(text.split()))
    return "\n".join(textwrap.wrap(shown, LINE_LENGTH, max_lines=LINES, placeholder=" \N{HORIZONTAL ELLIPSIS}"))


def write_quotes(axis, quotes: pd.DataFrame) -> None:
    """The responses of one arm, each after its step and seed, where a panel's axes would be."""
    said = [f"step {one.step}, seed {one.seed}\n{in_lines(one.response)}" for one in quotes.itertuples()]
    # A response may hold dollar signs, which are no mathematics, and is not to make its panel narrower.
    text = {"va": "top", "fontsize": FONT_SIZE, "parse_math": False, "in_layout": False}
    axis.text(0, 1, "\n\n".join(said), transform=axis.transAxes, **text)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    training = pd.read_csv(args.training).rename(columns={"reward": "proxy"})
    quotes = pd.read_csv(args.quotes, keep_default_na=False) if args.quotes else None
    heights, columns = ([2.0], 4) if quotes is None else ([2.2, 1.7], 2)  # a response needs half the width
    rows, columns = -(-len(args.arms) // columns), min(columns, len(args.arms))
    figure, axes = plt.subplots(
        rows * len(heights),
        columns,
        sharey=True,
        squeeze=False,
        height_ratios=heights * rows,
        figsize=(args.width, 0.8 + sum(heights) * rows),
    )
    for axis in axes.flat:
        axis.axis("off")
    for i, arm in enumerate(args.arms):
        row, column = i // columns * len(heights), i % columns
        panel = axes[row, column]
        panel.axis("on")
        panel.set_title(arm)
        draw_panel(panel, training[training["arm"] == arm], args.smoothing)
        if column == 0:
            panel.set_ylabel("SFT standard deviations")
        if quotes is not None:
            write_quotes(axes[row + 1, column], quotes[quotes["arm"] == arm])
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
