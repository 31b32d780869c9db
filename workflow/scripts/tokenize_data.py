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
    """The tokens of a pair: its prompt, and both responses with their EOS; where ties are kept, whether it is one.

    One that is said not to have finished gets no EOS, as in training policies. The tokens are the text's, which may be
    others than a model sampled.
    """
    tokens = {
        "prompt_id": row["prompt_id"],
        "prompt": row["prompt"],
        "prompt_ids": encode_prompt(tokenizer, row["chosen"][:-1]),
        "chosen_ids": encode_response(tokenizer, row["chosen"][-1]["content"], row.get("chosen_finished", True)),
        "rejected_ids": encode_response(tokenizer, row["rejected"][-1]["content"], row.get("rejected_finished", True)),
        "chosen_rating": float(row["chosen_rating"]),
        "rejected_rating": float(row["rejected_rating"]),
    }
    return tokens | ({"tie": row["tie"]} if "tie" in row else {})


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


def mark_ties_balanced(ties: int, share: float, seed: int) -> np.ndarray:
    """Which of so many tied pairs go with the balanced ones, (ties,) of bool: as large a share of them, at random.

    A tie tells nothing of length; with all of them beside some of the others there would be too many.
    """
    return np.random.default_rng(seed).permutation(ties) < round(share * ties)


def cut_off_share(pairs: pd.DataFrame, eos: int) -> float:
    """The share of the pairs' responses that were cut off, and so have no EOS."""
    last = pd.concat([pairs["chosen_ids"], pairs["rejected_ids"]]).str[-1]
    return float((last != eos).mean())


def summarise(table: pd.DataFrame, long_prompt: pd.Series, long_pair: pd.Series) -> dict[str, int]:
    """How many pairs there were, were dropped as too long, and are left."""
    dropped_prompt, dropped_pair = int(long_prompt[table.index].sum()), int(long_pair[table.index].sum())
    return {
        "pairs": len(table),
        "dropped_long_prompt": dropped_prompt,
        "dropped_long_pair": dropped_pair,
        "kept_pairs": len(table) - dropped_prompt - dropped_pair,
    }


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
    tied = table["tie"] if "tie" in table else pd.Series(False, index=table.index)
    kept, kept_ties = (table[~long_prompt & ~long_pair & rows].reset_index(drop=True) for rows in (~tied, tied))
    lengths = [kept[name].map(len).to_numpy(dtype=int) for name in ("chosen_ids", "rejected_ids")]
    kept["balanced"] = mark_balanced(*lengths, args.split_seed)
    if kept.empty:
        raise InputError(
            f"all {(~tied).sum()} pairs of {args.pairs} are longer than {args.max_prompt_tokens} prompt tokens or"
            f" {args.max_pair_tokens} in all: raise lengths.max_prompt_tokens and lengths.max_pair_tokens"
        )
    kept_ties["balanced"] = mark_ties_balanced(len(kept_ties), kept["balanced"].mean(), args.split_seed)
    ties = {"ties": summarise(table[tied], long_prompt, long_pair)} if "tie" in table else {}
    with atomic_path(args.output) as draft:
        (pd.concat([kept, kept_ties], ignore_index=True) if ties else kept).to_parquet(draft, index=False)
    write_json(
        args.summary_output,
        summarise(table[~tied], long_prompt, long_pair)
        | {
            "balanced_pairs": int(kept["balanced"].sum()),
            "kept_prompts": int(kept["prompt_id"].nunique()),
            "median_prompt_tokens": float(prompt_tokens[~tied].median()),
            "median_response_tokens": float(response_tokens[~tied].median()),
        }
        | ({"cut_off_share": cut_off} if (cut_off := cut_off_share(kept, tokenizer.eos_token_id)) else {})
        | ties,
    )


if __name__ == "__main__":
    run(main)
