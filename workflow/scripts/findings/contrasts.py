"""Contrasts as the rules tell them to scripts."""

from typing import NamedTuple


class Contrast(NamedTuple):
    """An arm that is compared with another; `role` is "test", in the family of Holm's correction, or "control"."""

    name: str
    arm: str
    against: str
    role: str


def parse_contrast(text: str) -> Contrast:
    """A contrast from `name:arm:against:role`."""
    return Contrast(*text.split(":"))
