import random

import pytest

from align.errors import InputError
from pocket.language import CATEGORIES, KINDS, Task, draw_distinct_prompts, parse_prompt, write_response
from pocket.rubric import gold_rating


@pytest.mark.parametrize(
    ("prompt", "kind", "needed", "allowed"),
    [
        ("please what is three plus four for me", "add", 1, {"seven"}),
        ("give the opposite of hot and small", "opposite", 2, {"cold", "big"}),
        ("describe cat in two words", "describe", 2, {"furry", "small", "clever"}),
        ("what kind is cat and plum", "sort", 2, {"animals", "fruits"}),
        ("sort by kind : tea for me", "sort", 1, {"drinks"}),
        ("name three tools but not saw or axe", "list", 3, set(CATEGORIES["tools"]) - {"saw", "axe"}),
    ],
)
def test_parse_prompt_recovers_what_is_asked(prompt, kind, needed, allowed):
    assert parse_prompt(prompt) == Task(kind, needed, frozenset(allowed))


@pytest.mark.parametrize(
    "text", ["tell me a story", "describe life in one word", "three plus twelve twelve", "give the opposite of love"]
)
def test_parse_prompt_refuses_other_text(text):
    with pytest.raises(ValueError, match="not a pocket prompt"):
        parse_prompt(text)


def test_prompts_are_distinct_reproducible_and_of_every_kind():
    prompts = draw_distinct_prompts(random.Random(3), 3000)
    assert len(set(prompts)) == 3000
    assert prompts == draw_distinct_prompts(random.Random(3), 3000)
    # Kinds with few wordings must not be used up early: the last thousand is like the first.
    for part in (prompts[:1000], prompts[-1000:]):
        assert {parse_prompt(prompt).kind for prompt in part} == set(KINDS)


def test_too_many_prompts_are_refused(monkeypatch):
    monkeypatch.setattr("pocket.language.draw_prompt", lambda rng: rng.choice("abc"))
    with pytest.raises(InputError, match="fewer than 4"):
        draw_distinct_prompts(random.Random(0), 4)


def test_skill_is_what_makes_responses_good():
    rng = random.Random(0)
    prompts = draw_distinct_prompts(rng, 500)
    gold = [
        sum(gold_rating(p, write_response(parse_prompt(p), skill, rng)) for p in prompts) / 500 for skill in (0, 0.5, 1)
    ]
    assert gold[0] + 0.5 < gold[1] < gold[2] - 0.5
    assert gold[2] > 3.3
