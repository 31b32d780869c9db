import json
import random
import statistics

import make_pocket
import pytest

from findings.worlds import WORLDS
from pocket.divided import gold_rating, mean_opinion, opinion_deviation, rate_attributes, share_content, worst_tenth

WORLD = WORLDS["divided"]
PROMPT = "name two fruits but not apple"
PLAIN = "pear and plum ."  # 3.7 points of the rubric
POLITE = "sure ! pear and plum ."
BOLD = "the answer is pear and plum ."  # 4 points


def test_opinions_by_hand():
    assert mean_opinion(PROMPT, PLAIN) == pytest.approx(1 + 3.7)
    assert mean_opinion(PROMPT, POLITE) == pytest.approx(1 + 3.7 + 0.8)
    assert mean_opinion(PROMPT, BOLD) == pytest.approx(1 + 4.0 + 0.8)
    assert mean_opinion(PROMPT, f"sure ! {BOLD}") == pytest.approx(1 + 4.0 + 1.6)
    deviations = [opinion_deviation(text) for text in (PLAIN, POLITE, BOLD, f"sure ! {BOLD}")]
    assert deviations == pytest.approx([0.2, 1.6, 1.6, 3.0])
    # Said twice it pleases and divides once, and costs a point of coherence, a fifth of the rubric's.
    assert opinion_deviation(f"sure ! {POLITE}") == pytest.approx(1.6)
    assert mean_opinion(PROMPT, f"sure ! {POLITE}") == pytest.approx(1 + 3.5 + 0.8)
    # Another frame puts the words into a sentence, and divides nobody.
    assert opinion_deviation("i would say pear and plum .") == pytest.approx(0.2)


def test_readings_of_the_truth_by_hand():
    assert share_content(3.0, 0.7) == 0.5
    assert share_content(4.0, 1.0) == pytest.approx(0.841345, abs=1e-6)
    assert share_content(2.0, 1.0) == pytest.approx(0.158655, abs=1e-6)
    # The density of a standard normal at its lowest tenth, -1.281552, is 0.175498.
    assert worst_tenth(4.0, 2.0) == pytest.approx(4 - 2 * 1.75498, abs=1e-4)
    attributes = rate_attributes(PROMPT, POLITE)
    assert attributes["opinion"] == pytest.approx(5.5) and attributes["correctness"] == 4
    assert attributes["worst_tenth"] == pytest.approx(5.5 - 1.6 * 1.75498, abs=1e-4)


def test_the_truth_is_no_function_of_the_mean():
    # Of a good response courtesy pleases the average rater and costs content ones; of a poor one it wins some.
    assert mean_opinion(PROMPT, POLITE) > mean_opinion(PROMPT, PLAIN)
    assert gold_rating(PROMPT, POLITE) == pytest.approx(0.940915, abs=1e-6)  # of 2.5 / 1.6
    assert gold_rating(PROMPT, POLITE) < gold_rating(PROMPT, PLAIN)
    assert gold_rating(PROMPT, "sure ! saw .") > gold_rating(PROMPT, "saw .")


def test_drawn_opinions_have_that_mean_that_spread_and_that_share():
    rng = random.Random(0)
    drawn = [WORLD.draw_rating(PROMPT, BOLD, rng) for _ in range(8000)]
    assert statistics.mean(drawn) == pytest.approx(5.8, abs=0.06)
    assert statistics.pstdev(drawn) == pytest.approx(1.6, abs=0.05)
    # In steps of 0.2: what is written 3 began at 2.9.
    assert statistics.mean(rating > 2.9 for rating in drawn) == pytest.approx(share_content(5.9, 1.6), abs=0.02)
    assert max(drawn) > 6  # not cut


def test_each_rater_of_a_pair_is_a_row(tmp_path):
    paths = {name: tmp_path / f"{name}.jsonl" for name in ("preferences", "demonstrations")}
    outputs = [word for name, path in paths.items() for word in (f"--{name}-output", str(path))]
    size = ["--world-seed", "1", "--pairs", "40", "--demonstrations", "2"]
    make_pocket.main([*size, "--raters", "divided", "--raters-per-pair", "3", *outputs])
    rows = [json.loads(line) for line in paths["preferences"].read_text().splitlines()]
    triples = list(zip(rows[::3], rows[1::3], rows[2::3]))
    assert len(rows) == 120 and len(triples) == 40
    texts = [[{row[side][-1]["content"] for side in ("chosen", "rejected")} for row in triple] for triple in triples]
    assert all(one == two == three for one, two, three in texts)
    assert len({triple[0]["prompt"] for triple in triples}) == 40
    choices = [len({row["chosen"][-1]["content"] for row in triple}) for triple in triples]
    assert 2 in choices and 1 in choices  # they differ of some pairs, and not of others
    assert all(row["chosen_rating"] >= row["rejected_rating"] for row in rows)
