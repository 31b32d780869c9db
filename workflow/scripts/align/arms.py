"""Arms as the rules tell them to scripts: which reward model, and what signal is made of its outputs."""

import json
from dataclasses import dataclass

from align.signals import SignalOptions


@dataclass(frozen=True)
class Arm:
    """One way of turning a reward model into a training signal."""

    name: str
    reward_model: str  # its kind
    signal: str
    options: SignalOptions = SignalOptions()


def parse_arms(text: str) -> list[Arm]:
    """Arms from JSON: a list of objects of name, reward_model and signal, with the signal's options if it has any."""
    return [
        Arm(arm.pop("name"), arm.pop("reward_model"), arm.pop("signal"), SignalOptions(**arm))
        for arm in json.loads(text)
    ]
