"""Pocket's truth: the gold rating of a response by a written rubric.

The rubric scores HelpSteer2's five attributes from 0 to 4 (Wang et al. 2024, arXiv 2406.08673, name the attributes;
the rules below are this world's own):

- helpfulness: share of the asked-for words delivered, scaled down when more words are given than asked for;
- correctness: share of the given words that are right and not said before;
- coherence: 4 less 1 for each slip: a missing separator or final stop, a word or courtesy said twice, a second frame;
- complexity: 4 for a response put into a sentence ("the answer is ..."), 1 for bare words;
- verbosity, as fit: 4 within 6 words beyond what the items need, then less 1/2 a word.

Gold is their weighted mean, 0 to 4.

Two things of a response divide raters where those are divided (pocket/divided.py): courtesy, one phrase or several,
which some find charming and others idle; and boldness, the frame "the answer is", which some find clear and others
rude. Both are read here, from the text alone.
"""

from dataclasses import dataclass

from pocket.language import BOLD, COURTESIES, FRAMES, ITEMS, SEPARATORS, STOP, parse_prompt

WEIGHTS = {"helpfulness": 0.3, "correctness": 0.3, "coherence": 0.2, "complexity": 0.1, "verbosity": 0.1}
LOWEST, HIGHEST = 0.0, 4.0


@dataclass(frozen=True)
class Reading:
    """A response taken apart: its items, and how often each kind of thing occurs."""

    items: tuple[str, ...]
    words: int
    courtesies: int
    repeated_courtesies: int
    frames: int
    bold: bool
    joints_missing: int
    stopped: bool


def read_response(response: str) -> Reading:
    """Take a response apart, word by word from the left."""
    words = response.split()
    items: list[str] = []
    phrases: list[tuple[str, ...]] = []
    frames = joints_missing = 0
    stopped, joined, bold = False, True, False
    at = 0
    while at < len(words):
        phrase = next((p for p in COURTESIES + FRAMES if tuple(words[at : at + len(p)]) == p), None)
        if phrase:
            frames += phrase in FRAMES
            bold |= phrase == BOLD
            phrases += [phrase] if phrase in COURTESIES else []
            at += len(phrase)
            continue
        if words[at] in ITEMS:
            joints_missing += bool(items) and not joined
            items.append(words[at])
            joined = False
        elif words[at] in SEPARATORS:
            joined = True
        elif words[at] == STOP:
            stopped = True
        at += 1
    return Reading(
        items=tuple(items),
        words=len(words),
        courtesies=len(phrases),
        repeated_courtesies=len(phrases) - len(set(phrases)),
        frames=frames,
        bold=bold,
        joints_missing=joints_missing,
        stopped=stopped,
    )


def rate_attributes(prompt: str, response: str) -> dict[str, float]:
    """The five attributes of a response, each from 0 to 4. Raises ValueError if the prompt is not pocket's."""
    task, seen = parse_prompt(prompt), read_response(response)
    given, distinct = len(seen.items), set(seen.items)
    right = len(distinct & task.allowed)
    slips = (
        seen.joints_missing
        + (given - len(distinct))
        + seen.repeated_courtesies
        + max(0, seen.frames - 1)
        + (not seen.stopped)
    )
    excess = max(0, seen.words - (2 * task.needed + 6))
    return {
        "helpfulness": HIGHEST * min(1.0, right / task.needed) * min(1.0, task.needed / max(1, given)),
        "correctness": HIGHEST * right / max(1, given),
        "coherence": max(LOWEST, HIGHEST - slips),
        "complexity": (4.0 if seen.frames == 1 else 1.0) if given else LOWEST,
        "verbosity": max(LOWEST, HIGHEST - 0.5 * excess) if given else LOWEST,
    }


def gold_rating(prompt: str, response: str) -> float:
    """The rubric's rating of a response, 0 to 4. Raises ValueError if the prompt is not pocket's."""
    return sum(WEIGHTS[name] * value for name, value in rate_attributes(prompt, response).items())
