"""What is in a GGUF file, llama.cpp's format: a model and its tokenizer, most weights in a few bits each."""

from collections import Counter
from pathlib import Path
from typing import Any

from align.errors import InputError
from align.sources import describe_file


def is_gguf(source: str) -> bool:
    return Path(source).suffix == ".gguf"


def describe_gguf(path: str) -> dict[str, Any]:
    """Its size in bytes, its sha256, and how many tensors it has in each type (F32, Q4_1, ...).

    Raises InputError if the file is truncated or is not GGUF.
    """
    from gguf import GGUFReader

    try:
        types = Counter(tensor.tensor_type.name for tensor in GGUFReader(path).tensors)
    # The reader trusts its file: what is cut off ends in whatever numpy says of a slice that is too short.
    except Exception as error:
        raise InputError(f"model.source: {path} is cut off, or no GGUF file ({error}); fetch it again") from error
    return describe_file(path) | {"tensors": dict(sorted(types.items()))}
