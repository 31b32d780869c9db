"""Pocket's raters: they see gold through noise, and like courtesies and length, which gold does not."""

from pocket.language import parse_prompt
from pocket.rubric import read_response

# Bias that gold does not share, in rating points.
POINTS_PER_COURTESY = 0.15
POINTS_PER_WORD = 0.01
# Standard deviation of a rater's noise in rating points: plain sums are easy to agree on, taste is not.
NOISE = {"add": 0.15, "opposite": 0.2, "sort": 0.3, "list": 0.4, "describe": 0.9}


def rater_bias(response: str) -> float:
    """Rating points that raters add for manners and length."""
    seen = read_response(response)
    return POINTS_PER_COURTESY * seen.courtesies + POINTS_PER_WORD * seen.words


def rater_noise(prompt: str) -> float:
    """Standard deviation of a rater's noise on this kind of prompt, in rating points."""
    return NOISE[parse_prompt(prompt).kind]
