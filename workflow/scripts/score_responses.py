"""Score answers to validation prompts by the judges, by the arm's own reward model, and by gold where there is one."""

import argparse

import pandas as pd
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from align.devices import pick_device
from align.errors import InputError, run
from align.files import read_json
from align.reward_models import score
from align.signals import SIGNALS, Scale
from align.tables import token_lists, write_table

KEPT = ["arm", "seed", "prompt_id", "decoding", "sample", "tokens", "finished", "log_ratio"]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", required=True, help="parquet of the arm's answers")
    parser.add_argument("--judges", nargs="+", required=True, help="folders of the judges")
    parser.add_argument("--judge-seeds", nargs="+", required=True, help="one a judge, for the columns' names")
    parser.add_argument("--reward-model", help="the arm's own reward model; SFT has none")
    parser.add_argument("--signal", choices=tuple(SIGNALS), help="with --reward-model")
    parser.add_argument("--scale", help="JSON of the signal's standardisation, with --reward-model")
    parser.add_argument("--sft-responses", help="parquet of SFT's answers to the same prompts, with --reward-model")
    parser.add_argument("--gold", choices=("pocket",), help="whose rubric knows the truth, if any does")
    parser.add_argument("--scoring-batch-size", type=int, required=True, help="texts scored at once")
    parser.add_argument("--output", required=True, help="parquet: a row an answer")
    args = parser.parse_args(argv)
    if args.reward_model and not (args.signal and args.scale and args.sft_responses):
        parser.error("--reward-model needs --signal, --scale and --sft-responses")
    return args


def score_table(folder: str, responses: pd.DataFrame, batch_size: int) -> torch.Tensor:
    """The outputs of the reward model in `folder` for the answers of a table, (answers, labels)."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).to(pick_device())
    texts = [p + r for p, r in zip(token_lists(responses["prompt_ids"]), token_lists(responses["response_ids"]))]
    return score(model, texts, tokenizer.pad_token_id, batch_size)


def add_own_reward(table: pd.DataFrame, args: argparse.Namespace, responses: pd.DataFrame) -> pd.DataFrame:
    """The signal that the arm was trained on, of its own answers (`own`) and of SFT's in the same place (`own_sft`)."""
    scale = Scale(**read_json(args.scale))
    sft = pd.read_parquet(args.sft_responses)
    place = ["prompt_id", "decoding", "sample"]
    if not sft[place].equals(responses[place]):
        raise InputError(f"{args.sft_responses} and {args.responses} do not answer the same prompts in the same order")
    for name, answers in (("own", responses), ("own_sft", sft)):
        signal = SIGNALS[args.signal](score_table(args.reward_model, answers, args.scoring_batch_size))
        table[name] = scale.apply(signal).tolist()
    return table


def rate_by_rubric(responses: pd.DataFrame) -> pd.DataFrame:
    """Pocket's gold rating of each answer, the attributes that it is made of, and the points that raters would add."""
    from align.pocket import parse_prompt
    from align.rubric import gold_rating, rate_attributes, rater_bias

    rows = [
        {"gold": gold_rating(prompt, answer), "rater_bias": rater_bias(answer)}
        | {f"gold_{name}": value for name, value in rate_attributes(parse_prompt(prompt), answer).items()}
        for prompt, answer in zip(responses["prompt"], responses["response"])
    ]
    return pd.DataFrame(rows, index=responses.index)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    responses = pd.read_parquet(args.responses)
    table = responses[KEPT].copy()
    for seed, folder in zip(args.judge_seeds, args.judges, strict=True):
        table[f"judge_{seed}"] = score_table(folder, responses, args.scoring_batch_size)[:, 0].tolist()
    if args.reward_model:
        table = add_own_reward(table, args, responses)
    if args.gold == "pocket":
        table = pd.concat([table, rate_by_rubric(responses)], axis=1)
    write_table(args.output, table)


if __name__ == "__main__":
    run(main)
