"""Score a replicate's responses: by all judges, by each arm's own reward model, by gold if any knows the truth.

And by the judges what the arms' trainings sampled on their way. One model is in memory at a time.
"""

import argparse

import pandas as pd
import torch

from align.arms import Arm, parse_arms
from align.errors import InputError, run
from align.files import read_json, write_csv
from align.reward_models import load_scorer
from align.scorers import READERS, read_conversations
from align.seeds import derive_seed
from align.signals import Scale, compute_signal
from align.tables import add_prompt_ids, read_preferred, write_table
from findings.places import PLACE
from findings.worlds import WORLDS, World


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", nargs="+", required=True, help="parquet of SFT's responses, and of every arm's")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--judges", nargs="+", required=True, help="folders of the judges")
    parser.add_argument("--judge-names", nargs="+", required=True, help="columns of their scores, in that order")
    parser.add_argument("--judge-reads", nargs="+", choices=tuple(READERS), required=True, help="in that order")
    parser.add_argument("--conversations", nargs="*", default=[], help="JSON lines of the folds, for those of text")
    parser.add_argument("--scoring-batch-size", type=int, required=True, help="texts scored at once")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    parser.add_argument("--world", choices=tuple(WORLDS), help="whose truth is known, if that is")
    own = parser.add_argument_group("arms and the reward models that they were trained on; default: there are none")
    own.add_argument("--arms", type=parse_arms, default=[], help="JSON: the arms with their signals")
    own.add_argument("--kinds", nargs="+", default=[], help="names of their reward models")
    own.add_argument("--reward-models", nargs="+", default=[], help="folders of these, in that order")
    own.add_argument("--scales", nargs="+", default=[], help="JSON of the signals' standardisations, one an arm")
    own.add_argument("--pool", help="parquet of many SFT responses to these prompts: what a signal compares with")
    own.add_argument("--pool-samples", type=int, help="how many of them it compares with, as many as in training")
    own.add_argument("--rollouts", nargs="+", default=[], help="parquet of what was sampled in training, one an arm")
    own.add_argument("--trace-every", type=int, help="steps between two of which the judges read the rollouts")
    own.add_argument("--train-tokens", help="parquet of the training fold: the prompts of the rollouts")
    parser.add_argument("--output", required=True, help="parquet: a row a response, with its scores")
    parser.add_argument("--trace-output", required=True, help="CSV: a row an arm and a step that the judges read")
    return parser.parse_args(argv)


def select_rollouts(args: argparse.Namespace) -> list[pd.DataFrame]:
    """A table an arm of what was sampled at the first step of training and every `trace_every` steps."""
    tables = []
    for arm, path in zip(args.arms, args.rollouts, strict=True):
        rollouts = pd.read_parquet(path)
        rollouts = rollouts[(rollouts["step"] - 1) % args.trace_every == 0]
        eos = read_preferred(args.train_tokens)["chosen_ids"].iloc[0][-1]  # where every encoded response ends
        finished = [ids[-1] == eos for ids in rollouts["response_ids"]]
        tables.append(add_prompt_ids(rollouts, args.train_tokens).assign(arm=arm.name, finished=finished))
    return tables


def score_by_judges(args: argparse.Namespace, table: pd.DataFrame) -> pd.DataFrame:
    """The judges' scores of a table of responses, a column a judge."""
    conversations, scores = read_conversations(args.conversations), {}
    for name, reads, folder in zip(args.judge_names, args.judge_reads, args.judges, strict=True):
        score = READERS[reads](folder, args.scoring_batch_size, args.precision, conversations)
        scores[name] = score(table)[:, 0].tolist()
        del score  # before the next is loaded
    return pd.DataFrame(scores, index=table.index)


def compute_own(arm: Arm, scale: Scale, seed: int, outputs: dict[str, torch.Tensor], beside: torch.Tensor) -> dict:
    """The signal that an arm was trained on, standardised as in training and as it reads (`_raw`).

    `outputs` are its reward model's by column: of the arm's responses (`own`) and of SFT's in the same places
    (`own_sft`), both (responses, labels); `beside` those of what it compares with, (responses, samples, labels).
    """
    torch.manual_seed(derive_seed(seed, "own"))  # for the one signal that draws
    columns = {}
    for name, scored in outputs.items():
        signal = compute_signal(arm.signal, scored, beside, arm.options)
        columns |= {name: scale.apply(signal).tolist(), f"{name}_raw": signal.tolist()}
    return columns


def score_by_own(args: argparse.Namespace, responses: pd.DataFrame) -> pd.DataFrame:
    """Every arm's responses, and SFT's in the same places, by the reward model that the arm was trained on."""
    sft, parts = responses[responses["arm"] == "sft"], []
    pool = pd.read_parquet(args.pool)
    pool = pool[(pool["decoding"] == "sampled") & (pool["sample"] < args.pool_samples)].reset_index(drop=True)
    rows_of = pool.groupby("prompt_id").indices
    scales = dict(zip(args.arms, args.scales, strict=True))
    for kind, folder in zip(args.kinds, args.reward_models, strict=True):
        score = load_scorer(folder, args.scoring_batch_size, args.precision)
        of_pool, of_sft = score(pool), score(sft)
        beside = torch.stack([of_pool[rows_of[prompt]] for prompt in sft["prompt_id"]])
        for arm in (arm for arm in args.arms if arm.reward_model == kind):
            own = responses[responses["arm"] == arm.name]
            if not sft[PLACE].reset_index(drop=True).equals(own[PLACE].reset_index(drop=True)):
                raise InputError(f"{arm.name} and sft do not answer the same prompts in the same order")
            outputs, scale = {"own": score(own), "own_sft": of_sft}, Scale(**read_json(scales[arm]))
            parts.append(pd.DataFrame(compute_own(arm, scale, args.seed, outputs, beside), index=own.index))
        del score  # before the next is loaded
    return pd.concat(parts)


def rate_by_rubric(world: World, responses: pd.DataFrame) -> pd.DataFrame:
    """The world's gold rating of each response, its attributes, and the points that raters would add."""
    rows = [
        {"gold": world.rubric.gold_rating(prompt, response), "rater_bias": world.raters.rater_bias(response)}
        | {f"gold_{name}": value for name, value in world.rubric.rate_attributes(prompt, response).items()}
        for prompt, response in zip(responses["prompt"], responses["response"])
    ]
    return pd.DataFrame(rows, index=responses.index)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    responses = pd.concat(map(pd.read_parquet, args.responses), ignore_index=True)
    # What was sampled in training stands behind the responses, of which none is of a step.
    read = pd.concat([responses.assign(step=0), *select_rollouts(args)], ignore_index=True)
    judged = score_by_judges(args, read)
    table = responses.drop(columns="prompt_ids").join(judged)
    if args.arms:
        table = table.join(score_by_own(args, responses))
    if args.world:
        table = table.join(rate_by_rubric(WORLDS[args.world], responses))
    traced = read[["arm", "step"]].join(judged).iloc[len(responses) :].groupby(["arm", "step"], sort=False)
    write_table(args.output, table)
    write_csv(args.trace_output, traced.mean().reset_index().assign(seed=args.seed))


if __name__ == "__main__":
    run(main)
