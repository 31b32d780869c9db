"""Which device and precision a job runs in."""

import torch


def resolve_precision(wanted: str) -> str:
    """Accelerate's name of the precision: "fp16" or "bf16" where there is a GPU, else "no" (fp32), said aloud."""
    if wanted == "fp32":
        return "no"
    if not torch.cuda.is_available():
        print(f"no GPU: {wanted} falls back to fp32", flush=True)
        return "no"
    return wanted


def pick_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
