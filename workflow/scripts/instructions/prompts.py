"""The prompts of the instructions' world: a form of asking about a topic, then one constraint.

A prompt is plain text; `parse_prompt` recovers from the text alone what it asks for, so that any response to it can be
rated. Folds share no topic: what is measured on one was never asked about in another.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from align.errors import InputError
from instructions.constraints import CONSTRAINTS, SEEN
from instructions.topics import TOPICS

FORMS: tuple[str, ...] = (
    "Tell me about {topic}.",
    "Why do people like {topic}?",
    "Explain {topic} to a child.",
    "What should everyone know about {topic}?",
    "What makes {topic} interesting?",
    "Describe {topic} to a friend.",
    "Share a fact about {topic}.",
    "What do people say about {topic}?",
    "Give me a reason to like {topic}.",
    "Write a note about {topic}.",
    "What can we learn from {topic}?",
    "What is special about {topic}?",
    "How would you describe {topic}?",
    "Introduce a visitor to {topic}.",
    "What surprises people about {topic}?",
    "What would life be like without {topic}?",
    "Help me understand {topic}.",
    "What comes to mind when you think of {topic}?",
    "Why are people interested in {topic}?",
    "Say something kind about {topic}.",
    "What do children ask about {topic}?",
    "What do you think of {topic}?",
    "I want to know more about {topic}.",
    "Teach me something about {topic}.",
)
# Each fold's constraints: those held out are asked for in validation only.
FOLDS: dict[str, tuple[str, ...]] = {"train": SEEN, "judge": SEEN, "validation": tuple(CONSTRAINTS)}


@dataclass(frozen=True)
class Task:
    """What a prompt asks for: something about `topic`, in the wording of `form`, under the named constraint."""

    topic: str
    form: str
    constraint: str


def write_prompt(task: Task) -> str:
    """The prompt's text."""
    return f"{task.form.format(topic=task.topic)} {CONSTRAINTS[task.constraint].wording}"


def parse_prompt(prompt: str) -> Task:
    """The task that a prompt states. Raises ValueError if the text is not a prompt of this world."""
    for name, constraint in CONSTRAINTS.items():
        if not prompt.endswith(f" {constraint.wording}"):
            continue
        asked = prompt.removesuffix(f" {constraint.wording}")
        for form in FORMS:
            before, after = form.split("{topic}")
            topic = asked.removeprefix(before).removesuffix(after)
            if form.format(topic=topic) == asked and topic in TOPICS:
                return Task(topic, form, name)
    raise ValueError(f"not a prompt of the instructions' world: {prompt!r}")


def draw_prompts(rng: random.Random, counts: dict[str, int], shares: dict[str, float]) -> dict[str, list[str]]:
    """Each fold's prompts, all distinct: as many as `counts` says, about its share of the topics.

    A fold's constraints take turns, so that in any first part of it their numbers differ by one at most.
    Raises InputError if the shares exceed the topics, or a fold's topics are too few for its prompts.
    """
    topics = split_topics(rng, shares)
    return {fold: _draw_fold(rng, fold, topics[fold], counts[fold]) for fold in FOLDS}


def split_topics(rng: random.Random, shares: dict[str, float]) -> dict[str, list[str]]:
    """The topics dealt to the folds by their shares, no topic to two."""
    if sum(shares[fold] for fold in FOLDS) > 1 + 1e-9:
        raise InputError("the folds' shares of the topics add up to more than 1")
    shuffled = rng.sample(TOPICS, len(TOPICS))
    dealt, taken = {}, 0.0
    for fold in FOLDS:
        start, taken = round(taken * len(TOPICS)), taken + shares[fold]
        dealt[fold] = shuffled[start : round(taken * len(TOPICS))]
    return dealt


def _draw_fold(rng: random.Random, fold: str, topics: Sequence[str], count: int) -> list[str]:
    turns: list[str] = []
    while len(turns) < count:
        turns += rng.sample(FOLDS[fold], len(FOLDS[fold]))
    questions = list(product(topics, FORMS))
    most = -(-count // len(FOLDS[fold]))  # prompts of one constraint
    if most > len(questions):
        raise InputError(
            f"{len(topics)} topics make {len(questions) * len(FOLDS[fold])} distinct {fold} prompts: "
            f"ask for fewer than {count}, or give the fold a larger share of the topics"
        )
    drawn = {constraint: iter(rng.sample(questions, most)) for constraint in FOLDS[fold]}
    return [write_prompt(Task(*next(drawn[constraint]), constraint)) for constraint in turns[:count]]
