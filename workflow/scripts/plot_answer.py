"""Plot the answer: how far each arm rose above SFT, by its own reward model, by judges and by gold, a dot a replicate.

Beside the first arm stands SFT at the temperature that has that arm's entropy: what sharpening alone would have done.
"""

import argparse
import itertools

import matplotlib.pyplot as plt
import pandas as pd

from align.errors import InputError, run
from findings.plotting import colours_of, figure_parser, legend_above, save_figure, use_style
from findings.sharper import sft_at_entropy

READERS = {
    "own": "the reward model\nit learned from",
    "judges": "judges, whom no\npolicy learned from",
    "gold": "the truth",
}
SHARPER = "SFT, only sharper"
MARKERS = "os^vP"  # by them arms are told apart in grey as well


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--experiments", nargs="+", required=True, help="a panel each: what stands above it")
    parser.add_argument("--tables", nargs="+", required=True, help="CSV, one an experiment: arms' means a replicate")
    parser.add_argument("--arms", nargs="+", required=True, help="those in question; the first is held against SFT")
    parser.add_argument("--temperatures", nargs="*", type=float, default=[], help="of SFT, whose arms are sft_{t}")
    parser.add_argument("--other-makes", nargs="*", default=[], help="kinds of judges beside SFT's own make")
    return parser.parse_args(argv)


def rises(table: pd.DataFrame, arm: str, reader: str) -> pd.Series:
    """An arm's sampled responses less SFT's in the same replicate by a reader, a value a seed, in SFT deviations.

    A policy's own reward model is another one in each arm: SFT's responses to the same prompts are read by it too.
    """
    sampled = table[table["decoding"] == "sampled"].set_index(["arm", "seed"])
    of_arm = sampled.loc[arm]
    sft = of_arm["own_sft"] if reader == "own" else sampled.loc["sft"][reader]
    return (of_arm[reader] - sft).dropna()


def sharper_rises(table: pd.DataFrame, arm: str, reader: str, temperatures: list[float]) -> pd.Series:
    """What SFT gains over temperature 1 by an arm's entropy alone, a value a seed."""
    sampled = table[table["decoding"] == "sampled"].set_index(["arm", "seed"])
    gains = {}
    for seed, row in sampled.loc[arm].iterrows():
        (sharp,) = sft_at_entropy(table, pd.concat([row, pd.Series({"seed": seed})]), temperatures, [reader])
        gains[seed] = sharp - sampled.loc[("sft", seed), reader]
    return pd.Series(gains)


def draw_panel(axis, table: pd.DataFrame, arms: list[str], readers: dict[str, str], temperatures: list[float]) -> None:
    """A row a reader; in it a line an arm, with a small dot a replicate and the mean in a large one."""
    there = [arm for arm in arms if arm in set(table["arm"])]
    if not there:
        raise InputError(f"none of the arms {', '.join(arms)} is in a table of arms: name those that were trained")
    places = [SHARPER, *arms]
    colours = {SHARPER: "0.45"} | colours_of(arms)
    markers = {SHARPER: "D"} | dict(zip(arms, itertools.cycle(MARKERS)))
    for row, reader in enumerate(readers):
        values = {arm: rises(table, arm, reader) for arm in there}
        if reader != "own":  # SFT at other temperatures is not read by the arms' own reward models
            values[SHARPER] = sharper_rises(table, there[0], reader, temperatures)
        for name, of_seeds in values.items():
            height = row + 0.8 * ((places.index(name) + 0.5) / len(places) - 0.5)
            look = {"marker": markers[name], "color": colours[name], "linestyle": ""}
            axis.plot(of_seeds, [height] * len(of_seeds), markersize=3, alpha=0.5, markeredgewidth=0, **look)
            label = name if reader == "judges" else None
            axis.plot(of_seeds.mean(), height, markersize=7, markeredgecolor="white", label=label, **look)
    axis.set_yticks(range(len(readers)), list(readers.values()))
    axis.set_ylim(len(readers) - 0.5, -0.5)
    axis.axvline(0, color="black", linewidth=0.8)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    if len(args.experiments) != len(args.tables):
        raise InputError(f"{len(args.experiments)} experiments and {len(args.tables)} tables: give each one table")
    use_style()
    tables = [pd.read_csv(path) for path in args.tables]
    other_makes = {kind: f"judges on\n{kind}" for kind in args.other_makes}
    readers = [
        {reader: label for reader, label in (READERS | other_makes).items() if reader in table} for table in tables
    ]
    rows = [len(names) for names in readers]
    figure, axes = plt.subplots(
        len(tables), figsize=(args.width, 0.9 + 0.95 * sum(rows)), height_ratios=rows, squeeze=False
    )
    for axis, name, table, names in zip(axes.flat, args.experiments, tables, readers):
        draw_panel(axis, table, args.arms, names, args.temperatures)
        axis.set_title(name, loc="left")
    figure.supxlabel(
        "rise above SFT on held-out prompts, SFT standard deviations; a small mark a replicate", fontsize=9
    )
    legend_above(figure, axes.flat[0])
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
