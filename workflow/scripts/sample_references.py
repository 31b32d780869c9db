"""Sample the SFT model's responses to training prompts: what every reward signal is measured against."""

import argparse

import pandas as pd
import torch
from transformers import AutoTokenizer

from align.devices import autocast, pick_device
from align.errors import InputError, run
from align.progress import Progress
from align.rollout import load_policy
from align.sampling import sample_in_batches
from align.seeds import derive_seed
from align.tables import read_prompts, token_lists, write_table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the SFT model")
    parser.add_argument("--tokens", required=True, help="parquet of the training fold")
    parser.add_argument("--prompts", type=int, required=True, help="how many training prompts the policies see")
    parser.add_argument("--samples", type=int, required=True, help="responses a prompt that signals compare with")
    parser.add_argument("--scale-samples", type=int, required=True, help="others, for signals' scales; at least 2")
    parser.add_argument("--max-new-tokens", type=int, required=True)
    parser.add_argument("--generation-batch-size", type=int, required=True, help="prompts sampled at once")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", required=True, help="parquet: a row a response")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    if args.scale_samples < 2:
        raise InputError(f"references.scale_samples is {args.scale_samples}: a deviation needs at least 2")
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    model = load_policy(args.model, pick_device()).model
    prompts = read_prompts(args.tokens).head(args.prompts)
    prompt_ids = token_lists(prompts["prompt_ids"])
    torch.manual_seed(derive_seed(args.seed, "references"))
    samples = args.samples + args.scale_samples
    progress = Progress("SFT references", samples * len(prompts), unit="response")
    tables = []
    for sample in range(samples):
        with autocast(args.precision):
            responses = sample_in_batches(
                model,
                tokenizer,
                prompt_ids,
                args.max_new_tokens,
                args.generation_batch_size,
                progress=progress,
            )
        table = prompts[["prompt_id", "prompt_ids"]].assign(sample=sample, compared=sample < args.samples)
        tables.append(table.assign(response_ids=responses))
    write_table(args.output, pd.concat(tables, ignore_index=True))


if __name__ == "__main__":
    run(main)
