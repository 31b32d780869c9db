"""The statistics that the report rests on. The unit of analysis is the seed: a whole replicate of the pipeline."""

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import comb


def pooled_within_deviation(table: pd.DataFrame, column: str) -> float:
    """Pooled within-prompt standard deviation of `column` over the answers in `table` (columns: prompt_id, column)."""
    groups = table.groupby("prompt_id")[column]
    freedom = groups.count() - 1
    return float(np.sqrt((groups.var(ddof=1) * freedom).sum() / freedom.sum()))


def exact_sign_flip_p(differences: np.ndarray) -> float:
    """Two-sided exact permutation p of paired differences, (seeds,): all 2^n sign flips of their mean."""
    if len(differences) < 2:
        return 1.0
    result = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    return float(result.pvalue)


def two_way_bootstrap(differences: np.ndarray, resamples: int, confidence: float, seed: int) -> tuple[float, float]:
    """Percentile interval of the mean of `differences`, (seeds, prompts), drawing seeds and prompts anew, crossed."""
    rng = np.random.default_rng(seed)
    seeds, prompts = differences.shape
    seed_weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples) / seeds
    prompt_weights = rng.multinomial(prompts, np.full(prompts, 1 / prompts), size=resamples) / prompts
    means = ((seed_weights @ differences) * prompt_weights).sum(axis=1)
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)


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


def share_interval(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """Wilson's interval of a share."""
    interval = stats.binomtest(successes, trials).proportion_ci(confidence_level=confidence, method="wilson")
    return float(interval.low), float(interval.high)


def best_of(values: np.ndarray, n: int) -> np.ndarray:
    """Expected maximum of n of the values in each row, drawn without replacement; (rows, values) to (rows,)."""
    ordered = np.sort(values, axis=1)
    total = values.shape[1]
    # The k-th smallest is the maximum of n in C(k - 1, n - 1) of C(total, n) draws.
    weights = comb(np.arange(total), n - 1) / comb(total, n)
    return ordered @ weights
