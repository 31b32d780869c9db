"""A judge that is no language model: a logistic regression on a response's words and pairs of words.

It cannot read a response against its prompt. What such a judge prefers, too, may be no more than words.
"""

from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression

from align.files import atomic_path

# Rows are scaled to length 1, so that a longer response has no larger features.
FEATURES = HashingVectorizer(n_features=2**18, ngram_range=(1, 2), alternate_sign=False, norm="l2")
FILE = "weights.npy"


def fit_ngrams(chosen: list[str], rejected: list[str], penalty: float = 1.0) -> np.ndarray:
    """Weights of a Bradley-Terry model of pairs of responses, (features,); `penalty` is on their squares."""
    difference = FEATURES.transform(chosen) - FEATURES.transform(rejected)
    # Without an intercept the order of a pair is nothing; half are turned, since a regression wants two classes.
    sign = np.where(np.arange(len(chosen)) % 2, -1, 1)
    model = LogisticRegression(C=1 / penalty, fit_intercept=False, max_iter=1000)
    return model.fit(difference.multiply(sign[:, None]).tocsr(), sign).coef_[0]


def score_ngrams(weights: np.ndarray, responses: list[str]) -> np.ndarray:
    """The reward of each response, (responses,)."""
    return FEATURES.transform(responses) @ weights


def write_ngrams(folder: str | Path, weights: np.ndarray) -> None:
    with atomic_path(folder) as draft:
        draft.mkdir()
        np.save(draft / FILE, weights.astype(np.float32))


def read_ngrams(folder: str | Path) -> np.ndarray:
    return np.load(Path(folder) / FILE)
