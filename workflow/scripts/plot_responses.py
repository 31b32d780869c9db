"""Plot what responses are like: how long they are, and how the difference from SFT spreads over prompts."""

import argparse

import matplotlib.pyplot as plt
import pandas as pd

from align.errors import run
from findings.plotting import add_policies_flag, figure_parser, legend_above, lines_of, save_figure, use_style

PANELS = {
    "tokens": "length of sampled responses (tokens)",
    "judges": "difference from SFT by the judges (SFT s.d.)",
    "gold": "difference from SFT by gold (SFT s.d.)",
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--distributions", required=True, help="CSV of quantiles")
    parser.add_argument("--arms", nargs="+", required=True, help="arms to show, SFT first")
    add_policies_flag(parser)
    return parser.parse_args(argv)


def draw_panel(axis, table: pd.DataFrame, column: str, lines: dict[str, dict]) -> None:
    """Share of responses, or of prompts, up to each value: a thin line a seed, a thick one for the mean quantile."""
    for arm, line in lines.items():
        runs = table[table["arm"] == arm]
        for _, one in runs.groupby("seed"):
            axis.plot(one[column], one["share"], **line, linewidth=0.5, alpha=0.35)
        mean = runs.groupby("share")[column].mean()
        axis.plot(mean, mean.index, **line, linewidth=1.6, label=arm)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    table = pd.read_csv(args.distributions)
    table, lines = table[table["decoding"] == "sampled"], lines_of(args.policies)
    panels = {column: title for column, title in PANELS.items() if column in table}
    figure, axes = plt.subplots(1, len(panels), sharey=True, figsize=(args.width, 3.4))
    for axis, (column, title) in zip(axes.flat, panels.items()):
        # SFT's difference from itself is none.
        shown = {arm: lines[arm] for arm in args.arms if column == "tokens" or arm != "sft"}
        draw_panel(axis, table, column, shown)
        axis.set_xlabel(title.replace(" (", "\n("))
        if column != "tokens":
            axis.axvline(0, color="0.5", linewidth=0.8)
    axes.flat[0].set_ylabel("share of responses, or of prompts")
    legend_above(figure, axes.flat[0])
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
