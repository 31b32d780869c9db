"""What a finding is: a claim with its condition, its thresholds, its numbers, its sentences and its strength."""

import dataclasses
from dataclasses import dataclass

from findings.words import fill

SHOWN, EQUIVALENT, NOT_TOLD, NOT_TESTED = "shown", "equivalent", "not told apart", "not tested"
STRENGTHS = (SHOWN, EQUIVALENT, NOT_TOLD, NOT_TESTED)


@dataclass(frozen=True)
class Finding:
    """`text` is Markdown; every number in it, code and formulas aside, is among `numbers` and `thresholds`."""

    name: str
    question: str
    strength: str
    condition: str  # what must hold of the numbers for the text to be true
    thresholds: dict[str, float]  # by their names in the config
    numbers: dict[str, float]
    text: str

    def as_row(self) -> dict:
        return dataclasses.asdict(self)


def make(
    name: str,
    question: str,
    text: str,
    numbers: dict[str, float] | None = None,
    *,
    strength: str = NOT_TESTED,
    condition: str = "as measured",
    **thresholds: float,
) -> Finding:
    """A finding whose text has its numbers and thresholds filled in, `{name:how}`."""
    numbers = {key: value for key, value in (numbers or {}).items() if value is not None}
    filled = fill(text, numbers | thresholds)
    return Finding(name, question, strength, condition, thresholds, numbers, filled)


def strength_of(*rows: dict) -> str:
    """The strength of what contrasts show together: that of the weakest, and none where there is one seed."""
    words = {"rose": SHOWN, "fell": SHOWN, "equivalent": EQUIVALENT, "inconclusive": NOT_TOLD}
    found = [words[row["verdict"]] if row["seeds"] > 1 else NOT_TESTED for row in rows]
    return max(found, key=STRENGTHS.index) if found else NOT_TESTED


def shown_by_p(p: float, alpha: float) -> str:
    """The strength of what one exact test shows."""
    return SHOWN if p < alpha else NOT_TOLD


def direction(row: dict, alpha: float, words: tuple[str, str, str]) -> str:
    """The word for a shown rise, a shown fall, or neither, by a row's exact p."""
    return words[2] if row["p_exact"] >= alpha else words[0] if row["estimate"] > 0 else words[1]
