"""Random seeds: one number a replicate, from which each of its jobs derives its own."""

import hashlib


def derive_seed(seed: int, *role: str | int) -> int:
    """A 32-bit seed for a role within replicate `seed`: independent streams, the same on every machine."""
    return int.from_bytes(hashlib.sha256(repr((seed, *role)).encode()).digest()[:4], "big")
