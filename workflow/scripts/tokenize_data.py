"""Turn the pairs of a fold into tokens, once for all jobs; drop what is too long, and mark pairs balanced in length."""

import argparse

import numpy as np
import pandas as pd
from transformers import AutoConfig, AutoTokenizer

from align.chat import encode_prompt, encode_response
from align.errors import InputError, run
from align.files import atomic_path, read_jsonl, write_json


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the SFT model, for its tokenizer")
    parser.add_argument("--pairs", required=True, help="JSON lines of a fold")
    parser.add_argument("--max-prompt-tokens", type=int, required=True)
    parser.add_argument("--max-pair-tokens", type=int, required=True, help="cap on prompt and response together")
    parser.add_argument("--split-seed", type=int, required=True, help="decides which of like pairs are balanced")
    parser.add_argument(
        "--output", required=True, help="parquet: the pairs as token ids, and whether they are balanced"
    )
    parser.add_argument("--summary-output", required=True, help="JSON: pairs kept and dropped, and lengths")
    return parser.parse_args(argv)


def encode_pair(tokenizer, row: dict) -> dict:
    """The tokens of a pair: its prompt, and both responses with their EOS."""
    return {
        "prompt_id": row["prompt_id"],
        "prompt": row["prompt"],
        "prompt_ids": encode_prompt(tokenizer, row["chosen"][:-1]),
        "chosen_ids": encode_response(tokenizer, row["chosen"][-1]["content"]),
        "rejected_ids": encode_response(tokenizer, row["rejected"][-1]["content"]),
        "chosen_rating": float(row["chosen_rating"]),
        "rejected_rating": float(row["rejected_rating"]),
    }


def mark_balanced(chosen: np.ndarray, rejected: np.ndarray, seed: int) -> np.ndarray:
    """Which pairs are balanced in length, (pairs,) of bool, from the tokens of both responses, (pairs,) each.

    To each pair in which the shorter response won belongs one in which the longer won, with the same difference in
    length within a quarter and 5 tokens. Pairs that find no other, and those of equal lengths, are not balanced.
    """
    difference = chosen - rejected
    order = np.random.default_rng(seed).permutation(len(difference))
    shorter_won, longer_won = order[difference[order] < 0], order[difference[order] > 0]
    balanced = np.zeros(len(difference), dtype=bool)
    for pair in shorter_won:
        free = longer_won[~balanced[longer_won]]
        if free.size == 0:
            break
        misfit = np.abs(difference[free] + difference[pair])
        if misfit.min() <= 0.25 * -difference[pair] + 5:
            balanced[[pair, free[misfit.argmin()]]] = True
    return balanced


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    context = AutoConfig.from_pretrained(args.model).max_position_embeddings
    if args.max_pair_tokens > context:
        raise InputError(f"lengths.max_pair_tokens, {args.max_pair_tokens}, exceeds the model's context of {context}")
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    table = pd.DataFrame([encode_pair(tokenizer, row) for row in read_jsonl(args.pairs)])
    prompt_tokens = table["prompt_ids"].map(len)
    response_tokens = pd.concat([table["chosen_ids"].map(len), table["rejected_ids"].map(len)], axis=1).max(axis=1)
    long_prompt = prompt_tokens > args.max_prompt_tokens
    long_pair = ~long_prompt & (prompt_tokens + response_tokens > args.max_pair_tokens)
    kept = table[~long_prompt & ~long_pair].reset_index(drop=True)
    lengths = [kept[name].map(len).to_numpy(dtype=int) for name in ("chosen_ids", "rejected_ids")]
    kept["balanced"] = mark_balanced(*lengths, args.split_seed)
    if kept.empty:
        raise InputError(
            f"all {len(table)} pairs of {args.pairs} are longer than {args.max_prompt_tokens} prompt tokens or"
            f" {args.max_pair_tokens} in all: raise lengths.max_prompt_tokens and lengths.max_pair_tokens"
        )
    with atomic_path(args.output) as draft:
        kept.to_parquet(draft, index=False)
    write_json(
        args.summary_output,
        {
            "pairs": len(table),
            "dropped_long_prompt": int(long_prompt.sum()),
            "dropped_long_pair": int(long_pair.sum()),
            "kept_pairs": len(kept),
            "balanced_pairs": int(kept["balanced"].sum()),
            "kept_prompts": int(kept["prompt_id"].nunique()),
            "median_prompt_tokens": float(prompt_tokens.median()),
            "median_response_tokens": float(response_tokens.median()),
        },
    )


if __name__ == "__main__":
    run(main)
