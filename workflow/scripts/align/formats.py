"""Preference rows as public copies of HelpSteer2 have them, put into HelpSteer2_binarized's columns.

`prompt` is text, `chosen` and `rejected` are lists of {role, content} messages, the response last, `chosen_rating` and
`rejected_rating` are numbers.
"""

import re
from typing import Any

COLUMNS = ("prompt", "chosen", "rejected", "chosen_rating", "rejected_rating")
# juyoungml/HelpSteer2-binarized calls its ratings so.
OTHER_NAMES = {"chosen_rating": "chosen_score", "rejected_rating": "rejected_score"}
# HelpSteer2's raters gave each response five ratings, 0 to 4; a pair's ratings are their means. Rows that have both
# responses to a prompt in one list, `responses`, and so each attribute's ratings, keep the pairs that the means tie.
ATTRIBUTES = ("helpfulness", "correctness", "coherence", "complexity", "verbosity")
RATED_APART = ("prompt", "responses", *ATTRIBUTES)
# HelpSteer2 (Wang et al. 2024, arXiv 2406.08673) flattens a conversation into one prompt with these marks.
TURN = re.compile(r"\n<extra_id_1>(User|Assistant)\n")


def rename_columns(names: list[str]) -> dict[str, str]:
    """The column that holds each of COLUMNS, for those that are there."""
    found = {name: name if name in names else OTHER_NAMES.get(name) for name in COLUMNS}
    return {name: held for name, held in found.items() if held in names}


def is_rated_apart(row: dict[str, Any]) -> bool:
    """Whether a row of RATED_APART has two responses, and two ratings by each attribute."""
    pairs = all(isinstance(row[name], list) and len(row[name]) == 2 for name in RATED_APART[1:])
    return pairs and all(isinstance(rating, (int, float)) for name in ATTRIBUTES for rating in row[name])


def pair_by_means(row: dict[str, Any]) -> dict[str, Any]:
    """COLUMNS of a row of RATED_APART: the response with the higher mean first; of a tie, the row's first."""
    ratings = [sum(row[name][i] for name in ATTRIBUTES) / len(ATTRIBUTES) for i in range(2)]
    best = 0 if ratings[0] >= ratings[1] else 1
    chosen, rejected = (row["responses"][i] for i in (best, 1 - best))
    rated = {"chosen_rating": ratings[best], "rejected_rating": ratings[1 - best]}
    return {"prompt": row["prompt"], "chosen": chosen, "rejected": rejected} | rated


def split_turns(prompt: str) -> list[dict[str, str]]:
    """The turns of a flattened conversation; of any other prompt, the one turn that it is.

    Text in which users and assistants do not take turns, users first and last, is left as it is.
    """
    first, *rest = TURN.split(prompt)
    turns = [{"role": "user", "content": first}]
    turns += [{"role": role.lower(), "content": text} for role, text in zip(rest[::2], rest[1::2])]
    expected = ["user", "assistant"] * len(turns)
    if len(turns) % 2 == 0 or [turn["role"] for turn in turns] != expected[: len(turns)]:
        return [{"role": "user", "content": prompt}]
    return turns


def expand(response: Any, prompt: Any) -> Any:
    """Messages of a response: a plain string follows its prompt, a flattened prompt becomes its turns."""
    if isinstance(response, str) and isinstance(prompt, str):
        return [*split_turns(prompt), {"role": "assistant", "content": response}]
    is_one_turn = isinstance(response, list) and len(response) == 2 and isinstance(response[0], dict)
    if is_one_turn and response[0].get("role") == "user" and isinstance(response[0].get("content"), str):
        return [*split_turns(response[0]["content"]), response[1]]
    return response


def canonical(row: dict[str, Any]) -> dict[str, Any]:
    """A row of COLUMNS with its responses as messages; what is no pair of responses is left for the check to name."""
    return row | {name: expand(row[name], row["prompt"]) for name in ("chosen", "rejected")}
