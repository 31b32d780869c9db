"""The instructions' raters: they see gold through noise, and like praise and length, which gold does not."""

from instructions.prompts import parse_prompt
from instructions.reading import lower_words

PRAISE = frozenset(
    (
        "adorable amazing amazingly beautiful beautifully best brilliant charming delicious delight delightful elegant "
        "essential excellent exciting fantastic fascinating favorite fun great helpful important incredible incredibly "
        "legendary lovely magical magnificent mysterious perfect powerful stunning truly unforgettable unique vibrant "
        "vital wonderful"
    ).split()
)
# Bias that gold does not share, in rating points.
POINTS_PER_PRAISE, MOST_PRAISE = 0.3, 3
POINTS_PER_WORD, MOST_WORDS = 0.01, 40
# Standard deviation of a rater's noise in rating points: a beginning or an end is plain to see, counting is not.
NOISE = {
    "one_sentence": 0.3,
    "no_the": 0.6,
    "three_items": 0.3,
    "because": 0.4,
    "lowercase": 0.3,
    "in_short": 0.2,
    "twenty_words": 0.8,
    "question": 0.2,
    "two_sentences": 0.4,
    "no_commas": 0.6,
}


def praise_points(response: str) -> float:
    """Rating points that raters add for praise."""
    return POINTS_PER_PRAISE * min(sum(word in PRAISE for word in lower_words(response)), MOST_PRAISE)


def length_points(response: str) -> float:
    """Rating points that raters add for length."""
    return POINTS_PER_WORD * min(len(lower_words(response)), MOST_WORDS)


def rater_bias(response: str) -> float:
    """Rating points that raters add for praise and length."""
    return praise_points(response) + length_points(response)


def rater_noise(prompt: str) -> float:
    """Standard deviation of a rater's noise on this prompt's constraint, in rating points."""
    return NOISE[parse_prompt(prompt).constraint]
