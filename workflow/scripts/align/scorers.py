"""Whatever gives conversations a score, in one form: a function from a table of responses to (rows, labels).

The table has prompt_id, prompt_ids, response_ids, response and finished.
"""

from collections.abc import Callable
from functools import partial

import pandas as pd
import torch
from transformers import AutoConfig, AutoTokenizer

from align.chat import encode_prompt, encode_response
from align.errors import InputError
from align.files import read_jsonl
from align.ngrams import read_ngrams, score_ngrams
from align.reward_models import load_scorer

Scorer = Callable[[pd.DataFrame], torch.Tensor]
Conversations = dict[str, list[dict[str, str]]]


def read_conversations(paths: list[str]) -> Conversations:
    """The turns before the response, by prompt_id, from JSON lines of folds."""
    rows = [row for path in paths for row in read_jsonl(path)]
    return {row["prompt_id"]: row["chosen"][:-1] for row in reversed(rows)}  # the first row of a prompt, as in tables


def encode_anew(tokenizer, table: pd.DataFrame, conversations: Conversations) -> pd.DataFrame:
    """The table with prompt_ids and response_ids in a tokenizer's own words and template.

    A truncated response stays one: it gets no EOS.
    """
    prompts = {prompt: encode_prompt(tokenizer, conversations[prompt]) for prompt in table["prompt_id"].unique()}
    responses = [encode_response(tokenizer, *row) for row in zip(table["response"], table["finished"])]
    return table.assign(prompt_ids=table["prompt_id"].map(prompts), response_ids=responses)


def with_end(folder: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table with an end mark, the tokenizer's in `folder`, behind each response: what if it ended there?"""
    eos = AutoTokenizer.from_pretrained(folder).eos_token_id
    return table.assign(response_ids=[[*ids, eos] for ids in table["response_ids"]], finished=True)


def score_text(score: Scorer, folder: str, conversations: Conversations, table: pd.DataFrame) -> torch.Tensor:
    """The scores of a model of another make, `score`'s in `folder`: it reads the text, in its own tokens.

    Raises InputError where a text is longer than the model's context.
    """
    context = AutoConfig.from_pretrained(folder).max_position_embeddings
    encoded = encode_anew(AutoTokenizer.from_pretrained(folder), table, conversations)
    longest = (encoded["prompt_ids"].map(len) + encoded["response_ids"].map(len)).max()
    if longest > context:
        raise InputError(
            f"{folder}: a response and its prompt are {longest} of its tokens, more than its context of {context}:"
            " lower lengths.max_prompt_tokens or lengths.max_new_tokens, or take another base"
        )
    return score(encoded)


def load_judge(
    reads: str, folder: str, batch_size: int, precision: str, share_prompts: bool, conversations: Conversations
) -> Scorer:
    """A judge by what it reads: "tokens" as they were sampled, "text" in its own tokens, or "words" of the response."""
    if reads == "words":
        weights = read_ngrams(folder)
        return lambda table: torch.from_numpy(score_ngrams(weights, list(table["response"])))[:, None]
    score = load_scorer(folder, batch_size, precision, share_prompts)
    return score if reads == "tokens" else partial(score_text, score, folder, conversations)


READS = ("tokens", "text", "words")
