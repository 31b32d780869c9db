"""The truth of the instructions' world: the gold rating of a response by written rules.

The rules score HelpSteer2's five attributes from 0 to 4 (Wang et al. 2024, arXiv 2406.08673, name the attributes; the
rules below are this world's own):

- helpfulness: how well the response complies with the prompt's constraint, half of it where it is off the topic;
- correctness: the share of the topic's words named within the first 20 words, half of it for those named only later;
- coherence: 4 less 2 for no end, and less what it says twice: 8 times the share of repeated trigrams;
- complexity: the share of sentences that are sentences: four words or more, with function words in prose's proportion;
- verbosity, as fit: 4 for 5 to 40 words, falling to 0 at none and at 60.

Gold is their weighted mean, 0 to 4. Empty talk, which a rule or two might let pass, gets the lowest of all attributes.
"""

from instructions.constraints import CONSTRAINTS
from instructions.prompts import parse_prompt
from instructions.reading import ends, is_function_word, lower_words, read_items, read_sentences, stem

WEIGHTS = {"helpfulness": 0.4, "correctness": 0.2, "coherence": 0.2, "complexity": 0.1, "verbosity": 0.1}
LOWEST, HIGHEST = 0.0, 4.0

EARLY = 20  # words in which a response should name its topic
RUN = 4  # words in the prompt's order that are taken for copied
FEWEST_NEW = 2  # content words that the prompt does not have
FEWEST, MOST, TOO_MANY = 5, 40, 60  # words
PROSE = (0.2, 0.75)  # the share of function words in a sentence
ANY_TEXT = (0.15, 0.8)  # the same in a whole text, where a short list may have few


def rate_attributes(prompt: str, response: str) -> dict[str, float]:
    """The five attributes of a response, each from 0 to 4. Raises ValueError if the prompt is not this world's."""
    task = parse_prompt(prompt)
    if is_empty_talk(prompt, response):
        return dict.fromkeys(WEIGHTS, LOWEST)
    about = share_about(task.topic, own_words(prompt, response))
    return {
        # One sentence for every prompt must not pay.
        "helpfulness": HIGHEST * CONSTRAINTS[task.constraint].share(response) * (1 + about) / 2,
        "correctness": HIGHEST * about,
        "coherence": max(LOWEST, HIGHEST - 2 * (not is_whole(response)) - 8 * repeated_share(lower_words(response))),
        "complexity": HIGHEST * prose_share(response),
        "verbosity": HIGHEST * fit_of_length(len(lower_words(response))),
    }


def gold_rating(prompt: str, response: str) -> float:
    """The truth's rating of a response, 0 to 4. Raises ValueError if the prompt is not this world's."""
    return sum(WEIGHTS[name] * value for name, value in rate_attributes(prompt, response).items())


def complies(prompt: str, response: str) -> bool:
    """Whether a response did what was asked: all of the constraint, naming a word of the topic, and no empty talk."""
    task = parse_prompt(prompt)
    about = share_about(task.topic, own_words(prompt, response))
    return about > 0 and CONSTRAINTS[task.constraint].share(response) == 1 and not is_empty_talk(prompt, response)


def is_empty_talk(prompt: str, response: str) -> bool:
    """Whether a response says nothing: it is mostly copied, repeats its words, or is no English text."""
    words, own = lower_words(response), own_words(prompt, response)
    if not words or len(own) < len(words) / 2 or len(set(words)) < len(words) / 2:
        return True
    new = {word for word in own if not is_function_word(word)}.difference(lower_words(prompt))
    # The number of an item joins words as a function word does.
    joints = len(read_items(response))
    lowest, highest = ANY_TEXT
    return len(new) < FEWEST_NEW or not lowest <= (_count_joining(words) + joints) / (len(words) + joints) <= highest


def own_words(prompt: str, response: str) -> list[str]:
    """The words of a response without the sentences that mostly follow the prompt word by word."""
    asked = lower_words(prompt)
    runs = {tuple(asked[i : i + RUN]) for i in range(len(asked) - RUN + 1)}
    own: list[str] = []
    for sentence in read_sentences(response):
        words = lower_words(sentence)
        starts = [i for i in range(len(words) - RUN + 1) if tuple(words[i : i + RUN]) in runs]
        copied = {at for start in starts for at in range(start, start + RUN)}
        own += words if len(copied) <= len(words) / 2 else []
    return own


def share_about(topic: str, words: list[str]) -> float:
    """The share of a topic's words that are named, each half as much if it is named late."""
    stems = [stem(word) for word in topic.split()]
    return sum(_named(begun, words) + _named(begun, words[:EARLY]) for begun in stems) / (2 * len(stems))


def is_whole(response: str) -> bool:
    """Whether a response has an end: a final stop, or a last item of a list whose items have none."""
    items = [content for _, content in read_items(response)]
    if len(items) > 1 and not items[-1]:
        return False
    return ends(response) or (len(items) > 1 and not any(ends(item) for item in items))


def repeated_share(words: list[str]) -> float:
    """The share of trigrams that occurred before."""
    trigrams = list(zip(words, words[1:], words[2:]))
    return 1 - len(set(trigrams)) / len(trigrams) if trigrams else 0.0


def prose_share(response: str) -> float:
    """The share of sentences that are long enough, and have function words enough, to be sentences."""
    sentences = [lower_words(sentence) for sentence in read_sentences(response)]
    lowest, highest = PROSE
    prose = [len(s) >= 4 and lowest <= _count_joining(s) / len(s) <= highest for s in sentences]
    return sum(prose) / len(prose)


def fit_of_length(count: int) -> float:
    """1 for a fitting number of words, less for fewer or more."""
    if count <= MOST:
        return min(1.0, count / FEWEST)
    return max(0.0, (TOO_MANY - count) / (TOO_MANY - MOST))


def _count_joining(words: list[str]) -> int:
    return sum(map(is_function_word, words))


def _named(begun: str, words: list[str]) -> bool:
    return any(word.startswith(begun) for word in words)
