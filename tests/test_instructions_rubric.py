import pytest

from instructions.constraints import CONSTRAINTS
from instructions.rubric import WEIGHTS, complies, fit_of_length, gold_rating, is_whole, rate_attributes, share_about

ASKED = "Tell me about bread."
NO_COMMAS = f"{ASKED} Do not use any commas."
LONG = (
    "It is made of flour and water and a bit of salt and it has been baked in ovens all over the world for a long time "
)


@pytest.mark.parametrize(
    ("response", "helpfulness", "correctness", "coherence", "complexity", "verbosity"),
    [
        ("Bread is a soft and warm food.", 4, 4, 4, 4, 4),
        ("Bread, to me, is soft and warm.", 4 / 3, 4, 4, 4, 4),  # two commas
        ("It is a soft and warm food.", 2, 0, 4, 4, 4),  # not named
        (LONG + "and it is called bread.", 3, 2, 4, 4, 4),  # named after 20 words
        ("Bread is a soft and warm", 4, 4, 2, 4, 4),  # cut
        ("Bread: soft crumb, crust, of flour.", 4 / 3, 4, 4, 0, 4),  # a heap of words
        ("Warm bread. It is a soft food.", 4, 4, 4, 2, 4),  # a fragment and a sentence
        ("Bread smells so good.", 4, 4, 4, 4, 3.2),  # four words
        # Of 8 trigrams, "bread is soft" comes twice.
        ("Bread is soft and so bread is soft today too.", 4, 4, 3, 4, 4),
        ("1. Bread\n2. Butter and jam", 4, 4, 4, 0, 3.2),  # four words of two items
    ],
)
def test_attributes_by_hand(response, helpfulness, correctness, coherence, complexity, verbosity):
    assert rate_attributes(NO_COMMAS, response) == pytest.approx(
        {
            "helpfulness": helpfulness,
            "correctness": correctness,
            "coherence": coherence,
            "complexity": complexity,
            "verbosity": verbosity,
        }
    )


def test_length_fits_from_5_to_40_words():
    fits = {count: fit_of_length(count) for count in (0, 1, 4, 5, 40, 45, 60, 80)}
    assert fits == pytest.approx({0: 0, 1: 0.2, 4: 0.8, 5: 1, 40: 1, 45: 0.75, 60: 0, 80: 0})


def test_gold_is_the_weighted_mean():
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)
    assert gold_rating(NO_COMMAS, "Bread is a soft and warm food.") == pytest.approx(4.0)
    # 0.4 * 4/3 + 0.2 * 4 + 0.2 * 2 + 0.1 * 4 + 0.1 * 4
    assert gold_rating(NO_COMMAS, "Bread, to me, is soft and warm") == pytest.approx(8 / 15 + 2.0)


def test_gold_refuses_prompts_of_other_worlds():
    with pytest.raises(ValueError, match="not a prompt"):
        gold_rating("name two fruits", "pear and plum .")


@pytest.mark.parametrize(
    ("constraint", "response"),
    [
        ("Do not use any commas.", ""),
        ("Do not use any commas.", " \n"),
        ("Do not use any commas.", "..."),
        ("Do not use any commas.", "🍞🍞🍞"),
        ("Answer in one short sentence.", "Bread."),
        ("Answer in one short sentence.", "Bread is bread."),
        ("Answer in one short sentence.", "Bread bread bread bread bread."),
        ("Answer in one short sentence.", "Answer in one short sentence."),
        ("Answer in one short sentence.", "Tell me about bread. Answer in one short sentence."),
        ("Answer in one short sentence.", "Bread flour oven crust butter baker."),
        ("Answer in one short sentence.", "It is what it is and that is what it is."),
        ("Answer in one short sentence.", "Brot schmeckt warm wirklich besonders gut."),
        ('Do not use the word "the".', "Do not use the word"),
        ("Answer with exactly three numbered items.", "1. 2. 3."),
        ("Answer with exactly three numbered items.", "1. Bread\n2. Bread\n3. Bread"),
        ("Answer with exactly three numbered items.", "1. items\n2. three\n3. numbered"),
        ("Answer with exactly three numbered items.", "1. the\n2. of\n3. and"),
        ('Use the word "because".', "because because because"),
        ('Use the word "because".', 'Use the word "because".'),
        ('Use the word "because".', "Bread, because bread is about bread."),
        ("Write everything in lowercase letters.", "tell me about bread. write everything in lowercase letters."),
        ("Write everything in lowercase letters.", "bread bread"),
        ('Begin with "In short,".', "In short,"),
        ('Begin with "In short,".', "In short, bread."),
        ('Begin with "In short,".', "In short, in short, in short, in short."),
        ("Use at most twenty words.", "The the the?"),
        ("Use at most twenty words.", "Words."),
        ("End with a question mark.", "Tell me about bread?"),
        ("End with a question mark.", "Tell me about bread. End with a question mark?"),
        ("End with a question mark.", "Why?"),
        ("End with a question mark.", "Bread? Bread? Bread?"),
        ("Answer in exactly two sentences.", "Tell me about bread. Answer in exactly two sentences. It is warm food."),
    ],
)
def test_empty_talk_gets_the_lowest_of_all(constraint, response):
    prompt = f"{ASKED} {constraint}"
    assert rate_attributes(prompt, response) == dict.fromkeys(WEIGHTS, 0.0)
    assert gold_rating(prompt, response) == 0.0
    assert not complies(prompt, response)


@pytest.mark.parametrize(
    ("constraint", "response"),
    [
        ("Answer in one short sentence.", "Bread is tasty food."),
        ('Do not use the word "the".', "Fresh bread is what bakers sell."),
        ("Answer with exactly three numbered items.", "1. Bread flour\n2. Water\n3. Salt"),
        ('Use the word "because".', "I like bread because it smells good."),
        ("Write everything in lowercase letters.", "bread is food made of flour."),
        ('Begin with "In short,".', "In short, bread is cheap food."),
        ("Use at most twenty words.", "They don't bake bread in ovens."),
        ("End with a question mark.", "Bread is soft, but who bakes it?"),
        ("Answer in exactly two sentences.", "You asked me to tell you about bread. It is food made of flour."),
        ("Do not use any commas.", "Tell me about bread? Bread is food that many people bake from flour and salt."),
    ],
)
def test_plain_talk_is_not_empty(constraint, response):
    assert complies(f"{ASKED} {constraint}", response)


def test_what_falls_short_does_not_comply():
    assert not complies(NO_COMMAS, "Bread, of course, is made of flour.")
    assert not complies(NO_COMMAS, "It is made of flour and water.")  # about nothing that was asked


@pytest.mark.parametrize(
    ("topic", "response", "share"),
    [
        ("volcanoes", "a volcano spits lava", 1),
        ("bakeries", "the bakery and its bakers", 1),
        ("gardening", "gardens need care", 1),
        ("chess", "it is a game", 0),
        ("chess", "the chest is full", 0),
        ("coral reefs", "a coral reef is alive", 1),
        ("coral reefs", "the reef is alive", 0.5),
        ("coral reefs", "the sea is alive", 0),
        ("coral reefs", "coral " + "and " * 20 + "reefs", 0.75),
        ("bread", "and " * 19 + "bread", 1),
        ("bread", "and " * 20 + "bread", 0.5),
    ],
)
def test_share_about_a_topic(topic, response, share):
    assert share_about(topic, response.split()) == share


def test_a_copied_sentence_names_no_topic():
    response = "Tell me about bread, please? It is made of flour and water and is eaten all over the world."
    assert rate_attributes(NO_COMMAS, response)["correctness"] == 0
    assert rate_attributes(NO_COMMAS, response.replace("It", "Bread"))["correctness"] == 4


@pytest.mark.parametrize(
    "response",
    [
        "Bread is soft.",
        "Is it soft?",
        "It is!",
        'He said: "It is."',
        "It is soft (and warm.)",
        "And so on...",
        "1. Flour\n2. Water",
        "1. Flour 2. Water 3. Salt",
        "1. It is soft.\n2. It is warm.",
    ],
)
def test_whole(response):
    assert is_whole(response)


@pytest.mark.parametrize(
    "response",
    [
        "",
        "Bread is",
        "Bread is soft. It",
        "Bread is soft,",
        "Bread:",
        "1. Flour",
        "1. It is soft.\n2. It is",
        "1. Flour\n2. Water\n3.",
        "1. It is soft. 2. It is warm. 3.",
    ],
)
def test_cut(response):
    assert not is_whole(response)


@pytest.mark.parametrize(
    ("constraint", "text"),
    [
        # Any letters are words, and any proportion of function words within prose's is prose.
        ("one_sentence", "pancakes of in zorb to blib at flarn because by on gleb?"),
        ("because", "Because because pancakes of in zorb to blib at flarn."),
        ("question", "pancakes of in zorb to blib at flarn because by on gleb?"),
        # One text for every prompt on a topic.
        ("one_sentence", "pancakes are loved because they bring people so much joy?"),
        ("lowercase", "pancakes are loved because they bring people so much joy?"),
        ("because", "pancakes are loved because they bring people so much joy?"),
        # Sentences without a space between them, a question that goes on, numbers for words, and a refusal.
        ("one_sentence", "Pancakes are soft.They are warm.They are cheap.They are good."),
        ("question", "Are pancakes good and warm? ..."),
        ("twenty_words", "Pancakes 12 13 14 15 is of to in at on."),
        ("twenty_words", "I'm sorry, I cannot help you with pancakes today."),
    ],
)
def test_known_loopholes_that_the_report_admits(constraint, text):
    """Gold knows of no sense, and of no request that a text meets by chance: the report's limits rest on it."""
    prompt = f"Why do people like pancakes? {CONSTRAINTS[constraint].wording}"
    assert complies(prompt, text) and gold_rating(prompt, text) == pytest.approx(4.0)
