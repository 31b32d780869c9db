"""Plot the contrasts as a forest: estimate and interval of each, by every metric, with a dot for every seed."""

import argparse

import matplotlib.pyplot as plt
import pandas as pd

from align.errors import run
from findings.plotting import MARKERS, colours_of, figure_parser, legend_above, save_figure, use_style
from findings.readings import WITH_END

METRICS = {"judges": "judges (primary)", "proxy": "its proxy", "gold": "gold rating"}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--contrasts", required=True, help="CSV")
    parser.add_argument("--differences", required=True, help="CSV, a row a seed")
    parser.add_argument("--placebos", nargs="*", default=[], help="arms that may leave the axes")
    parser.add_argument(
        "--equivalence-margin", type=float, required=True, help="a difference within it does not matter"
    )
    return parser.parse_args(argv)


def metrics_of(contrasts: pd.DataFrame) -> dict[str, str]:
    """The metrics to draw and their names, judges of other makes last; each judge as it reads what was cut off."""
    others = [kind for kind in contrasts["metric"].unique() if kind not in METRICS and not kind.endswith(WITH_END)]
    names = METRICS | {kind: f"judges of another make: {kind}" for kind in sorted(others)}
    return {metric: name for metric, name in names.items() if (contrasts["metric"] == metric).any()}


def limits_of(contrasts: pd.DataFrame, differences: pd.DataFrame) -> tuple[float, float]:
    """An axis that holds all intervals and seeds of some contrasts, and 0."""
    seeds = differences[differences["name"].isin(contrasts["name"])]["difference"]
    low, high = min(0, contrasts["ci_low"].min(), seeds.min()), max(0, contrasts["ci_high"].max(), seeds.max())
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room


def mark_beyond(axis, row, height: float, colour: str, limits: tuple[float, float]) -> None:
    """An arrow at the edge that an estimate or an interval leaves the axis by, with what it comes to."""
    for at, end, side in ((limits[0], row.ci_low, -1), (limits[1], row.ci_high, 1)):
        if (end - at) * side <= 0:
            continue
        beyond = (row.estimate - at) * side > 0
        value = f"{row.estimate:+.1f} (to {end:+.1f})" if beyond else f"to {end:+.1f}"
        text, place = (f"{value} →", "right") if side > 0 else (f"← {value}", "left")
        axis.text(at, height - 0.05, text, ha=place, va="bottom", fontsize=7, color=colour)


def draw_forest(axis, contrasts: pd.DataFrame, differences: pd.DataFrame, metrics: dict, placebos: list[str]) -> None:
    """A contrast a row: by each metric its estimate, its interval, and a tick a seed; placebos may leave the axis."""
    in_question = contrasts[~contrasts["arm"].isin(placebos)]
    limits = limits_of(in_question if len(in_question) else contrasts, differences)
    names, colours = list(contrasts["name"].unique()), colours_of([*dict.fromkeys([*METRICS, *metrics])])
    for place, metric in enumerate(metrics):
        rows = contrasts[contrasts["metric"] == metric]
        heights = [names.index(name) + 0.66 * ((place + 0.5) / len(metrics) - 0.5) for name in rows["name"]]
        for height, row in zip(heights, rows.itertuples()):
            seeds = differences[(differences["name"] == row.name) & (differences["metric"] == metric)]
            axis.plot(seeds["difference"], [height] * len(seeds), "|", color=colours[metric], markersize=6, alpha=0.7)
            axis.plot([row.ci_low, row.ci_high], [height] * 2, color=colours[metric], linewidth=1.5)
            mark_beyond(axis, row, height, colours[metric], limits)
        marker = MARKERS[place % len(MARKERS)]
        axis.plot(rows["estimate"], heights, marker, color=colours[metric], markersize=5, label=metrics[metric])
    first = [contrasts[contrasts["name"] == name].iloc[0] for name in names]
    counts = [f"{row.seeds} seed{'s' if row.seeds > 1 else ''}" for row in first]
    labels = [f"{row.arm} - {row.against}\n{row['name']}, {count}" for row, count in zip(first, counts)]
    axis.set_yticks(range(len(names)), labels)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlim(limits)
    axis.axvline(0, color="black", linewidth=0.8)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    contrasts, differences = (
        table[table["decoding"] == "sampled"] for table in map(pd.read_csv, (args.contrasts, args.differences))
    )
    metrics = metrics_of(contrasts)
    contrasts, differences = (table[table["metric"].isin(metrics)] for table in (contrasts, differences))
    # Differences between arms are small beside those from SFT, and have an axis of their own.
    groups = [contrasts[contrasts["against"] == "sft"], contrasts[contrasts["against"] != "sft"]]
    groups = [group for group in groups if len(group)]
    sizes = [group["name"].nunique() for group in groups]
    figure, axes = plt.subplots(
        len(groups), figsize=(args.width, 1.2 + 0.55 * sum(sizes)), height_ratios=sizes, squeeze=False
    )
    for axis, group in zip(axes.flat, groups):
        draw_forest(axis, group, differences, metrics, args.placebos)
        axis.axvspan(-args.equivalence_margin, args.equivalence_margin, color="0.5", alpha=0.12, linewidth=0)
    figure.supxlabel("difference on held-out prompts, SFT standard deviations", fontsize=9)
    legend_above(figure, axes.flat[0])
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
