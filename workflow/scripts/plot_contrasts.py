"""Plot the contrasts as a forest: estimate and interval of each, by every metric, with a dot for every seed."""

import argparse

import matplotlib.pyplot as plt
import pandas as pd

from align.errors import run
from align.plotting import colours_of, figure_parser, save_figure, use_style

METRICS = {"judges": "judges (primary)", "own": "its own reward model", "gold": "gold rating"}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--contrasts", required=True, help="CSV")
    parser.add_argument("--differences", required=True, help="CSV, a row a seed")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    contrasts, differences = (
        table[table["decoding"] == "sampled"] for table in map(pd.read_csv, (args.contrasts, args.differences))
    )
    names = list(contrasts["name"].unique())
    colours = colours_of(list(METRICS))
    labels = [
        f"{name}\n{row.arm} - {row.against}, {row.seeds} seeds"
        for name, row in ((name, contrasts[contrasts["name"] == name].iloc[0]) for name in names)
    ]
    figure, axis = plt.subplots(figsize=(args.width, 0.8 + 0.8 * len(names)))
    for offset, (metric, title) in enumerate(METRICS.items()):
        rows = contrasts[contrasts["metric"] == metric]
        heights = [names.index(name) + 0.22 * (offset - 1) for name in rows["name"]]
        for height, row in zip(heights, rows.itertuples()):
            seeds = differences[(differences["name"] == row.name) & (differences["metric"] == metric)]
            axis.plot(seeds["difference"], [height] * len(seeds), "|", color=colours[metric], markersize=6, alpha=0.7)
            axis.plot([row.ci_low, row.ci_high], [height] * 2, color=colours[metric], linewidth=1.5)
        if len(rows):
            axis.plot(rows["estimate"], heights, "o", color=colours[metric], markersize=5, label=title)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_yticks(range(len(names)), labels)
    axis.invert_yaxis()
    axis.set_xlabel("difference on held-out prompts (SFT standard deviations); ticks are seeds")
    figure.legend(loc="outside upper center", ncols=3)
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
