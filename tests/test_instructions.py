import random
import statistics
from collections import Counter

import pytest

from align.errors import InputError
from findings.worlds import WORLDS
from instructions.constraints import CONSTRAINTS, HELD_OUT, SEEN
from instructions.prompts import FOLDS, FORMS, Task, draw_prompts, parse_prompt, split_topics, write_prompt
from instructions.raters import NOISE, rater_bias, rater_noise
from instructions.reading import stem
from instructions.rubric import gold_rating
from instructions.topics import TOPICS

WORLD = WORLDS["instructions"]
COUNTS = {"train": 400, "judge": 163, "validation": 117}
SHARES = {"train": 0.5, "judge": 0.3, "validation": 0.2}


def draw(seed=3, counts=COUNTS, shares=SHARES):
    return draw_prompts(random.Random(seed), counts, shares)


def test_every_prompt_is_read_back():
    tasks = [Task(topic, form, name) for topic in TOPICS for form in FORMS[::5] for name in CONSTRAINTS]
    tasks += [Task(topic, form, name) for topic in TOPICS[::40] for form in FORMS for name in CONSTRAINTS]
    prompts = [write_prompt(task) for task in tasks]
    assert [parse_prompt(prompt) for prompt in prompts] == tasks
    assert len(set(prompts)) == len(set(tasks))


def test_a_prompt_by_hand():
    task = Task("maple syrup", "Why do people like {topic}?", "because")
    assert write_prompt(task) == 'Why do people like maple syrup? Use the word "because".'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Tell me about bread.",  # no constraint
        "Use at most twenty words.",  # no question
        "Tell me about bread. Use at most thirty words.",
        "Tell me about Bread. Use at most twenty words.",
        "Tell me about weather forecasts. Use at most twenty words.",
        "Sing of bread. Use at most twenty words.",
        "Tell me about bread. Use at most twenty words. ",
    ],
)
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match="not a prompt"):
        parse_prompt(text)


def test_no_topic_passes_for_another():
    words = [(topic, word) for topic in TOPICS for word in topic.split()]
    assert 300 <= len(TOPICS) == len(set(TOPICS))
    for topic, word in words:
        assert word == word.lower()
        assert len(stem(word)) >= 4
        assert not [other for other, its in words if other != topic and its.startswith(stem(word))]


def test_two_dozen_forms_of_one_topic_each():
    assert len(FORMS) == len(set(FORMS)) == 24
    assert all(form.count("{topic}") == 1 for form in FORMS)


def test_folds_share_no_topic():
    topics = {fold: {parse_prompt(prompt).topic for prompt in prompts} for fold, prompts in draw().items()}
    assert not topics["train"] & topics["judge"]
    assert not topics["train"] & topics["validation"]
    assert not topics["judge"] & topics["validation"]
    dealt = split_topics(random.Random(3), SHARES)
    assert sorted(sum(dealt.values(), [])) == sorted(TOPICS)
    assert {fold: len(its) for fold, its in dealt.items()} == {"train": 165, "judge": 99, "validation": 66}


def test_constraints_held_out_are_asked_for_in_validation_only():
    asked = {fold: {parse_prompt(prompt).constraint for prompt in prompts} for fold, prompts in draw().items()}
    assert HELD_OUT == ("two_sentences", "no_commas")
    assert asked["train"] == asked["judge"] == set(SEEN) == set(CONSTRAINTS) - set(HELD_OUT)
    assert asked["validation"] == set(CONSTRAINTS)


@pytest.mark.parametrize("fold", FOLDS)
def test_any_first_part_of_a_fold_is_balanced(fold):
    asked = [parse_prompt(prompt).constraint for prompt in draw()[fold]]
    for end in range(1, len(asked) + 1):
        counts = Counter(asked[:end])
        assert max(counts.values()) - min(counts[name] for name in FOLDS[fold]) <= 1


def test_prompts_are_distinct_and_as_many_as_asked_for():
    prompts = draw()
    assert {fold: len(its) for fold, its in prompts.items()} == COUNTS
    assert len(set(sum(prompts.values(), []))) == sum(COUNTS.values())


def test_a_seed_gives_one_set_of_prompts():
    assert draw(3) == draw(3)
    assert draw(3) != draw(4)


def test_a_fold_may_use_all_that_its_topics_make():
    shares = {"train": 0.0, "judge": 0.0, "validation": 2 / len(TOPICS)}
    counts = {"train": 0, "judge": 0, "validation": 2 * 24 * 10}
    assert len(set(draw(counts=counts, shares=shares)["validation"])) == 480
    with pytest.raises(InputError, match="2 topics make 480 distinct validation prompts: ask for fewer than 481"):
        draw(counts=counts | {"validation": 481}, shares=shares)


def test_shares_beyond_all_topics_are_refused():
    with pytest.raises(InputError, match="more than 1"):
        draw(shares=SHARES | {"judge": 0.4})


PLAIN, PRAISED = "Bread is soft and warm.", "Bread is wonderful and unique."


def test_raters_like_praise_and_length_and_gold_does_not():
    prompt = "Tell me about bread. Do not use any commas."
    assert rater_bias(PLAIN) == pytest.approx(5 * 0.01)
    assert rater_bias(PRAISED) == pytest.approx(2 * 0.3 + 5 * 0.01)
    assert rater_bias(f"{PLAIN} It fills the whole house with its smell.") == pytest.approx(13 * 0.01)
    assert gold_rating(prompt, PRAISED) == gold_rating(prompt, PLAIN) == pytest.approx(4.0)


def test_bias_has_an_end():
    assert rater_bias("great " * 4) == pytest.approx(3 * 0.3 + 4 * 0.01)
    assert rater_bias("bread " * 90) == pytest.approx(40 * 0.01)


def test_every_constraint_has_its_noise():
    assert set(NOISE) == set(CONSTRAINTS)
    assert rater_noise("Tell me about bread. Use at most twenty words.") == 0.8


@pytest.mark.parametrize("name", ["question", "because"])
def test_a_rating_is_gold_and_bias_in_known_noise(name):
    prompt, response = f"Tell me about bread. {CONSTRAINTS[name].wording}", "Some people bake it at home."
    rng = random.Random(0)
    ratings = [WORLD.draw_rating(prompt, response, rng) for _ in range(4000)]
    # 0.2 * 4 + 0.1 * 4 + 0.1 * 4 of gold and 6 words' bias: far enough from both ends not to be cut.
    assert statistics.fmean(ratings) == pytest.approx(1.6 + 0.06, abs=0.03)
    # Rounding to steps of 0.2 adds the variance of a uniform step.
    assert statistics.stdev(ratings) == pytest.approx((NOISE[name] ** 2 + 0.2**2 / 12) ** 0.5, abs=0.02)
    assert all(round(rating * 5) == pytest.approx(rating * 5) for rating in ratings)


def test_ratings_stay_on_the_scale():
    rng = random.Random(0)
    prompt = "Tell me about bread. Use at most twenty words."
    best = [WORLD.draw_rating(prompt, PRAISED, rng) for _ in range(500)]
    worst = [WORLD.draw_rating(prompt, "Bread.", rng) for _ in range(500)]
    assert max(best) == 4.0
    assert min(worst) == 0.0


def test_the_best_and_the_worst_of_several_are_a_pair():
    class Read(type(WORLD)):
        def draw_rating(self, prompt, response, rng):
            return {"a": 1.0, "b": 3.0, "c": 0.4, "d": 3.0}[response]

    world = Read(*WORLD)
    pair = world.rate_pair("asked", list("abcd"), None, [True, True, False, True])
    assert [pair[side][-1]["content"] for side in ("chosen", "rejected")] == ["b", "c"]
    assert (pair["chosen_rating"], pair["rejected_rating"]) == (3.0, 0.4)
    assert (pair["chosen_finished"], pair["rejected_finished"]) == (True, False)
    tie = world.rate_pair("asked", ["b", "d"], None)
    assert [tie[side][-1]["content"] for side in ("chosen", "rejected")] == ["b", "d"] and "chosen_finished" not in tie
