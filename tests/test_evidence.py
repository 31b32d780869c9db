import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from findings.evidence import (
    best_of,
    detectable_effect,
    equivalence_p,
    exact_sign_flip_p,
    holm,
    holm_level,
    mean_error,
    mean_interval,
    pooled_within_deviation,
    share_interval,
    sign_flip_power,
    sign_flips,
)


def test_exact_p_by_hand():
    # All of one sign: only the 2 of 2^n flips that keep them together are as extreme.
    assert exact_sign_flip_p(np.array([1.0, 2.0, 0.5, 3.0])) == pytest.approx(2 / 16)
    assert exact_sign_flip_p(np.full(8, 1.0)) == pytest.approx(2 / 256)
    assert exact_sign_flip_p(np.array([0.4])) == 1.0


def test_exact_p_against_every_flip():
    differences = np.array([0.3, -0.1, 0.25, 0.7, 0.05])
    flips = [np.mean(differences * signs) for signs in itertools.product((-1, 1), repeat=5)]
    expected = np.mean(np.abs(flips) >= abs(differences.mean()) - 1e-12)
    assert exact_sign_flip_p(differences) == pytest.approx(expected)


def test_of_many_seeds_flips_are_drawn():
    # All 2^40 would never end. Of the drawn ones none is as extreme, and the sample itself counts as one more.
    assert exact_sign_flip_p(np.full(40, 1.0)) == pytest.approx(2 / (2**16 + 1))
    noise = np.random.default_rng(0).normal(0.2, 1, 30)
    found = exact_sign_flip_p(noise)
    assert found == exact_sign_flip_p(noise) == pytest.approx(stats.ttest_1samp(noise, 0).pvalue, abs=0.02)


def test_error_of_a_mean_over_seeds_and_prompts_by_hand():
    # Means of seeds 2 and 4, of prompts 1, 3 and 5: squares 3 x 2 = 6 and 2 x 4 = 8, and no residual.
    table = np.array([[0.0, 2.0, 4.0], [2.0, 4.0, 6.0]])
    error, freedom = mean_error(table)
    assert error == pytest.approx(((6 + 8) / 6) ** 0.5) and freedom == pytest.approx(14**2 / (36 / 1 + 64 / 2))
    # Residuals of +-1 in a square of four: prompts do not vary, and what is left are the seeds.
    assert mean_error(np.array([[1.0, -1.0], [1.0, 3.0]])) == (pytest.approx(1.0), 1.0)
    # A single seed, or no prompts: a plain mean.
    for single in (np.array([[0.0, 1.0, 2.0]]), np.array([0.0, 1.0, 2.0])):
        assert mean_error(single) == (pytest.approx(3**-0.5), 2.0)
    assert np.isnan(mean_interval(np.array([[1.0]]), 0.95)).all()
    # Squares 0, 4.008 and 4 all but cancel: freedom is 1, so that the interval is wide and no nonsense.
    error, freedom = mean_error(np.array([[1.0, -1.0], [-1.0, 1.0]]) + np.array([1.001, -1.001]))
    assert freedom == 1.0 and error == pytest.approx(((4 * 1.001**2 - 4) / 4) ** 0.5)


@pytest.mark.parametrize(
    ("seeds", "prompts", "of_seeds", "of_prompts", "rest"),
    [(7, 100, 0, 0, 1), (7, 100, 0.05, 0.2, 1), (8, 300, 0.3, 0.2, 0.8), (7, 100, 0, 1, 1), (2, 50, 0.1, 0.1, 1)],
)
def test_intervals_hold_the_true_mean_as_often_as_they_say(seeds, prompts, of_seeds, of_prompts, rest):
    rng = np.random.default_rng(0)
    held = []
    for _ in range(600):
        table = rng.normal(0, of_seeds, (seeds, 1)) + rng.normal(0, of_prompts, (1, prompts))
        low, high = mean_interval(table + rng.normal(0, rest, (seeds, prompts)), 0.95)
        held.append(low < 0 < high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


def test_equivalence_is_the_narrower_interval_within_the_margin():
    table = np.random.default_rng(1).normal(0.05, 0.5, (7, 100))
    low, high = mean_interval(table, 0.9)
    margin = max(-low, high)
    assert equivalence_p(table, margin) == pytest.approx(0.05)
    # One seed shows nothing of others.
    assert equivalence_p(table[:1], 9.0) == 1.0


def test_holm_by_hand():
    # Sorted .01 .02 .03 .04: times 4, 3, 2, 1 and never falling.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]


def test_pooled_within_deviation_by_hand():
    table = pd.DataFrame({"prompt_id": ["a", "a", "b", "b", "b"], "x": [0.0, 2.0, 5.0, 6.0, 7.0]})
    # Sums of squares 2 and 2, degrees of freedom 1 and 2.
    assert pooled_within_deviation(table, "x") == pytest.approx((4 / 3) ** 0.5)


def test_best_of_against_every_draw():
    values = np.array([[3.0, 1.0, 2.0, 5.0]])
    expected = np.mean([max(draw) for draw in itertools.combinations(values[0], 2)])
    assert best_of(values, 2)[0] == pytest.approx(expected)
    assert best_of(values, 1)[0] == pytest.approx(values.mean())
    assert best_of(values, 4)[0] == 5.0


def test_share_interval_is_wilsons():
    low, high = share_interval(8, 10, 0.95)
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_equivalence_is_two_one_sided_t_tests():
    differences = np.array([0.05, -0.1, 0.12, 0.02, -0.03])
    above = stats.ttest_1samp(differences, -0.2, alternative="greater").pvalue
    below = stats.ttest_1samp(differences, 0.2, alternative="less").pvalue
    assert equivalence_p(differences, 0.2) == pytest.approx(max(above, below))
    assert equivalence_p(np.zeros(4), 0.2) == 0.0 and equivalence_p(np.ones(4), 0.2) == 1.0
    assert equivalence_p(np.zeros(1), 0.2) == equivalence_p(np.zeros(2), 0.2) == 1.0


def test_holms_level_is_where_the_adjusted_p_crosses():
    for others in ([0.03, 0.2, 0.001], [0.5, 0.9], [0.004, 0.02], []):
        level = holm_level(others, 0.05)
        assert holm([*others, level * 0.999])[-1] < 0.05 <= holm([*others, level * 1.001])[-1]


def test_a_prompt_without_values_counts_for_nothing():
    table = pd.DataFrame({"prompt_id": ["a", "a", "b", "b"], "x": [0.0, 2.0, np.nan, np.nan]})
    assert pooled_within_deviation(table, "x") == pytest.approx(2**0.5)


def test_drawn_flips_hold_what_was_observed():
    flips = sign_flips(20)
    assert (flips[0] == 1).all() and flips.shape == (2**11, 20)


def test_all_flips_of_the_signs_but_for_mirrors():
    flips = {tuple(row) for row in sign_flips(3)}
    assert flips == {(1.0, *rest) for rest in itertools.product((-1.0, 1.0), repeat=2)}


def test_power_of_eight_seeds_and_six_tests():
    # p falls below 0.05 / 6 only if all 8 seeds are of one sign: with probability Phi(effect) ** 8.
    level, old = 0.05 / 6, (stats.t.ppf(0.975, 7) + stats.t.ppf(0.8, 7)) / 8**0.5
    assert sign_flip_power(old, 8, level) == pytest.approx(stats.norm.cdf(old) ** 8, abs=0.02)
    assert sign_flip_power(old, 8, level) == pytest.approx(0.34, abs=0.02)
    assert detectable_effect(8, level, 0.8) == pytest.approx(stats.norm.ppf(0.8 ** (1 / 8)), rel=0.02)
    assert detectable_effect(8, level, 0.8) / old == pytest.approx(1.67, abs=0.04)
    # Without a family the t formula is near enough.
    assert detectable_effect(8, 0.05, 0.8) == pytest.approx(old, rel=0.05)
    # With 7 seeds the smallest p is 2/128, above the level: no effect is ever found.
    assert np.isnan(detectable_effect(7, level, 0.8)) and np.isnan(detectable_effect(1, 0.05, 0.8))


def test_interval_by_hand():
    differences = np.array([1.0, 2.0, 3.0, 4.0])
    error = differences.std(ddof=1) / 2
    interval = stats.t.interval(0.95, 3, 2.5, error)
    assert mean_interval(differences, 0.95) == pytest.approx(interval)
