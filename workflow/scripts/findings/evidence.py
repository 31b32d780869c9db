"""The statistics that the report rests on. The unit of analysis is the seed: a whole replicate of the pipeline."""

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

POWER_DRAWS = 4000
EXACT_UP_TO = 16  # seeds: a test of 22 would take 40 s and 5 GB
ALL_FLIPS_UP_TO = 12  # seeds, where power is simulated
FEWEST_SEEDS = 5  # of a correlation: with 4 no exact p falls below 0.05


def pooled_within_deviation(table: pd.DataFrame, column: str) -> float:
    """Pooled within-prompt standard deviation of `column` over responses (columns: prompt_id, column)."""
    groups = table.groupby("prompt_id")[column]
    freedom = (groups.count() - 1).clip(lower=0)
    return float(np.sqrt((groups.var(ddof=1) * freedom).sum() / freedom.sum()))


def by_prompt(table: pd.DataFrame, column: str) -> np.ndarray:
    """A column as (prompts, responses); the table is in order of prompt and sample."""
    return table[column].to_numpy().reshape(table["prompt_id"].nunique(), -1)


def within_prompts(values: np.ndarray) -> np.ndarray:
    """What remains of (prompts, responses) when each prompt's mean is taken off, flat."""
    return (values - values.mean(axis=1, keepdims=True)).ravel()


def exact_sign_flip_p(differences: np.ndarray) -> float:
    """Two-sided exact permutation p of paired differences, (seeds,): all 2^n sign flips of their mean.

    Of more seeds than 16, 2^16 of the flips are drawn.
    """
    if len(differences) < 2:
        return 1.0
    result = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=2**EXACT_UP_TO, batch=2**12, rng=0
    )
    return float(result.pvalue)


def exact_correlation(x: np.ndarray, y: np.ndarray, resamples: int = 50_000) -> tuple[float, float]:
    """Pearson's correlation of x and y, both (seeds,), and its two-sided permutation p: all pairings up to 8 seeds.

    Of more seeds, `resamples` pairings are drawn. (nan, 1) where one of them does not vary.
    """
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan"), 1.0

    def correlation(some, axis):
        one, other = some - some.mean(axis=axis, keepdims=True), y - y.mean()
        return (one * other).sum(axis=axis) / np.sqrt((one**2).sum(axis=axis) * (other**2).sum())

    found = stats.permutation_test(
        (x,), correlation, permutation_type="pairings", vectorized=True, n_resamples=resamples, rng=0
    )
    return float(found.statistic), float(found.pvalue)


def mean_error(table: np.ndarray) -> tuple[float, float]:
    """Standard error of the mean of (seeds,) or (seeds, prompts), and its degrees of freedom; both drawn at random.

    Of a table, two-way random effects without replication: the variances of the seeds' means and of the prompts' means,
    less the residual that both hold, and Satterthwaite's degrees of freedom (1946). If prompts vary no more than that
    residual they add nothing; of a single seed they are all there is. (nan, 0) of a single number. Freedom is at least
    1: with two seeds the sum above may come so near to 0 that an interval would reach to millions.
    """
    if 1 in table.shape or table.ndim == 1:
        values = table.ravel()
        return (float(values.std(ddof=1) / len(values) ** 0.5), len(values) - 1.0) if len(values) > 1 else (np.nan, 0.0)
    seeds, prompts = table.shape
    by_seed, by_prompt = table.mean(axis=1), table.mean(axis=0)
    rest = table - by_seed[:, None] - by_prompt + table.mean()
    freedoms = seeds - 1, prompts - 1, (seeds - 1) * (prompts - 1)
    squares = prompts * by_seed.var(ddof=1), seeds * by_prompt.var(ddof=1), float((rest**2).sum()) / freedoms[2]
    if squares[1] <= squares[2]:
        return float((squares[0] / table.size) ** 0.5), float(freedoms[0])
    variance = squares[0] + squares[1] - squares[2]
    uncertainty = sum(square**2 / freedom for square, freedom in zip(squares, freedoms))
    return float((variance / table.size) ** 0.5), max(1.0, float(variance**2 / uncertainty))


def holm(p_values: list[float]) -> list[float]:
    """Holm's step-down adjustment of a family of p values, in their order (Holm 1979)."""
    adjusted, worst = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(np.argsort(p_values, kind="stable")):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = float(worst)
    return adjusted


def share_won(differences: np.ndarray) -> float:
    """Share of positive differences; a tie counts one half."""
    return float(((differences > 0) + 0.5 * (differences == 0)).mean())


def adjusted_for(x: np.ndarray, y: np.ndarray) -> float:
    """Mean of y where x is 0, by a straight line: a difference in reward where there is none in length."""
    if np.ptp(x) == 0:
        return float(y.mean())
    return float(np.polynomial.Polynomial.fit(x, y, 1)(0.0))


def share_interval(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """Wilson's interval of a share."""
    interval = stats.binomtest(successes, trials).proportion_ci(confidence_level=confidence, method="wilson")
    return float(interval.low), float(interval.high)


def best_of(values: np.ndarray, n: int) -> np.ndarray:
    """Expected maximum of n of the values in each row, drawn without replacement; (rows, values) to (rows,)."""
    return best_of_choice(values, values, n)


def best_of_choice(chooser: np.ndarray, values: np.ndarray, n: int) -> np.ndarray:
    """Expected value of the response that `chooser` likes best among n; both (rows, responses), to (rows,).

    The n are drawn without replacement from each row's responses.
    """
    ordered = np.take_along_axis(values, np.argsort(chooser, axis=1, kind="stable"), axis=1)
    total = values.shape[1]
    # The k-th smallest is the maximum of n in C(k - 1, n - 1) of C(total, n) draws.
    return ordered @ (special.comb(np.arange(total), n - 1) / special.comb(total, n))


def calibration_bins(probabilities: np.ndarray, outcomes: np.ndarray, bins: int) -> list[tuple[float, float, int]]:
    """Mean probability, share of successes and count of each of `bins` groups of equal mass, in rising order."""
    order = np.argsort(probabilities, kind="stable")
    groups = [group for group in np.array_split(order, bins) if len(group)]
    return [(float(probabilities[g].mean()), float(outcomes[g].mean()), len(g)) for g in groups]


def calibration_error(probabilities: np.ndarray, outcomes: np.ndarray, bins: int) -> float:
    """Expected calibration error over groups of equal mass."""
    rows = calibration_bins(probabilities, outcomes, bins)
    return sum(count * abs(mean - share) for mean, share, count in rows) / len(probabilities)


def variance_explained(x: np.ndarray, y: np.ndarray, degree: int) -> float:
    """R2 of y on a polynomial in x."""
    residual = y - np.polynomial.Polynomial.fit(x, y, degree)(x)
    return float(1 - residual.var() / y.var())


def held_out_logistic_nll(features: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """-log P(chosen > rejected) of each pair under sigmoid(features @ w), w fitted on the other folds; (pairs,).

    `features` are differences, chosen less rejected, (pairs, k): without an intercept the order of a pair is nothing.
    """

    def loss(w: np.ndarray, pairs: np.ndarray) -> float:
        return np.logaddexp(0, -pairs @ w).mean()

    def gradient(w: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        return -(pairs * special.expit(-pairs @ w)[:, None]).mean(axis=0)

    scaled = features / features.std(axis=0)
    fold = np.random.default_rng(seed).permutation(len(scaled)) % folds
    nll = np.empty(len(scaled))
    for number in range(folds):
        train, test = scaled[fold != number], scaled[fold == number]
        fit = optimize.minimize(loss, np.zeros(scaled.shape[1]), args=(train,), jac=gradient, method="BFGS")
        nll[fold == number] = np.logaddexp(0, -test @ fit.x)
    return nll


def mean_interval(differences: np.ndarray, confidence: float) -> tuple[float, float]:
    """Student's t interval of the mean of (seeds,) or (seeds, prompts); of a single number none, (nan, nan)."""
    error, freedom = mean_error(differences)
    reach = stats.t.ppf((1 + confidence) / 2, freedom) * error
    return float(differences.mean() - reach), float(differences.mean() + reach)


def holm_level(others: list[float], alpha: float) -> float:
    """The p below which Holm's correction finds one test more beside `others`, the p values of its family's others."""
    tests, found = len(others) + 1, 0
    for p in sorted(others):
        if (tests - found) * p >= alpha:
            break
        found += 1
    return alpha / (tests - found)


@lru_cache(maxsize=4)
def sign_flips(seeds: int) -> np.ndarray:
    """Signs that seeds' differences may have, (flips, seeds): all, the first one's kept; of more seeds, some drawn."""
    if seeds > ALL_FLIPS_UP_TO:
        drawn = np.random.default_rng(0).choice([-1.0, 1.0], size=(2 ** (ALL_FLIPS_UP_TO - 1) - 1, seeds))
        return np.vstack([np.ones(seeds), drawn])  # what was observed is one of the flips
    rest = np.indices((2,) * (seeds - 1)).reshape(seeds - 1, -1).T
    # A flip and its mirror are as extreme: one of the two is enough.
    return np.column_stack([np.ones(len(rest)), 1.0 - 2.0 * rest])


@lru_cache(maxsize=4)
def standard_draws(seeds: int) -> np.ndarray:
    """Standard normal differences of so many seeds, (draws, seeds), the same ones each time."""
    return np.random.default_rng(0).standard_normal((POWER_DRAWS, seeds))


def sign_flip_power(effect: float, seeds: int, level: float) -> float:
    """Share of experiments in which the exact sign-flip test finds `effect`, of the right sign, with p < `level`.

    Differences over `seeds` are normal; `effect` is in standard deviations between seeds.
    """
    draws = standard_draws(seeds) + effect
    sums = draws.sum(axis=1)
    p = (np.abs(draws @ sign_flips(seeds).T) >= np.abs(sums)[:, None] - 1e-9).mean(axis=1)
    return float(((p < level) & (sums > 0)).mean())


@lru_cache(maxsize=256)  # contrasts of as many seeds and the same level share it
def detectable_effect(seeds: int, level: float, power: float) -> float:
    """Smallest effect, in standard deviations between seeds, that the exact test at `level` finds with `power`.

    nan where the test cannot reach the level with so few seeds.
    """
    if seeds < 2 or 2 / 2**seeds >= level:
        return float("nan")
    low, high = 0.0, 1.0
    while sign_flip_power(high, seeds, level) < power:
        low, high = high, 2 * high
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if sign_flip_power(middle, seeds, level) >= power else (middle, high)
    return high


def equivalence_p(differences: np.ndarray, margin: float) -> float:
    """p of two one-sided t tests that the mean of (seeds,) or (seeds, prompts) is within +-margin (Schuirmann 1987).

    1 of fewer than three seeds, whatever their prompts: another one may do anything.
    """
    if len(differences) < 3:
        return 1.0
    error, freedom = mean_error(differences)
    if error == 0:
        return float(abs(differences.mean()) >= margin)
    # Of the two one-sided tests the one towards the nearer end of the margin has the larger p.
    return float(stats.t.sf((margin - abs(differences.mean())) / error, freedom))
