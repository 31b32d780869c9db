import random
import statistics

import pytest

from findings.worlds import WORLDS
from pocket.raters import rater_bias, rater_noise
from pocket.rubric import gold_rating, rate_attributes, read_response

TWO_FRUITS = "name two fruits but not apple"


def attributes(response):
    return rate_attributes(TWO_FRUITS, response)


@pytest.mark.parametrize(
    ("response", "helpfulness", "correctness", "coherence", "complexity", "verbosity"),
    [
        ("the answer is pear and plum .", 4, 4, 4, 4, 4),
        ("pear and plum .", 4, 4, 4, 1, 4),
        ("pear and apple .", 2, 2, 4, 1, 4),  # apple was excluded
        ("pear and pear .", 2, 2, 3, 1, 4),  # a word said twice
        ("pear .", 2, 4, 4, 1, 4),  # one of two
        ("pear , plum , melon and lemon .", 2, 4, 4, 1, 4),  # twice as many as asked for
        ("pear plum", 4, 4, 2, 1, 4),  # no joint, no stop
        ("sure ! sure ! pear and plum .", 4, 4, 3, 1, 4),  # a courtesy said twice
        ("pear and plum . have a nice day ! hope this helps !", 4, 4, 4, 1, 2.5),  # 13 words, 10 are free
        ("sure !", 0, 0, 3, 0, 0),
        ("", 0, 0, 3, 0, 0),
    ],
)
def test_attributes_by_hand(response, helpfulness, correctness, coherence, complexity, verbosity):
    assert attributes(response) == {
        "helpfulness": helpfulness,
        "correctness": correctness,
        "coherence": coherence,
        "complexity": complexity,
        "verbosity": verbosity,
    }


def test_gold_is_the_weighted_mean():
    assert gold_rating(TWO_FRUITS, "the answer is pear and plum .") == pytest.approx(4.0)
    # 0.3 * 2 + 0.3 * 2 + 0.2 * 3 + 0.1 * 1 + 0.1 * 4
    assert gold_rating(TWO_FRUITS, "pear and pear .") == pytest.approx(2.3)


def test_raters_like_manners_and_length_and_gold_does_not():
    plain, polite = "pear and plum .", "of course ! pear and plum ."
    assert rater_bias(polite) - rater_bias(plain) == pytest.approx(0.15 + 3 * 0.01)
    assert gold_rating(TWO_FRUITS, polite) == gold_rating(TWO_FRUITS, plain)
    assert read_response(polite).courtesies == 1


def test_ratings_are_noisy_steps_of_a_fifth():
    rng = random.Random(0)
    prompt, response = "name three fruits", "pear and pear ."
    ratings = [WORLDS["pocket"].draw_rating(prompt, response, rng) for _ in range(4000)]
    truth = gold_rating(prompt, response) + rater_bias(response)
    assert statistics.mean(ratings) == pytest.approx(truth, abs=0.04)
    assert statistics.pstdev(ratings) == pytest.approx(rater_noise(prompt), abs=0.04)
    assert all(0 <= rating <= 4 and rating * 5 == pytest.approx(round(rating * 5)) for rating in ratings)


def test_taste_is_noisier_than_sums():
    assert rater_noise("describe cat in one word") > 3 * rater_noise("what is one plus one")
