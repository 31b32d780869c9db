"""Plot reward, and gold where there is one, against KL over training: what a nat of divergence buys, every seed."""

import argparse

import matplotlib.pyplot as plt
import pandas as pd

from align.errors import run
from align.plotting import colours_of, figure_parser, save_figure, smooth, use_style

PANELS = {"reward": "reward of its own reward model (SFT s.d.)", "gold": "gold rating (0 to 4)"}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--training", required=True, help="CSV of the training curves")
    parser.add_argument("--smoothing", type=int, required=True, help="steps of a running mean")
    return parser.parse_args(argv)


def draw_panel(axis, training: pd.DataFrame, column: str, smoothing: int) -> None:
    """One line a run, from its first step to its last, which has a dot."""
    for arm, colour in colours_of(list(training["arm"].unique())).items():
        for number, (_, one) in enumerate(training[training["arm"] == arm].groupby("seed")):
            kl, value = smooth(one, "kl", smoothing), smooth(one, column, smoothing)
            axis.plot(kl, value, color=colour, linewidth=0.8, alpha=0.6, label=arm if number == 0 else None)
            axis.plot(kl.iloc[-1], value.iloc[-1], "o", color=colour, markersize=4)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    training = pd.read_csv(args.training)
    panels = {column: title for column, title in PANELS.items() if column in training}
    figure, axes = plt.subplots(1, len(panels), figsize=(args.width, 3.0), squeeze=False)
    for axis, (column, title) in zip(axes.flat, panels.items()):
        draw_panel(axis, training, column, args.smoothing)
        axis.set_title(title)
        axis.set_xscale("symlog", linthresh=1.0)
        axis.set_xlim(left=0)
        axis.set_xlabel("KL to SFT (nats a response)")
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
