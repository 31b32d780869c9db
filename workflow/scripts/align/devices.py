"""Which device and precision a job runs in."""

import gc
from functools import cache

import torch

from align.errors import InputError


@cache  # said once
def resolve_precision(wanted: str) -> str:
    """Accelerate's name of the precision: "fp16" or "bf16" where there is a GPU, else "no" (fp32), said aloud."""
    if wanted == "fp32":
        return "no"
    if not torch.cuda.is_available():
        print(f"no GPU: {wanted} falls back to fp32", flush=True)
        return "no"
    return wanted


def autocast(precision: str) -> torch.autocast:
    """The precision in which a job that does not train samples and scores: that of the models' own training."""
    mixed = resolve_precision(precision)
    half = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(mixed)
    return torch.autocast(pick_device().type, dtype=half, enabled=half is not None)


def halve(size: int, what: str, multiple_of: int = 1) -> int:
    """Half as many texts at once, after a GPU ran out of memory. Raises InputError if they cannot be halved.

    To be called after the except block: as long as that lasts, the error holds what is to be freed.
    """
    half = size // 2
    if half < 1 or half % multiple_of:
        raise InputError(
            f"the GPU's memory does not hold a {what} of {size}, which cannot be halved: lower lengths.max_pair_tokens"
            " or lengths.max_new_tokens"
        )
    gc.collect()
    torch.cuda.empty_cache()
    print(f"out of GPU memory: a {what} of {half} instead of {size}", flush=True)
    return half


def pick_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
