"""Plot training step by step: reward, KL, gold where there is one, length, entropy and baseline; every seed visible."""

import argparse

import matplotlib.pyplot as plt
import pandas as pd

from align.errors import run
from findings.plotting import (
    add_policies_flag,
    arms_in_question,
    figure_parser,
    legend_above,
    lines_of,
    off_the_scale,
    save_figure,
    smooth,
    use_style,
)

PANELS = {
    "reward": "proxy reward (SFT s.d.)",
    "gold": "gold rating (SFT s.d.)",
    "kl": "KL to SFT (nats a response)",
    "length": "response length (tokens)",
    "finished": "share finished by EOS",
    "entropy": "entropy (nats a token)",
    "advantage_std": "deviation of the advantage",
    "grad_norm": "gradient norm",
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--training", required=True, help="CSV of the training curves")
    add_policies_flag(parser)
    parser.add_argument("--placebos", nargs="*", default=[], help="arms of a reward model of shuffled labels")
    parser.add_argument("--smoothing", type=int, required=True, help="steps of a running mean")
    return parser.parse_args(argv)


def draw_panel(axis, training: pd.DataFrame, column: str, lines: dict[str, dict], smoothing: int) -> None:
    """One thin line a seed, and their mean a step as a thick one."""
    for arm, line in lines.items():
        runs = training[training["arm"] == arm]
        for _, one in runs.groupby("seed"):
            axis.plot(one["step"], smooth(one, column, smoothing), **line, linewidth=0.5, alpha=0.2)
        mean = runs.groupby("step")[[column]].mean().reset_index()
        axis.plot(mean["step"], smooth(mean, column, smoothing), **line, linewidth=1.8, label=arm)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    use_style()
    training = pd.read_csv(args.training)
    lines = lines_of(args.policies)
    inside = arms_in_question(training, args.placebos)
    there = [arm for arm in args.policies if arm in set(training["arm"])]
    shown, beside = ({arm: lines[arm] for arm in there if (arm in inside) == wanted} for wanted in (True, False))
    panels = {column: title for column, title in PANELS.items() if column in training}
    figure, axes = plt.subplots(-(-len(panels) // 2), 2, sharex=True, figsize=(args.width, 1.1 * len(panels)))
    for axis, (column, title) in zip(axes.flat, panels.items()):
        draw_panel(axis, training, column, shown, args.smoothing)
        with off_the_scale(axis):
            draw_panel(axis, training, column, beside, args.smoothing)
        axis.set_title(title)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    figure.supxlabel("training step", fontsize=9)
    legend_above(figure, axes.flat[0])
    save_figure(figure, args.output, args.dpi)


if __name__ == "__main__":
    run(main)
