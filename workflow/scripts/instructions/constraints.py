"""The constraints that a prompt may put on its response, and how well a response complies with each, from 0 to 1.

A share below 1 says how near the response came, so that a policy which complies only at times has something to learn
from. The share says nothing of what is said: an empty text has no comma. `rubric.complies` refuses empty talk as well.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from instructions.reading import lower_words, read_items, read_sentences, read_words

SHORT = 20  # words, of a short sentence and of a short response
SAYING = 3  # words that say something at the least: after "because" or "In short,", or in a question
_BECAUSE = re.compile(r"(?<![\"'“‘])\bbecause\b(?![\"'”’])")


@dataclass(frozen=True)
class Constraint:
    """A sentence that a prompt ends with, and the share of what it asks for that a response delivers."""

    wording: str
    share: Callable[[str], float]


def one_sentence(response: str) -> float:
    """1 less 1/3 for each further sentence, times `twenty_words`."""
    return _falling(len(read_sentences(response)) - 1, 3) * twenty_words(response)


def no_the(response: str) -> float:
    """1 less 1/3 for each "the"."""
    return _falling(lower_words(response).count("the"), 3)


def three_items(response: str) -> float:
    """1 for items 1, 2 and 3, each with a word, less 1/3 for each that is missing, too many or out of order."""
    items = read_items(response)
    in_order = 0
    while in_order < len(items) and items[in_order][0] == in_order + 1 and lower_words(items[in_order][1]):
        in_order += 1
    return _falling(abs(in_order - 3) + len(items) - in_order, 3)


def because(response: str) -> float:
    """1 for "because" with three words or more after it in its sentence, 1/2 for one with fewer or in quotes."""
    reasons = [reason for sentence in read_sentences(response) for reason in _BECAUSE.split(sentence.lower())[1:]]
    given = any(len(read_words(reason)) >= SAYING for reason in reasons)
    return 1.0 if given else 0.5 * ("because" in lower_words(response))


def lowercase(response: str) -> float:
    """1 without capitals, else 1/2 less twice the share of words with capitals."""
    words = [word for word in read_words(response) if any(letter.isalpha() for letter in word)]
    capitals = sum(word != word.lower() for word in words)
    return max(0.0, 0.5 - 2 * capitals / len(words)) if capitals else float(bool(words))


def in_short(response: str) -> float:
    """1 for "In short," at the beginning and three words or more after it, 1/2 for "in short" in another form."""
    begun = response.startswith("In short,") and len(read_words(response)) >= 2 + SAYING
    return 1.0 if begun else 0.5 * ("in short" in " ".join(lower_words(response)))


def twenty_words(response: str) -> float:
    """1 for one to twenty words, less 1/20 for each further word."""
    count = len(read_words(response))
    return _falling(max(0, count - SHORT), SHORT) if count else 0.0


def question(response: str) -> float:
    """1 for a question of three words or more at the end, 1/2 for a shorter one or one that stands elsewhere."""
    sentences = read_sentences(response)
    asked = bool(sentences) and _is_question(sentences[-1]) and len(read_words(sentences[-1])) >= SAYING
    return 1.0 if asked else 0.5 * any(_is_question(sentence) for sentence in sentences)


def two_sentences(response: str) -> float:
    """1 for two sentences, less 1/2 for each that is missing or too many."""
    return _falling(abs(len(read_sentences(response)) - 2), 2)


def no_commas(response: str) -> float:
    """1 less 1/3 for each comma."""
    return _falling(response.count(","), 3)


CONSTRAINTS: dict[str, Constraint] = {
    "one_sentence": Constraint("Answer in one short sentence.", one_sentence),
    "no_the": Constraint('Do not use the word "the".', no_the),
    "three_items": Constraint("Answer with exactly three numbered items.", three_items),
    "because": Constraint('Use the word "because".', because),
    "lowercase": Constraint("Write everything in lowercase letters.", lowercase),
    "in_short": Constraint('Begin with "In short,".', in_short),
    "twenty_words": Constraint("Use at most twenty words.", twenty_words),
    "question": Constraint("End with a question mark.", question),
    "two_sentences": Constraint("Answer in exactly two sentences.", two_sentences),
    "no_commas": Constraint("Do not use any commas.", no_commas),
}
# Asked for in validation prompts only: does what was learnt carry over to constraints never trained on?
HELD_OUT = ("two_sentences", "no_commas")
SEEN = tuple(name for name in CONSTRAINTS if name not in HELD_OUT)


def _falling(excess: int, span: int) -> float:
    """1 without excess, falling evenly to 0 at an excess of `span`."""
    return max(0.0, 1.0 - excess / span)


def _is_question(sentence: str) -> bool:
    return sentence.rstrip("\"'”’)]*_ ").endswith("?")
