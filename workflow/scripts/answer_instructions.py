"""Sample responses of the SFT model to the prompts of a fold that raters are to judge: what all pairs are made of."""

import argparse

import torch
from transformers import AutoTokenizer

from align.chat import decode_response, encode_prompt
from align.devices import autocast, pick_device
from align.errors import run
from align.files import read_jsonl, write_jsonl
from align.progress import Progress
from align.rollout import load_policy
from align.sampling import sample_in_batches
from align.seeds import derive_seed
from instructions.prompts import FOLDS


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the SFT model")
    parser.add_argument("--prompts", required=True, help="JSON lines: prompt, fold")
    parser.add_argument("--fold", choices=tuple(FOLDS), required=True)
    parser.add_argument("--responses", type=int, required=True, help="to each prompt")
    parser.add_argument("--max-new-tokens", type=int, required=True)
    parser.add_argument("--generation-batch-size", type=int, required=True, help="prompts sampled at once")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    parser.add_argument("--world-seed", type=int, required=True)
    parser.add_argument("--output", required=True, help="JSON lines: prompt, fold, responses, whether each ended")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    model = load_policy(args.model, pick_device()).model
    rows = [row for row in read_jsonl(args.prompts) if row["fold"] == args.fold]
    prompt_ids = [encode_prompt(tokenizer, [{"role": "user", "content": row["prompt"]}]) for row in rows]
    torch.manual_seed(derive_seed(args.world_seed, f"responses to rate, {args.fold}"))
    progress = Progress(f"responses to rate, {args.fold}", args.responses * len(rows), unit="response")
    texts, finished = [], []
    for _ in range(args.responses):
        with autocast(args.precision):
            ids = sample_in_batches(
                model, tokenizer, prompt_ids, args.max_new_tokens, args.generation_batch_size, progress=progress
            )
        texts.append([decode_response(tokenizer, response) for response in ids])
        finished.append([response[-1] == tokenizer.eos_token_id for response in ids])
    answers = zip(rows, zip(*texts), zip(*finished))
    write_jsonl(args.output, (row | {"responses": given, "finished": ended} for row, given, ended in answers))


if __name__ == "__main__":
    run(main)
