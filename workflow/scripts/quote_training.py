"""Choose what a policy said on the way: responses of the replicate in which its proxy and the truth part furthest.

Chosen by rewards alone, so that no one picks them by what they say.
"""

import argparse

import pandas as pd

from align.errors import run
from align.files import write_csv


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--training", required=True, help="CSV of the training curves")
    parser.add_argument("--rollouts", nargs="+", required=True, help="parquet tables of what was said in training")
    parser.add_argument("--arms", nargs="+", required=True, help="in the order of --rollouts")
    parser.add_argument("--seeds", nargs="+", type=int, required=True, help="in the order of --rollouts")
    parser.add_argument("--output", required=True)
    return parser.parse_args(argv)


def furthest_seed(training: pd.DataFrame) -> int:
    """The replicate whose reward, over the last tenth of the steps, is furthest above gold, or else above judges."""
    truth = "gold" if "gold" in training else "judges"
    read = training.dropna(subset=[truth]).sort_values("step")
    gap = (read["reward"] - read[truth]).groupby(read["seed"])
    return int(gap.apply(lambda one: one.tail(max(1, len(one) // 10)).mean()).idxmax())


def typical_responses(rollouts: pd.DataFrame) -> pd.DataFrame:
    """Of the first, the middle and the last step the response whose reward is nearest to the step's mean."""
    steps = sorted(rollouts["step"].unique())
    chosen = []
    for step in sorted({steps[0], steps[len(steps) // 2], steps[-1]}):
        rows = rollouts[rollouts["step"] == step]
        chosen.append((rows["reward"] - rows["reward"].mean()).abs().idxmin())
    return rollouts.loc[chosen, ["step", "prompt_id", "reward", "response"]]


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    training = pd.read_csv(args.training)
    paths = dict(zip(zip(args.arms, args.seeds, strict=True), args.rollouts, strict=True))
    quotes = []
    for arm in dict.fromkeys(args.arms):
        seed = furthest_seed(training[training["arm"] == arm])
        quotes.append(typical_responses(pd.read_parquet(paths[arm, seed])).assign(arm=arm, seed=seed))
    write_csv(args.output, pd.concat(quotes)[["arm", "seed", "step", "prompt_id", "reward", "response"]])


if __name__ == "__main__":
    run(main)
