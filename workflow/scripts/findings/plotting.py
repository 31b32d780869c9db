"""What the figures share: style, colours by arm, saving."""

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

from align.files import atomic_path

MARKERS = "os^vP"  # by them arms are told apart in grey as well
STYLE = Path(__file__).parents[2] / "report" / "align.mplstyle"


def figure_parser(description: str) -> argparse.ArgumentParser:
    """A parser with the flags that every figure has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--width", type=float, required=True, help="inches")
    parser.add_argument("--dpi", type=int, required=True)
    parser.add_argument("--output", nargs="+", required=True, help="one file a format")
    return parser


def use_style() -> None:
    plt.style.use(STYLE)


def colours_of(names: list[str]) -> dict[str, str]:
    """A colour a name, in the order given."""
    cycle = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    return {name: f"#{cycle[i % len(cycle)].lstrip('#')}" for i, name in enumerate(names)}


def metric_colours() -> dict[str, str]:
    """A colour a metric, the same in all figures."""
    return colours_of(["judges", "proxy", "gold"])


def add_policies_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--policies", nargs="+", required=True, help="all arms: the order of their colours")


def lines_of(policies: list[str]) -> dict[str, dict]:
    """A colour an arm, the same in all figures, and a dashed line once the colours have been used up; SFT is grey."""
    used = len(plt.rcParams["axes.prop_cycle"].by_key()["color"])
    styles = ("-", "--", ":")
    lines = {
        arm: {"color": colour, "linestyle": styles[i // used % len(styles)]}
        for i, (arm, colour) in enumerate(colours_of(policies).items())
    }
    return {"sft": {"color": "0.55", "linestyle": "-"}} | lines


def arms_in_question(training: pd.DataFrame, placebos: list[str]) -> list[str]:
    """The arms whose range a figure shows: trained for all seeds, and not on a placebo's reward model."""
    seeds = training.groupby("arm", sort=False)["seed"].nunique()
    return [arm for arm in seeds.index if seeds[arm] == seeds.max() and arm not in placebos]


@contextlib.contextmanager
def off_the_scale(axis) -> Iterator[None]:
    """What is drawn in the block does not widen the axes: it may leave them."""
    across, up = axis.get_xlim(), axis.get_ylim()
    yield
    axis.set_xlim(across)
    axis.set_ylim(up)


def legend_above(figure, axis) -> None:
    """The legend of `axis` above all panels, in as many columns as fit the figure's width."""
    for columns in (4, 3, 2, 1):
        legend = figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=columns)
        if columns == 1 or legend.get_window_extent().width < figure.bbox.width:
            return
        legend.remove()


def save_figure(figure, paths: list[str], dpi: int) -> None:
    """Save to each path in the format of its ending, without the date, so that the same figure is the same file."""
    for path in paths:
        plain = {"Date": None} if path.endswith(".svg") else {"Software": None}
        with atomic_path(path) as draft:
            figure.savefig(draft, dpi=dpi, metadata=plain)
    plt.close(figure)


def smooth(training: pd.DataFrame, column: str, steps: int) -> pd.Series:
    """Running mean over so many steps of a column of one arm's and seed's training, centred.

    Of what was measured every some steps, rows span several.
    """
    spacing = max(1.0, training["step"].diff().median())
    rows = max(1, round(steps / spacing))
    return training[column].rolling(rows, center=True, min_periods=1).mean()
