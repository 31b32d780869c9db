"""Plot every policy by every judge, its proxy (its own reward model) and gold: who says that it is better."""

import argparse

import matplotlib.pyplot as plt
import pandas as pd

from align.errors import run
from findings.plotting import figure_parser, save_figure, use_style


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--responses", required=True, help="CSV of measures of responses")
    parser.add_argument("--arms", nargs="+", required=True, help="rows")
    parser.add_argument("--judges", nargs="+", required=True, help="columns, before the proxy and gold")
    return parser.parse_args(argv)


def judge_matrix(responses: pd.DataFrame, arms: list[str], judges: list[str]) -> pd.DataFrame:
    """Sampled responses' scores, (arm and seed, scorer), in the order of the report."""
    scorers = [*judges, "proxy", "gold"]
    sampled = responses[(responses["decoding"] == "sampled") & responses["arm"].isin(arms)]
    return sampled.set_index(["arm", "seed"])[[name for name in scorers if name in responses]]


def draw_matrix(axis, matrix: pd.DataFrame):
    """Means over seeds as colours and figures; each seed is a strip of its own within the cell."""
    means = matrix.groupby("arm", sort=False).mean()
    limit = means.abs().max().max()
    for row, arm in enumerate(means.index):
        seeds = matrix.loc[arm]
        for column, scorer in enumerate(means.columns):
            values = seeds[scorer].to_numpy()[None, :]
            extent = (column - 0.47, column + 0.47, row + 0.44, row - 0.44)
            image = axis.imshow(values, extent=extent, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto")
            if pd.notna(means.loc[arm, scorer]):
                text = axis.text(column, row, f"{means.loc[arm, scorer]:+.2f}", ha="center", va="center", fontsize=8)
                text.set_bbox({"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 1})
    axis.set_xlim(-0.5, len(means.columns) - 0.5)
    axis.set_ylim(len(means.index) - 0.5, -0.5)
    axis.set_xticks(range(len(means.columns)), [name.replace("_", " ") for name in means.columns])
    axis.set_yticks(range(len(means.index)), means.index)
    axis.tick_params(length=0)
    axis.grid(False)
    return image


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    matrix = judge_matrix(pd.read_csv(args.responses), args.arms, args.judges)
    figure, axis = plt.subplots(figsize=(args.width, 0.8 + 0.38 * matrix.index.get_level_values("arm").nunique()))
    image = draw_matrix(axis, matrix)
    figure.colorbar(image, ax=axis, label="difference from SFT (SFT s.d.)")
    axis.set_xlabel("scored by")
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
