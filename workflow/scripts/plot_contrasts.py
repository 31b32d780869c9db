"""Plot the contrasts as a forest: estimate and interval of each, by every metric, with a dot for every seed."""

import argparse

import matplotlib.pyplot as plt
import pandas as pd

from align.errors import run
from findings.plotting import figure_parser, metric_colours, save_figure, use_style

METRICS = {"judges": "judges (primary)", "own": "its own reward model", "gold": "gold rating"}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--contrasts", required=True, help="CSV")
    parser.add_argument("--differences", required=True, help="CSV, a row a seed")
    parser.add_argument(
        "--equivalence-margin", type=float, required=True, help="a difference within it does not matter"
    )
    return parser.parse_args(argv)


def draw_forest(axis, contrasts: pd.DataFrame, differences: pd.DataFrame) -> None:
    """A contrast a row: by each metric its estimate, its interval, and a tick a seed."""
    names, colours = list(contrasts["name"].unique()), metric_colours()
    for offset, metric in enumerate(METRICS):
        rows = contrasts[contrasts["metric"] == metric]
        heights = [names.index(name) + 0.22 * (offset - 1) for name in rows["name"]]
        for height, row in zip(heights, rows.itertuples()):
            seeds = differences[(differences["name"] == row.name) & (differences["metric"] == metric)]
            axis.plot(seeds["difference"], [height] * len(seeds), "|", color=colours[metric], markersize=6, alpha=0.7)
            axis.plot([row.ci_low, row.ci_high], [height] * 2, color=colours[metric], linewidth=1.5)
        axis.plot(rows["estimate"], heights, "o", color=colours[metric], markersize=5, label=METRICS[metric])
    first = [contrasts[contrasts["name"] == name].iloc[0] for name in names]
    counts = [f"{row.seeds} seed{'s' if row.seeds > 1 else ''}" for row in first]
    labels = [f"{row.arm} - {row.against}\n{row['name']}, {count}" for row, count in zip(first, counts)]
    axis.set_yticks(range(len(names)), labels)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.axvline(0, color="black", linewidth=0.8)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    contrasts, differences = (
        table[table["decoding"] == "sampled"] for table in map(pd.read_csv, (args.contrasts, args.differences))
    )
    # Differences between arms are small beside those from SFT, and have an axis of their own.
    against_sft = contrasts["against"] == "sft"
    groups = [group for group in (contrasts[against_sft], contrasts[~against_sft]) if len(group)]
    sizes = [group["name"].nunique() for group in groups]
    figure, axes = plt.subplots(
        len(groups), figsize=(args.width, 1.2 + 0.55 * sum(sizes)), height_ratios=sizes, squeeze=False
    )
    for axis, group in zip(axes.flat, groups):
        draw_forest(axis, group, differences)
        axis.axvspan(-args.equivalence_margin, args.equivalence_margin, color="0.5", alpha=0.12, linewidth=0)
    figure.supxlabel("difference on held-out prompts, SFT standard deviations", fontsize=9)
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
