"""Reading and writing the workflow's files. Every write is atomic: a file or folder appears whole or not at all."""

import argparse
import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from align.errors import InputError


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A path beside `path` to write a file or folder to; renamed to `path` if the block succeeds, removed if not."""
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    # The real ending is kept: some writers (matplotlib, pandas) choose their format by it.
    draft = final.with_name(f".{uuid.uuid4().hex[:8]}-{final.name}")
    try:
        yield draft
        if final.is_dir() or draft.is_dir():  # a file is replaced at once, a folder only where none is left
            _remove(final)
        os.replace(draft, final)
    finally:
        _remove(draft)


def named_path(text: str) -> tuple[str, str]:
    """A file and its name, from `name=path`."""
    name, _, path = text.partition("=")
    if not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not name=path")
    return name, path


def write_text(path: str | Path, text: str) -> None:
    with atomic_path(path) as draft:
        draft.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON that people can read; NaN is refused, since JSON has none."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_csv(path: str | Path, table, digits: int = 6) -> None:
    """Write a table (pandas) as CSV, its numbers with so many significant digits."""
    with atomic_path(path) as draft:
        table.to_csv(draft, index=False, float_format=f"%.{digits}g")


def write_jsonl(path: str | Path, rows: Iterable[dict[str, Any]]) -> None:
    with atomic_path(path) as draft, draft.open("w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_jsonl(path: str | Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines. Raises InputError naming the line that is not JSON."""
    rows = []
    with Path(path).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    rows.append(json.loads(line))
                except json.JSONDecodeError as error:
                    raise InputError(f"{path}, line {number}: not JSON ({error.msg})") from None
    return rows


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
