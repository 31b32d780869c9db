"""Sample a policy's answers to the validation prompts, at temperature 1 and greedy, with their log-ratio to SFT."""

import argparse

import pandas as pd
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from align.chat import decode_response
from align.devices import pick_device
from align.errors import run
from align.progress import Progress
from align.rollout import generate, token_logps
from align.seeds import derive_seed
from align.tables import read_prompts, token_lists, write_table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policy", required=True, help="folder of the policy")
    parser.add_argument("--reference", required=True, help="folder of the SFT model")
    parser.add_argument("--tokens", required=True, help="parquet of the validation fold")
    parser.add_argument("--arm", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--stream", type=int, default=0, help="another number: other samples from the same policy")
    parser.add_argument("--samples", type=int, required=True, help="sampled answers a prompt; one greedy is added")
    parser.add_argument("--max-new-tokens", type=int, required=True)
    parser.add_argument("--generation-batch-size", type=int, required=True, help="prompts sampled at once")
    parser.add_argument("--output", required=True, help="parquet: a row an answer")
    return parser.parse_args(argv)


def answer_prompts(policy, reference, tokenizer, prompts: list[list[int]], max_new_tokens: int, sample: bool):
    """One answer a prompt, as rows of response_ids, response, tokens, finished and log_ratio (policy to SFT)."""
    rollout = generate(policy, tokenizer, prompts, max_new_tokens, sample=sample)
    with torch.no_grad():
        log_ratio = (token_logps(policy, rollout)[0] - token_logps(reference, rollout)[0]).sum(dim=1)
    finished = rollout.finished(tokenizer.eos_token_id)
    return [
        {
            "response_ids": ids,
            "response": decode_response(tokenizer, ids),
            "tokens": len(ids),
            "finished": bool(done),
            "log_ratio": ratio,
        }
        for ids, done, ratio in zip(rollout.responses(), finished, log_ratio.tolist())
    ]


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    device = pick_device()
    tokenizer = AutoTokenizer.from_pretrained(args.reference)
    policy = AutoModelForCausalLM.from_pretrained(args.policy, dtype=torch.float32).to(device).eval()
    reference = AutoModelForCausalLM.from_pretrained(args.reference, dtype=torch.float32).to(device).eval()
    prompts = read_prompts(args.tokens)
    prompt_ids = token_lists(prompts["prompt_ids"])
    # All arms of a seed draw from the same stream: what they share in luck cancels in their difference.
    torch.manual_seed(derive_seed(args.seed, "responses", args.stream))
    passes = [("sampled", sample) for sample in range(args.samples)] + [("greedy", 0)]
    progress = Progress(f"responses {args.arm}, seed {args.seed}", len(passes) * len(prompts), unit="answer")
    tables = []
    for at, (decoding, sample) in enumerate(passes):
        rows: list[dict] = []
        for start in range(0, len(prompts), args.generation_batch_size):
            batch = prompt_ids[start : start + args.generation_batch_size]
            rows += answer_prompts(policy, reference, tokenizer, batch, args.max_new_tokens, decoding == "sampled")
            progress.report(at * len(prompts) + len(rows))
        table = prompts[["prompt_id", "prompt", "prompt_ids"]].assign(decoding=decoding, sample=sample)
        tables.append(pd.concat([table, pd.DataFrame(rows)], axis=1))
    write_table(args.output, pd.concat(tables, ignore_index=True).assign(arm=args.arm, seed=args.seed))


if __name__ == "__main__":
    run(main)
