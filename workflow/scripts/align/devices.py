"""Which device and precision a job runs in."""

from functools import cache

import torch


@cache  # said once
def resolve_precision(wanted: str) -> str:
    """Accelerate's name of the precision, "fp16", "bf16" or "no" (fp32).

    A CPU has bf16 where it has instructions for it, and no fp16; it says aloud that it falls back to fp32.
    """
    if wanted == "fp32":
        return "no"
    if torch.cuda.is_available() or (wanted == "bf16" and has_bf16_instructions()):
        return wanted
    lacks = "the CPU has no instructions for bf16" if wanted == "bf16" else "no GPU"
    print(f"{lacks}: {wanted} falls back to fp32", flush=True)
    return "no"


def has_bf16_instructions() -> bool:
    """Whether the CPU multiplies bf16 numbers itself (AVX-512 BF16, which every CPU with AMX has too)."""
    # Not torch.ops.mkldnn._is_mkldnn_bf16_supported, which is true of any AVX-512: without these instructions bf16 is
    # emulated, more slowly than fp32. The public get_capabilities is not in every torch that we allow.
    return torch.cpu._is_avx512_bf16_supported()


def autocast(precision: str) -> torch.autocast:
    """The precision in which a job that does not train samples and scores: that of the models' own training."""
    mixed = resolve_precision(precision)
    half = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(mixed)
    return torch.autocast(pick_device().type, dtype=half, enabled=half is not None)


def pick_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
