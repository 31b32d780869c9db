"""The workflow's tables of prompts and responses, as parquet files."""

from pathlib import Path

import pandas as pd

from align.errors import InputError
from align.files import atomic_path


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Parquet, compressed by a third more than by default: some of it is committed."""
    with atomic_path(path) as draft:
        table.to_parquet(draft, index=False, compression="zstd", compression_level=19)


def read_pairs(path: str | Path, ties: bool = False) -> pd.DataFrame:
    """The pairs of a fold, tokenised or scored; those that the raters tied only if asked for (they stand last)."""
    pairs = pd.read_parquet(path)
    return pairs if ties or "tie" not in pairs else pairs[~pairs["tie"]]


def read_training_pairs(path: str | Path, pairs: str, ties: bool = False) -> pd.DataFrame:
    """The pairs of a fold that a model learns from: those "balanced" in length, or all ("raw").

    Raises InputError if there are none.
    """
    table = read_pairs(path, ties)
    table = table[table["balanced"]] if pairs == "balanced" else table
    if table.empty:
        raise InputError(f"{path}: no pairs are balanced in length; set data.balance_lengths to false")
    return table


def read_prompts(path: str | Path) -> pd.DataFrame:
    """One row a prompt (prompt_id, prompt, prompt_ids) of a fold of tokenised pairs, in the fold's order."""
    pairs = read_pairs(path)
    return pairs.drop_duplicates("prompt_id")[["prompt_id", "prompt", "prompt_ids"]].reset_index(drop=True)


def read_preferred(path: str | Path) -> pd.DataFrame:
    """One row a prompt (prompt_id, prompt_ids, chosen_ids): the response preferred in its first pair."""
    return read_pairs(path).drop_duplicates("prompt_id")[["prompt_id", "prompt_ids", "chosen_ids"]]


def split_references(references: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """SFT responses that a signal compares with, and others, on which its scale is fitted."""
    return references[references["compared"]], references[~references["compared"]]


def token_lists(column: pd.Series) -> list[list[int]]:
    """A parquet column of token ids as plain lists."""
    return [list(map(int, ids)) for ids in column]


def add_prompt_ids(table: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    """A table of prompt_id with the prompts' tokens, prompt_ids, from the fold of tokenised pairs at `path`."""
    return table.assign(prompt_ids=table["prompt_id"].map(read_prompts(path).set_index("prompt_id")["prompt_ids"]))
