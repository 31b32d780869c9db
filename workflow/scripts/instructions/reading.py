"""How a response is read: its words, sentences, numbered items and stems. All rules of the truth rest on these."""

import re

# The small words that hold English sentences together. Prose has them in half of its places, a heap of words in none.
FUNCTION_WORDS = frozenset(
    (
        "a an the this that these those some any each every all both many much more most few other another such no not "
        "i me my you your he him his she her it its we us our they them their who whom whose which what when where why "
        "how there here one ones and or but nor so yet if then than because as while since although though until "
        "unless of in on at by for with about against between into through during before after above below to from up "
        "down out off over under again without within across along around like is am are was were be been being do "
        "does did doing have has had having can cannot could will would shall should may might must just only also "
        "very too even still once"
    ).split()
)
# A full stop after these ends no sentence: abbreviations, and the numbers of items.
_BEFORE_A_STOP = frozenset("mr mrs ms dr prof st jr sr vs e.g i.e u.s u.k 1 2 3 4 5 6 7 8 9".split())
_WORD = re.compile(r"\w+(?:['’\-]\w+)*")
_ITEM_NUMBER = re.compile(r"(?<!\S)(\d)[.)](?=\s|$)")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]*_]*(?=\s|$)")


def read_words(text: str) -> list[str]:
    """The words of a text as they are written; the numbers of items are none."""
    return _WORD.findall(_ITEM_NUMBER.sub(" ", text))


def lower_words(text: str) -> list[str]:
    """The words of a text in lowercase, with plain apostrophes."""
    return [word.lower().replace("’", "'") for word in read_words(text)]


def read_sentences(text: str) -> list[str]:
    """The sentences of a text. The end of a line ends one as well."""
    sentences = []
    for line in text.splitlines():
        start = 0
        for end in _SENTENCE_END.finditer(line):
            before = line[start : end.start()].split()
            if end.group() == "." and before and before[-1].lower().lstrip("(\"'") in _BEFORE_A_STOP:
                continue
            sentences.append(line[start : end.end()])
            start = end.end()
        sentences.append(line[start:])
    return [sentence.strip() for sentence in sentences if read_words(sentence)]


def read_items(text: str) -> list[tuple[int, str]]:
    """The numbered items of a text, such as "1. Flour": each one's number and its content."""
    parts = _ITEM_NUMBER.split(text)
    return [(int(number), content.strip()) for number, content in zip(parts[1::2], parts[2::2])]


def ends(text: str) -> bool:
    """Whether a text ends with a final stop."""
    return text.rstrip("\"'”’)]*_ \n").endswith((".", "!", "?", "…"))


def is_function_word(word: str) -> bool:
    """Whether a lowercase word is a function word, or a contraction of one: "they're", "don't"."""
    return word in FUNCTION_WORDS or word.partition("'")[0] in FUNCTION_WORDS or word.endswith("n't")


def stem(word: str) -> str:
    """The beginning that the forms of a word share, of four letters or more."""
    for ending in ("ies", "es", "s", "ing", "y", "e"):
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word
