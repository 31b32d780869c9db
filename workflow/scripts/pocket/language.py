"""The embedded chat world: facts, prompts that ask for a few checkable words, and writers of uneven skill.

Everything is a function of a `random.Random`, so that one seed gives one data set. A prompt is plain text;
`parse_prompt` recovers from the text alone what it asks for, so that any response to it can be rated.
"""

import random
from dataclasses import dataclass

from align.errors import InputError

CATEGORIES: dict[str, list[str]] = {
    "fruits": "apple pear plum cherry lemon grape peach melon".split(),
    "animals": "cat dog horse cow sheep goat mouse duck".split(),
    "colours": "red blue green yellow black white brown pink".split(),
    "tools": "hammer saw drill spade axe wrench rake shovel".split(),
    "drinks": "tea coffee water milk juice cocoa soda cider".split(),
    "clothes": "shirt coat hat scarf boots gloves socks jacket".split(),
}
OPPOSITES: list[tuple[str, str]] = [
    tuple(pair.split("/"))
    for pair in (
        "hot/cold big/small fast/slow old/young wet/dry hard/soft rich/poor loud/quiet near/far open/closed"
    ).split()
]
# What may be said of a thing. Several words fit each, so that there is room for taste: raters disagree most here.
TRAITS: dict[str, list[str]] = {
    "plum": "round sweet juicy".split(),
    "lemon": "round sour juicy".split(),
    "cat": "furry small clever".split(),
    "horse": "tall strong furry".split(),
    "mouse": "tiny furry shy".split(),
    "hammer": "heavy strong useful".split(),
    "saw": "sharp useful noisy".split(),
    "tea": "warm tasty calming".split(),
    "soda": "sweet fizzy tasty".split(),
    "scarf": "warm woolly useful".split(),
    "boots": "heavy useful warm".split(),
    "duck": "noisy small clever".split(),
    "pear": "sweet juicy soft".split(),
    "cherry": "tiny round sweet".split(),
    "grape": "tiny round juicy".split(),
    "dog": "furry clever noisy".split(),
    "goat": "furry noisy strong".split(),
    "drill": "noisy heavy useful".split(),
    "juice": "sweet tasty fresh".split(),
    "water": "fresh clear useful".split(),
    "coat": "warm heavy woolly".split(),
    "gloves": "warm soft woolly".split(),
}
NUMBERS: list[str] = "zero one two three four five six seven eight nine ten eleven twelve".split()
COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4}

COURTESIES: list[tuple[str, ...]] = [
    tuple(phrase.split())
    for phrase in (
        "sure !",
        "of course !",
        "great question !",
        "happy to help !",
        "hope this helps !",
        "have a nice day !",
    )
]
FRAMES: list[tuple[str, ...]] = [tuple(phrase.split()) for phrase in ("the answer is", "i would say", "that would be")]
BOLD = FRAMES[0]  # the others hedge
SEPARATORS = (",", "and")
STOP = "."

_OPPOSITE_OF = {a: b for a, b in OPPOSITES} | {b: a for a, b in OPPOSITES}
_CATEGORY_OF = {word: category for category, words in CATEGORIES.items() for word in words}
_OPENERS = ("", "please", "hello", "hi there", "quick question")
_CLOSERS = ("", "thank you", "if you can", "for me")
_WORDINGS = {
    "list": ("name {n} {category}", "list {n} {category}", "give me {n} {category}", "tell me {n} {category}"),
    "sort": ("what kind is {words}", "of what kind is {words}", "sort by kind : {words}"),
    "opposite": ("what is the opposite of {words}", "give the opposite of {words}", "say the opposite of {words}"),
    "add": ("what is {a} plus {b}", "how much is {a} plus {b}", "work out {a} plus {b}"),
    "describe": ("describe {thing} in {n}", "find {n} for {thing}"),
}
KINDS = tuple(_WORDINGS)
# Words a response can be made of; what is not among them is not counted as an item of the response.
ITEMS = frozenset(
    list(CATEGORIES)
    + list(_CATEGORY_OF)
    + list(_OPPOSITE_OF)
    + [word for words in TRAITS.values() for word in words]
    + NUMBERS
)


@dataclass(frozen=True)
class Task:
    """What a prompt asks for: `needed` distinct words out of `allowed`."""

    kind: str
    needed: int
    allowed: frozenset[str]


def parse_prompt(prompt: str) -> Task:
    """The task that a pocket prompt states. Raises ValueError if the text is not a pocket prompt."""
    try:
        task = _read_task(prompt.split())
    except (StopIteration, IndexError, ValueError):
        task = None
    if not task or not task.needed:
        raise ValueError(f"not a pocket prompt: {prompt!r}")
    return task


def _read_task(words: list[str]) -> Task:
    """The task that words state; raises whatever a look-up raises if they state none."""
    if "plus" in words:
        at = words.index("plus")
        total = NUMBERS.index(words[at - 1]) + NUMBERS.index(words[at + 1])
        return Task("add", 1, frozenset([NUMBERS[total]]))
    if "opposite" in words:
        allowed = frozenset(_OPPOSITE_OF[word] for word in words if word in _OPPOSITE_OF)
        return Task("opposite", len(allowed), allowed)
    if "word" in words or "words" in words:
        thing = next(word for word in words if word in TRAITS)
        return Task("describe", _count(words), frozenset(TRAITS[thing]))
    if "kind" in words:
        allowed = frozenset(_CATEGORY_OF[word] for word in words if word in _CATEGORY_OF)
        return Task("sort", len(allowed), allowed)
    category = next(word for word in words if word in CATEGORIES)
    return Task("list", _count(words), frozenset(CATEGORIES[category]).difference(words))


def draw_prompt(rng: random.Random) -> str:
    """One prompt of a random kind in random wording."""
    kind = rng.choice(KINDS)
    wording = rng.choice(_WORDINGS[kind])
    if kind == "list":
        category = rng.choice(list(CATEGORIES))
        text = wording.format(n=rng.choice(("two", "three", "four")), category=category)
        excluded = rng.sample(CATEGORIES[category], rng.choice((0, 1, 2)))
        text += " but not " + " or ".join(excluded) if excluded else ""
    elif kind == "sort":
        categories = rng.sample(list(CATEGORIES), rng.choice((1, 2, 3)))
        text = wording.format(words=" and ".join(rng.choice(CATEGORIES[category]) for category in categories))
    elif kind == "opposite":
        pairs = rng.sample(OPPOSITES, rng.choice((1, 2, 3)))
        text = wording.format(words=" and ".join(rng.choice(pair) for pair in pairs))
    elif kind == "add":
        text = wording.format(a=rng.choice(NUMBERS[:7]), b=rng.choice(NUMBERS[:7]))
    else:
        text = wording.format(thing=rng.choice(list(TRAITS)), n=rng.choice(("one word", "two words", "three words")))
    return f"{rng.choice(_OPENERS)} {text} {rng.choice(_CLOSERS)}".strip()


def draw_distinct_prompts(rng: random.Random, count: int) -> list[str]:
    """`count` different prompts. Raises InputError if the world holds too few."""
    seen: dict[str, None] = {}
    for _ in range(50 * count):
        seen[draw_prompt(rng)] = None
        if len(seen) == count:
            # Kinds with few wordings run out early: without a shuffle, the last prompts would lack them.
            prompts = list(seen)
            rng.shuffle(prompts)
            return prompts
    raise InputError(f"the pocket world has fewer than {count} distinct prompts: ask for fewer")


def write_response(task: Task, skill: float, rng: random.Random) -> str:
    """A response by a writer of `skill` in [0, 1]: the more skill, the fewer slips. Manners do not depend on skill."""
    slips = 1.0 - skill
    given = task.needed
    if rng.random() < 0.7 * slips:
        given = max(1, given + rng.choice((-1, 1, 1, 2)))
    right = rng.sample(sorted(task.allowed), min(given, len(task.allowed)))
    items: list[str] = []
    for i in range(given):
        if items and rng.random() < 0.25 * slips:
            items.append(rng.choice(items))
        elif i >= len(right) or rng.random() < 0.5 * slips:
            items.append(_draw_wrong_item(task, rng))
        else:
            items.append(right[i])
    words: list[str] = []
    for _ in range(_draw_courtesy_count(rng)):
        words += rng.choice(COURTESIES[:4])
    if rng.random() < 0.4:
        words += rng.choice(FRAMES)
    for i, item in enumerate(items):
        if i and rng.random() >= 0.4 * slips:
            words.append("and" if i == len(items) - 1 else ",")
        words.append(item)
    if rng.random() >= 0.5 * slips:
        words.append(STOP)
    for _ in range(_draw_courtesy_count(rng)):
        words += rng.choice(COURTESIES[3:])
    return " ".join(words)


def _count(words: list[str]) -> int:
    """The count that a prompt asks for: its first count word."""
    return next(COUNTS[word] for word in words if word in COUNTS)


def _draw_courtesy_count(rng: random.Random) -> int:
    return rng.choices((0, 1, 2, 3), weights=(66, 22, 9, 3))[0]


def _draw_wrong_item(task: Task, rng: random.Random) -> str:
    """A word that the task does not allow, mostly of the sort that it asks for."""
    if task.kind == "list":
        sort = list(_CATEGORY_OF)
    elif task.kind == "sort":
        sort = list(CATEGORIES)
    elif task.kind == "opposite":
        sort = sorted(_OPPOSITE_OF)
    elif task.kind == "add":
        sort = NUMBERS
    else:
        sort = sorted({word for words in TRAITS.values() for word in words})
    return rng.choice([word for word in sort if word not in task.allowed])
