"""What makes a world fit for its purpose, measured on its own truth: raters, SFT model, room to improve."""

import argparse

import numpy as np
import pandas as pd

from align.errors import run
from align.files import read_jsonl, write_json
from findings.evidence import best_of, pooled_within_deviation, share_won
from findings.units import judge_columns
from findings.worlds import WORLDS, World

BEST_OF = 16


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", choices=tuple(WORLDS), required=True)
    parser.add_argument("--pairs", required=True, help="JSON lines of the validation fold")
    parser.add_argument("--sft-evaluations", nargs="+", required=True, help="parquet tables of SFT's scored responses")
    parser.add_argument("--output", required=True, help="JSON")
    return parser.parse_args(argv)


def describe_raters(world: World, pairs: list[dict]) -> dict:
    """How often the raters' choice is gold's, and how often that of an observer who knows gold and bias exactly."""
    texts = [(row["prompt"], row["chosen"][-1]["content"], row["rejected"][-1]["content"]) for row in pairs]
    rate, ratings = world.rubric.gold_rating, world.ratings
    gold = np.array([rate(p, c) - rate(p, r) for p, c, r in texts])
    seen = np.array([ratings(p, c)[0] - ratings(p, r)[0] for p, c, r in texts])
    return {"raters_agree_with_gold": share_won(gold), "accuracy_ceiling": share_won(seen)}


def describe_sft(world: World, evaluations: pd.DataFrame) -> dict:
    """Gold of sampled SFT responses, and of the best of 16 of them, in SFT standard deviations."""
    sampled = evaluations[evaluations["decoding"] == "sampled"]
    deviation = pooled_within_deviation(sampled, "gold")
    responses = sampled.groupby("prompt_id")["gold"].apply(np.array)
    values = np.stack(responses.to_list())
    report = {
        "weights": world.rubric.WEIGHTS,
        "gold_lowest": world.rubric.LOWEST,
        "gold_highest": world.rubric.HIGHEST,
        "sft_gold_mean": float(sampled["gold"].mean()),
        "sft_gold_deviation": deviation,
    }
    if values.shape[1] >= BEST_OF:
        report |= {
            "best_of": BEST_OF,
            "best_of_gain": float((best_of(values, BEST_OF) - values.mean(axis=1)).mean() / deviation),
        }
    return report


def judge_gold_correlation(evaluations: pd.DataFrame) -> float:
    """Correlation of the judges' mean with gold over SFT responses to the same prompt (prompt means taken out)."""
    sampled = evaluations[evaluations["decoding"] == "sampled"]
    judges = sampled[judge_columns(sampled)["judges"]].mean(axis=1)
    within = [values - values.groupby(sampled["prompt_id"]).transform("mean") for values in (judges, sampled["gold"])]
    return float(np.corrcoef(*within)[0, 1])


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    evaluations = pd.concat(map(pd.read_parquet, args.sft_evaluations), ignore_index=True)
    world = WORLDS[args.world]
    decided = [row for row in read_jsonl(args.pairs) if not row.get("tie")]
    described = describe_raters(world, decided) | describe_sft(world, evaluations)
    write_json(args.output, described | {"judge_gold_correlation": judge_gold_correlation(evaluations)})


if __name__ == "__main__":
    run(main)
