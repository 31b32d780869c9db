"""Join the training curves of all arms and seeds, with what judges and gold say of what was sampled on the way."""

import argparse

import pandas as pd

from align.errors import run
from align.files import write_csv
from findings.by_seed import CONTENT, GOLD_PARTS
from findings.units import in_sft_units, judge_columns, other_makes, sft_units
from findings.worlds import WORLDS, World


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", nargs="+", required=True, help="CSVs, a row a step")
    parser.add_argument(
        "--traces", nargs="+", required=True, help="CSVs of the judges' means at some steps, one a seed"
    )
    parser.add_argument("--evaluations", nargs="+", required=True, help="parquet tables, one a seed, for the unit")
    parser.add_argument("--arms", nargs="+", required=True, help="in the order of --metrics")
    parser.add_argument("--seeds", nargs="+", type=int, required=True, help="in the order of --metrics")
    gold = parser.add_argument_group("whose truth is known, if that is, and of what")
    gold.add_argument("--world", choices=tuple(WORLDS))
    gold.add_argument("--rollouts", nargs="*", default=[], help="parquet tables, in the order of --metrics")
    gold.add_argument("--tokens", help="parquet of the training fold, for the prompts' text")
    parser.add_argument("--output", required=True, help="CSV: a row an arm, seed and step")
    return parser.parse_args(argv)


def gold_by_step(world: World, path: str, prompts: pd.Series) -> pd.DataFrame:
    """Mean gold of each step's responses, and what content and form make of it where gold is their sum: rating points.

    `prompts` is the text by prompt_id.
    """
    rollouts, rubric = pd.read_parquet(path), world.rubric
    pairs = list(zip(rollouts["prompt_id"].map(prompts), rollouts["response"]))
    gold = pd.DataFrame({"gold": [rubric.gold_rating(*pair) for pair in pairs]}, index=rollouts.index)
    if world.truth == "mean":
        rated = pd.DataFrame([rubric.rate_attributes(*pair) for pair in pairs], rollouts.index, [*rubric.WEIGHTS])
        gold["content"] = sum(rubric.WEIGHTS[name] * rated[name] for name in CONTENT)
        gold["form"] = gold["gold"] - gold["content"]
    return gold.groupby(rollouts["step"]).mean()


def from_sft(training: pd.DataFrame) -> pd.DataFrame:
    """Scores by judges and gold counted from their mean at the first step, at which each policy is SFT.

    Their unit comes from held-out prompts, whose zero is that of other prompts.
    """
    scored = [name for name in training if name in ("judges", "gold", *GOLD_PARTS, *other_makes(training))]
    first = training.loc[training["step"] == 1, scored].mean()
    return training.assign(**(training[scored] - first))


def units_of_readers(evaluations: pd.DataFrame, traces: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """SFT's units, in which judges have no part that did not read what training sampled."""
    judges = {name for names in judge_columns(evaluations).values() for name in names}
    return sft_units(evaluations.drop(columns=judges - {*traces}))


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    gold: list[pd.DataFrame] = []
    if args.world:
        prompts = pd.read_parquet(args.tokens).drop_duplicates("prompt_id").set_index("prompt_id")["prompt"]
        gold = [gold_by_step(WORLDS[args.world], path, prompts) for path in args.rollouts]
    evaluations = pd.concat(map(pd.read_parquet, args.evaluations), ignore_index=True)
    traces = pd.concat(map(pd.read_csv, args.traces))
    units = units_of_readers(evaluations, traces)
    tables = []
    for number, (path, arm, seed) in enumerate(zip(args.metrics, args.arms, args.seeds, strict=True)):
        # Speed differs from run to run; what stays is what a rerun reproduces.
        table = pd.read_csv(path).drop(columns="samples_per_second")
        trace = traces[(traces["arm"] == arm) & (traces["seed"] == seed)].drop(columns=["arm", "seed"])
        table = table.merge(trace, on="step", how="left")
        if gold:
            table = table.join(gold[number], on="step")
        table = in_sft_units(table, units)
        table = table.drop(columns=[name for names in judge_columns(table).values() for name in names])
        table.insert(0, "arm", arm)
        table.insert(1, "seed", seed)
        tables.append(table)
    write_csv(args.output, from_sft(pd.concat(tables)), digits=5)


if __name__ == "__main__":
    run(main)
