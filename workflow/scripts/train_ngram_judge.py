"""Fit the judge that knows only words and pairs of words, and score the validation pairs with it."""

import argparse

import numpy as np
import pandas as pd
from scipy.special import log_expit
from transformers import AutoTokenizer

from align.chat import decode_response
from align.errors import run
from align.ngrams import fit_ngrams, score_ngrams, write_ngrams
from align.tables import read_pairs, read_training_pairs, token_lists, write_table

SIDES = ("chosen", "rejected")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the SFT model, for its tokenizer")
    parser.add_argument("--tokens", required=True, help="parquet of the fold to learn from")
    parser.add_argument("--validation-tokens", required=True, help="parquet of the validation fold")
    parser.add_argument("--kind", required=True, help="name of this kind of judge")
    parser.add_argument("--seed", type=int, required=True, help="of its name alone: the fit draws nothing")
    parser.add_argument("--pairs", choices=("balanced", "raw"), required=True, help="balanced: those alike in length")
    parser.add_argument("--output", required=True, help="folder of the judge")
    parser.add_argument("--validation-output", required=True, help="parquet: a row a validation pair")
    return parser.parse_args(argv)


def read_texts(tokenizer, table: pd.DataFrame) -> dict[str, list[str]]:
    """The texts of the pairs' two responses, as sampled responses are read."""
    return {side: [decode_response(tokenizer, ids) for ids in token_lists(table[f"{side}_ids"])] for side in SIDES}


def score_pairs(weights: np.ndarray, tokenizer, table: pd.DataFrame) -> pd.DataFrame:
    """A row a pair, in the columns of a reward model's validation pairs."""
    rewards = {side: score_ngrams(weights, texts) for side, texts in read_texts(tokenizer, table).items()}
    scores = table[["prompt_id", "balanced"]].copy()
    for side in SIDES:
        scores[f"{side}_outputs"] = rewards[side][:, None].tolist()
        scores[f"{side}_tokens"] = table[f"{side}_ids"].map(len)
    return scores.assign(log_preference=log_expit(rewards["chosen"] - rewards["rejected"]))


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    table = read_training_pairs(args.tokens, args.pairs)
    weights = fit_ngrams(**read_texts(tokenizer, table))
    training_nll = -score_pairs(weights, tokenizer, table)["log_preference"].mean()
    scores = score_pairs(weights, tokenizer, read_pairs(args.validation_tokens))
    write_ngrams(args.output, weights)
    write_table(args.validation_output, scores.assign(training_nll=training_nll, kind=args.kind, seed=args.seed))


if __name__ == "__main__":
    run(main)
