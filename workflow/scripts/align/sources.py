"""What every source has in common, on the hub or here: is it there, at which revision, and its errors in one line."""

import contextlib
import hashlib
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from align.errors import InputError

# A name that ends so is a file's, not a hub id.
ENDINGS = (".jsonl", ".json", ".parquet", ".gguf")


class HubError(InputError):
    """What is not here could not be had from the hub."""


def use_cache_if_unreachable() -> None:
    """Where the hub does not answer, use what was downloaded before, and fail at once if that is nothing.

    The libraries would try for more than a minute.
    """
    import datasets
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=10)
    # The client's errors have had several bases over its versions.
    except Exception as error:
        print(f"{constants.ENDPOINT} does not answer ({error}): looking for what was downloaded before", flush=True)
        constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True


def describe_file(path: str | Path) -> dict[str, Any]:
    """Its size in bytes and its sha256: what a revision is to the hub."""
    with Path(path).open("rb") as file:
        return {"bytes": Path(path).stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def find_revision(source: str, wanted: str | None, kind: str) -> str | None:
    """The commit on the hub that `wanted`, or the newest, stands for; None for what lies here. `kind` is the hub's."""
    if Path(source).exists():
        return None
    from huggingface_hub import HfApi

    with contextlib.suppress(Exception):  # an old cache may serve where the hub does not answer
        return HfApi().repo_info(source, revision=wanted, repo_type=kind).sha
    return wanted


def check_local(source: str, key: str) -> None:
    """A source that looks like a path must exist: the hub would answer with a puzzle."""
    looks_local = source.startswith((".", "/", "~")) or source.count("/") > 1 or Path(source).suffix in ENDINGS
    if looks_local and not Path(source).exists():
        raise InputError(f"{key}: there is no {source}")


@contextlib.contextmanager
def one_line(source: str, key: str) -> Iterator[None]:
    """Turn whatever reading `source` raises into an InputError of one line."""
    try:
        yield
    except InputError:
        raise
    # Nothing narrower would do: tokenizers raises a bare Exception, datasets StopIteration for an empty file,
    # and errors of safetensors, arrow and the hub have no base in common.
    except Exception as error:
        told = error.__cause__ if str(error.__cause__ or "") else error
        reason = textwrap.shorten(str(told), 200, placeholder=" ...") or type(told).__name__
        if isinstance(error, StopIteration) or "corresponds to no data" in reason:
            raise InputError(f"{key}: {source} has no rows; give a data set with at least one") from error
        if Path(source).exists():
            raise InputError(f"{key}: could not read {source} ({reason}); mend it or give another") from error
        raise HubError(
            f"{key}: could not load {source} ({reason}); check its name and revision; with no network, download it"
            f" and set {key} to its folder"
        ) from error
