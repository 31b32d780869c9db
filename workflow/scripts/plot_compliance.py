"""Plot what share of responses did what was asked, and how they differ from SFT's by gold and by raters."""

import argparse

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from align.errors import run
from findings.plotting import figure_parser, legend_above, save_figure, use_style

BEST = "best of "  # n
MEASURES = ["complies", "gold", "raters", "asking"]
# Filled and hollow, a disc and a square: told apart in grey too.
SEEN, HELD_OUT, GOLD, RATERS = (
    {"label": "constraints seen in training", "marker": "o", "color": "C0"},
    {"label": "held-out constraints", "marker": "o", "color": "C1", "markerfacecolor": "white"},
    {"label": "gold", "marker": "s", "color": "C2"},
    {"label": "raters, without noise", "marker": "s", "color": "C3", "markerfacecolor": "white"},
)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--compliance", required=True, help="CSV: a row an arm, decoding, seed and constraint")
    parser.add_argument("--arms", nargs="+", required=True, help="arms to show, in this order")
    parser.add_argument("--choosers", nargs="+", required=True, help="whose best of n SFT responses to show")
    return parser.parse_args(argv)


def average(table: pd.DataFrame) -> pd.DataFrame:
    """Means over constraints of each measure, (arm, decoding, seed) by measure; each constraint counts the same.

    "asking" is what asking for a constraint adds to the share that keeps it.
    """
    table = table.assign(asking=table["keeps"] - table["keeps_unasked"])
    return table.groupby(["arm", "decoding", "seed"])[MEASURES].mean()


def rows_of(table: pd.DataFrame, arms: list[str], choosers: list[str]) -> dict[tuple[str, str], str]:
    """What the figure shows from top to bottom, (arm, decoding) to its label: SFT, its best of n, then policies.

    Of several n the largest.
    """
    seen = dict.fromkeys(zip(table["arm"], table["decoding"]))
    sizes = {how: int(how.removeprefix(BEST)) for _, how in seen if how.startswith(BEST)}
    sft = {
        (arm, "sampled"): "SFT" if arm == "sft" else f"SFT at {arm.removeprefix('sft_')}"
        for arm in arms
        if arm == "sft" or arm.startswith("sft_")
    } | {("sft", "greedy"): "SFT, greedy", ("sft", "sampled, ended"): "SFT, those that ended"}
    largest = max(sizes, key=sizes.get, default=None)
    best = {(arm, largest): f"SFT, {largest} by {arm}" for arm in choosers}
    policies = {(arm, "sampled"): arm for arm in arms if (arm, "sampled") not in sft}
    policies |= {(arm, "greedy"): f"{arm}, greedy" for arm in choosers}
    return {row: label for row, label in (sft | best | policies).items() if row in seen}


def from_sft(means: pd.DataFrame) -> pd.DataFrame:
    """Means less SFT's of the same seed; best of n, of the pool that all replicates share, less SFT's over seeds."""
    sft = means.loc[("sft", "sampled")]
    seeds = means.index.get_level_values("seed")
    shared = means.index.get_level_values("decoding").str.startswith(BEST)
    theirs = sft.reindex(seeds).set_index(means.index)
    theirs.loc[shared] = sft.mean().to_numpy()
    return means - theirs


def draw(axis, means: pd.Series, rows: list[tuple[str, str]], style: dict, shift: float) -> None:
    """A small point a seed and a large one for their mean, in each row."""
    points = style | {"label": None, "linestyle": ""}
    for at, row in enumerate(rows):
        # Few prompts may hold no new constraint, or none to which another was asked.
        if row not in means.index or means.loc[row].isna().all():
            continue
        values = means.loc[row].to_numpy()
        axis.plot(values, np.full(len(values), at + shift), **points, markersize=2.5, alpha=0.5)
        axis.plot(values.mean(), at + shift, **points)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    table = pd.read_csv(args.compliance)
    rows = rows_of(table, args.arms, args.choosers)
    figure, (shares, asking, ratings) = plt.subplots(1, 3, sharey=True, figsize=(args.width, 1.2 + 0.26 * len(rows)))
    seen, held_out = average(table[~table["held_out"]]), average(table[table["held_out"]])
    for axis, column in ((shares, "complies"), (asking, "asking")):
        draw(axis, seen[column], list(rows), SEEN, shift=-0.15)
        draw(axis, held_out[column], list(rows), HELD_OUT, shift=0.15)
    differences = from_sft(seen)
    for column, style, shift in (("gold", GOLD, -0.15), ("raters", RATERS, 0.15)):
        draw(ratings, differences[column], list(rows), style, shift)
    shares.set_yticks(range(len(rows)), rows.values())
    shares.invert_yaxis()
    shares.set_xlim(left=0)
    shares.set_xlabel("did what was asked\n(share)")
    asking.set_xlabel("what asking adds\n(share that keeps it)")
    ratings.set_xlabel("less SFT\n(rating points)")
    for axis in (asking, ratings):
        axis.axvline(0, color="0.5", linewidth=0.8)
    for style in (SEEN, HELD_OUT, GOLD, RATERS):
        shares.plot([], [], **style, linestyle="")
    legend_above(figure, shares)
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
