"""Plot the answer: how far each arm rose above SFT, by its own reward model, by judges and by gold, a dot a replicate.

Above the first arm stands what sharpening alone would have done: SFT at the temperature that has that arm's entropy,
and SFT at the temperature, or decoded greedily, that the reader likes best.
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
from findings.sharper import best_sharper, sft_at, sft_at_entropy

READERS = {
    "proxy": "the proxy: the reward\nmodel it learned from",
    "judges": "judges, whom no\npolicy learned from",
    "gold": "gold, the truth",
}
SHARPER = "SFT, same entropy"
BEST = "SFT, best temperature or greedy"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--experiments", nargs="+", required=True, help="a panel each: what stands above it")
    parser.add_argument("--tables", nargs="+", required=True, help="CSV, one an experiment: arms' means a replicate")
    parser.add_argument("--arms", nargs="+", required=True, help="those in question; the first is held against SFT")
    add_policies_flag(parser)
    parser.add_argument(
        "--temperatures",
        nargs="*",
        type=float,
        default=[],
        help="of SFT, whose arms are sft_{t}; those that a table has",
    )
    parser.add_argument("--other-makes", nargs="*", default=[], help="kinds of judges beside SFT's own make")
    return parser.parse_args(argv)


def sharper_rises(table: pd.DataFrame, arm: str, reader: str, temperatures: list[float]) -> pd.Series:
    """What SFT gains over temperature 1 by an arm's entropy alone, a value a seed."""
    sampled = table[table["decoding"] == "sampled"].set_index(["arm", "seed"])
    temperatures = [one for one in temperatures if (table["arm"] == sft_at(one)).any()]
    gains = {}
    for seed, row in sampled.loc[arm].iterrows():
        (sharp,) = sft_at_entropy(table, pd.concat([row, pd.Series({"seed": seed})]), temperatures, [reader])
        gains[seed] = sharp - sampled.loc[("sft", seed), reader]
    return pd.Series(gains)


def best_rises(table: pd.DataFrame, reader: str, temperatures: list[float]) -> pd.Series:
    """What SFT gains over temperature 1 at its best lower temperature or decoded greedily, a value a seed."""
    _, best = best_sharper(table, reader, temperatures)
    return best - table[(table["arm"] == "sft") & (table["decoding"] == "sampled")].set_index("seed")[reader]


def draw_panel(axis, table: pd.DataFrame, args: argparse.Namespace, readers: dict[str, str]) -> None:
    """A row a reader; in it a line an arm, with a small dot a replicate and the mean in a large one."""
    arms = args.arms
    there = [arm for arm in arms if arm in set(table["arm"])]
    if not there:
        raise InputError(f"none of the arms {', '.join(arms)} is in a table of arms: name those that were trained")
    places = [BEST, SHARPER, *arms]
    colours = {BEST: "0.45", SHARPER: "0.45"} | colours_of(args.policies)
    markers = {BEST: "d", SHARPER: "D"} | dict(zip(arms, itertools.cycle(MARKERS)))
    for row, reader in enumerate(readers):
        values = {arm: rises(table, arm, reader) for arm in there}
        if reader != "proxy":  # SFT at other temperatures is not read by the arms' own reward models
            values[SHARPER] = sharper_rises(table, there[0], reader, args.temperatures)
            values[BEST] = best_rises(table, reader, args.temperatures)
        for name, of_seeds in values.items():
            height = row + 0.8 * ((places.index(name) + 0.5) / len(places) - 0.5)
            look = {"marker": markers[name], "color": colours[name], "linestyle": ""}
            axis.plot(of_seeds, [height] * len(of_seeds), markersize=3, alpha=0.5, markeredgewidth=0, **look)
            edge = {"markerfacecolor": "white"} if name == BEST else {"markeredgecolor": "white"}
            label = name if reader == "judges" else None
            axis.plot(of_seeds.mean(), height, markersize=7, label=label, **look | edge)
    axis.set_yticks(range(len(readers)), list(readers.values()))
    axis.set_ylim(len(readers) - 0.5, -0.5)
    axis.axvline(0, color="black", linewidth=0.8)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    if len(args.experiments) != len(args.tables):
        raise InputError(f"{len(args.experiments)} experiments and {len(args.tables)} tables: give each one table")
    use_style()
    tables = [pd.read_csv(path) for path in args.tables]
    other_makes = {kind: f"judges of another\nmake: {kind}" for kind in args.other_makes}
    readers = [
        {reader: label for reader, label in (READERS | other_makes).items() if reader in table} for table in tables
    ]
    rows = [len(names) for names in readers]
    figure, axes = plt.subplots(
        len(tables), figsize=(args.width, 0.9 + 0.95 * sum(rows)), height_ratios=rows, squeeze=False
    )
    for axis, name, table, names in zip(axes.flat, args.experiments, tables, readers):
        draw_panel(axis, table, args, names)
        axis.set_title(name, loc="left")
    figure.supxlabel(
        "rise above SFT on held-out prompts, SFT standard deviations; small marks are replicates", fontsize=9
    )
    # Of the panel that has most arms: the others have some of these.
    legend_above(figure, max(axes.flat, key=lambda axis: len(axis.get_legend_handles_labels()[0])))
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
