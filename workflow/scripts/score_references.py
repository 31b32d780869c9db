"""Score the SFT reference answers with a reward model: the scale on which its rewards are standardised."""

import argparse

import pandas as pd
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from align.devices import pick_device
from align.errors import run
from align.reward_models import score
from align.tables import token_lists, write_table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reward-model", required=True)
    parser.add_argument("--references", required=True, help="parquet of the SFT model's answers to training prompts")
    parser.add_argument("--scoring-batch-size", type=int, required=True, help="texts scored at once")
    parser.add_argument("--output", required=True, help="parquet: prompt_id, sample, outputs (one number a label)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    tokenizer = AutoTokenizer.from_pretrained(args.reward_model)
    model = AutoModelForSequenceClassification.from_pretrained(args.reward_model, dtype=torch.float32).to(pick_device())
    table = pd.read_parquet(args.references)
    texts = [p + r for p, r in zip(token_lists(table["prompt_ids"]), token_lists(table["response_ids"]))]
    outputs = score(model, texts, tokenizer.pad_token_id, args.scoring_batch_size)
    write_table(args.output, table[["prompt_id", "sample"]].assign(outputs=outputs.tolist()))


if __name__ == "__main__":
    run(main)
