"""Loading preference rows from the Hugging Face hub, a local folder or files."""

import difflib
import math
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from align.errors import InputError
from align.formats import ATTRIBUTES, COLUMNS, RATED_APART, canonical, is_rated_apart, pair_by_means, rename_columns
from align.sources import check_local, one_line

FILE_READERS = {".jsonl": "json", ".json": "json", ".parquet": "parquet"}


def load_preferences(source: str, split: str | None, revision: str | None) -> list[dict[str, Any]]:
    """Rows with HelpSteer2_binarized's columns from a hub id, a folder or a file; see align/formats.py for variants.

    Raises InputError, saying what to do, if the source, the split or a column is missing, or a row is not as it should.
    """
    from datasets import load_dataset

    path = Path(source)
    if path.is_file() and path.suffix not in FILE_READERS:
        raise InputError(f"{source}: cannot read {path.suffix!r}; give one of {', '.join(FILE_READERS)}")
    check_local(source, "data.source")
    with one_line(source, "data.source"):
        if path.is_file():
            rows = load_dataset(FILE_READERS[path.suffix], data_files=str(path), split="train")
        else:
            splits = load_dataset(source, revision=revision)
            if split not in splits:
                guess = difflib.get_close_matches(split or "", splits, n=1)
                hint = f"; did you mean {guess[0]!r}?" if guess else ""
                raise InputError(f"{source} has no split {split!r}, it has {', '.join(sorted(splits))}{hint}")
            rows = splits[split]
    if set(RATED_APART) <= set(rows.column_names):
        return pair_rows(rows, source)
    held = rename_columns(rows.column_names)
    missing = [name for name in COLUMNS if name not in held]
    if missing:
        raise InputError(f"{source} lacks the columns {', '.join(missing)}; it has {', '.join(rows.column_names)}")
    rows = [canonical({name: row[held[name]] for name in COLUMNS}) for row in rows]
    check_rows(rows, source)
    return rows


def pair_rows(rows: Iterable[dict[str, Any]], source: str) -> list[dict[str, Any]]:
    """Pairs of rows of RATED_APART. Raises InputError, naming the first row that does not have two of each."""
    pairs = []
    for number, row in enumerate(rows, start=1):
        if not is_rated_apart(row):
            raise InputError(
                f"{source}, row {number}: responses, and each of {', '.join(ATTRIBUTES)}, must be a list of two"
            )
        pairs.append(canonical(pair_by_means(row)))
    check_rows(pairs, source)
    return pairs


def check_rows(rows: list[dict[str, Any]], source: str) -> None:
    """Raises InputError, naming the first row, counted from 1, that is not a rated pair of conversations."""
    if not rows:
        raise InputError(f"data.source: {source} has no rows; give a data set with at least one")
    for number, row in enumerate(rows, start=1):
        where = f"{source}, row {number}"
        if not isinstance(row["prompt"], str):
            raise InputError(f"{where}: prompt must be text, not {_show(row['prompt'])}")
        for name in ("chosen", "rejected"):
            if not _is_answered(row[name]):
                raise InputError(
                    f"{where}: {name} must be two or more {{role, content}} messages, the last by the assistant,"
                    f" not {_show(row[name])}"
                )
        for name in ("chosen_rating", "rejected_rating"):
            if not _is_number(row[name]):
                raise InputError(f"{where}: {name} must be a number, not {_show(row[name])}")
        if row["chosen_rating"] < row["rejected_rating"]:
            raise InputError(
                f"{where}: the chosen response is rated below the rejected one"
                f" ({row['chosen_rating']} < {row['rejected_rating']}); swap them or remove the row"
            )


def _is_answered(messages: Any) -> bool:
    if not isinstance(messages, list) or len(messages) < 2:
        return False
    texts = [message.get(key) for message in messages if isinstance(message, dict) for key in ("role", "content")]
    all_texts = len(texts) == 2 * len(messages) and all(isinstance(text, str) for text in texts)
    return all_texts and messages[-1]["role"] == "assistant"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _show(value: Any) -> str:
    return textwrap.shorten(repr(value), 80, placeholder=" ...")
