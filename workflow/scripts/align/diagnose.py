"""What to tell of an error that a broken file, a full disk or a read-only folder caused: one line that names it."""

import errno
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

# What torch.save writes is a zip file.
TORCH_FILES = (".bin", ".pt", ".pth", ".pkl")
# What torch.save says of a file that it could not write whole: of a disk that is full, and of hardly anything else.
TORCH_COULD_NOT_WRITE = ("unexpected pos", "PytorchStreamWriter failed writing")
# What each model's folder has, as patterns: weights may lie in several files, tokenizers have several kinds.
MODEL_FILES = ("config.json", "*.safetensors", "tokenizer*")
OF_THE_DISK = {
    errno.ENOSPC: "no space is left on the disk: make some",
    errno.EDQUOT: "no more may be written, by the disk's quota: make space",
    errno.EROFS: "the disk is read-only: make it writable",
    errno.EACCES: "it may not be read or written: give yourself the right",
}
AGAIN = "and give the same command again; what was finished stays"


def explain(error: BaseException, words: list[str]) -> str | None:
    """One line on what broke a script that was called with `words`, or None if nothing is found: then it is a bug."""
    for cause in causes(error):
        if isinstance(cause, OSError) and cause.errno in OF_THE_DISK:
            where = f"{cause.filename}: " if cause.filename else ""
            return f"{where}{OF_THE_DISK[cause.errno]}, {AGAIN}"
        # The writers of tables and weights that are not Python's own tell it in words alone, torch's not even that.
        if any(words in str(cause) for words in ("No space left on device", *TORCH_COULD_NOT_WRITE)):
            return f"{OF_THE_DISK[errno.ENOSPC]}, {AGAIN}"
    # os.path.exists is False of words that are no path at all, of which Path.exists raises: too long a one, say.
    given = [part for word in words for part in (word, word.partition("=")[2]) if part and os.path.exists(part)]
    for path in map(Path, given):
        for file, problem in broken_files(path):
            what = "it" if file == path else path
            return f"{file} {problem}: delete {what}, or mend what is your own, {AGAIN}"
    return None


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def broken_files(path: Path) -> Iterator[tuple[Path, str]]:
    """A file, or a folder's files, that cannot be read, each with what is wrong; a model's folder may lack one."""
    # An ensemble's models lie in folders of its own, beside one tokenizer.
    lacking = [name for name in MODEL_FILES if not any([*path.glob(name), *path.glob(f"member*/{name}")])]
    # Weights alone are a training's state.
    if lacking and {"config.json", "tokenizer*"} - {*lacking}:
        yield path, f"lacks {lacking[0]}"
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        check = CHECKS.get(file.suffix)
        if check and file.is_file():
            try:
                problem = check(file)
            except Exception as error:  # whatever a reader of broken bytes says
                problem = f"is broken ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
            if problem:
                yield file, problem


def check_parquet(path: Path) -> None:
    import pyarrow.parquet

    pyarrow.parquet.read_table(path)


def check_csv(path: Path) -> str | None:
    import pandas

    pandas.read_csv(path)
    # Rows that are left of a table are a table.
    return None if path.read_bytes().endswith(b"\n") else "is broken (its last line has no end)"


def check_json(path: Path) -> None:
    json.loads(path.read_text(encoding="utf-8"))


def check_weights(path: Path) -> str | None:
    import torch
    from safetensors import safe_open

    with safe_open(path, framework="pt") as weights:
        for name in weights.keys():  # noqa: SIM118 (it is no dictionary)
            tensor = weights.get_tensor(name)
            if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                return f"has weights that are not finite numbers ({name})"
    return None


def check_zip(path: Path) -> str | None:
    bad = zipfile.ZipFile(path).testzip()
    return f"is broken ({bad})" if bad else None


CHECKS: dict[str, Callable[[Path], str | None]] = {
    ".parquet": check_parquet,
    ".csv": check_csv,
    ".json": check_json,
    ".safetensors": check_weights,
    **dict.fromkeys(TORCH_FILES, check_zip),
}
