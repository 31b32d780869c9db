"""Which device and precision a job runs in."""

from functools import cache

import torch


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


def pick_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
