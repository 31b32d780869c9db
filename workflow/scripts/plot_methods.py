"""Plot the paper's methods beside REINFORCE: its win rates, and what they gain here by gold and by judges.

Methods stand in the paper's order, the best on top; REINFORCE with b_MA is 0 on both sides.
"""

import argparse

import matplotlib.pyplot as plt

from align.errors import InputError, run
from align.files import read_json
from findings.contrast_words import DECIDING
from findings.methods import rivals_of, tests_by
from findings.plotting import MARKERS, figure_parser, legend_above, metric_colours, save_figure, use_style

LABELS = {"gold": "gold", "judges": "judges"}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--summary", required=True, help="summary.json of the experiment that trained several methods")
    parser.add_argument("--paper", required=True, help="JSON of what the paper found")
    parser.add_argument(
        "--equivalence-margin", type=float, required=True, help="a difference within it does not matter"
    )
    return parser.parse_args(argv)


def in_the_papers_order(methods: dict, paper: dict) -> list[dict]:
    """The rivals, each with `there`, its win rate on TL;DR less REINFORCE's in points; those not ranked come last.

    Raises InputError if no method but REINFORCE was trained.
    """
    rivals = rivals_of(methods, paper)
    if not rivals:
        raise InputError("--summary is of an experiment that trained no method but REINFORCE: give rivals' or methods'")
    (own,) = (row["win_rates"][0] for row in paper["methods"] if row["method"] == "reinforce")
    rows = [row | {"there": row["win_rates"][0] - own if row["win_rates"] else None} for row in rivals]
    return sorted(rows, key=lambda row: (row["there"] is None, -(row["there"] or 0)))


def draw_here(axis, methods: dict, rivals: list[dict]) -> None:
    """By gold and by judges each rival's difference from REINFORCE: its mean, its interval, and a tick a seed."""
    names, colours = [row["name"] for row in rivals], metric_colours()
    by_metric = {metric: tests_by(methods, rivals, metric) for metric in DECIDING}
    by_metric = {metric: tests for metric, tests in by_metric.items() if tests}
    for place, (metric, tests) in enumerate(by_metric.items()):
        shift = 0.5 * ((place + 0.5) / len(by_metric) - 0.5)
        look = {"color": colours[metric]}
        for name, row in tests.items():
            height = names.index(name) + shift
            axis.plot(row["by_seed"], [height] * len(row["by_seed"]), "|", markersize=6, alpha=0.7, **look)
            axis.plot([row["ci_low"], row["ci_high"]], [height] * 2, linewidth=1.5, **look)
            axis.plot(row["estimate"], height, MARKERS[place], markersize=5, **look)
        axis.plot([], [], MARKERS[place], label=LABELS[metric], **look)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    methods, paper = read_json(args.summary), read_json(args.paper)
    rivals = in_the_papers_order(methods, paper)
    size = (args.width, 1.3 + 0.4 * len(rivals))
    figure, (there, here) = plt.subplots(1, 2, sharey=True, figsize=size, width_ratios=(1, 1.6))
    for height, row in enumerate(rivals):
        if row["there"] is not None:
            there.plot(row["there"], height, "D", color="0.35", markersize=5)
    draw_here(here, methods, rivals)
    here.axvspan(-args.equivalence_margin, args.equivalence_margin, color="0.5", alpha=0.12, linewidth=0)
    there.set_yticks(range(len(rivals)), [row["name"] for row in rivals])
    there.set_ylim(len(rivals) - 0.5, -0.5)
    for axis in (there, here):
        axis.axvline(0, color="black", linewidth=0.8)
    there.set_xlabel("the paper, TL;DR: win rate\nless REINFORCE's (points)")
    here.set_xlabel("here: less REINFORCE's, SFT standard deviations;\nticks are replicates")
    legend_above(figure, here)
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
