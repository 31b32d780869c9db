"""The judge that is no language model, on pairs whose words decide."""

import numpy as np
import pytest

from align.ngrams import fit_ngrams, read_ngrams, score_ngrams, write_ngrams

SUBJECTS = "tea milk water juice soda cocoa cider coffee".split()


def test_it_prefers_the_words_that_were_chosen_and_no_length():
    chosen = [f"{subject} is very good" for subject in SUBJECTS]
    rejected = [f"{subject} is very bad" for subject in SUBJECTS]
    weights = fit_ngrams(chosen, rejected)
    good, bad, longer = score_ngrams(weights, ["a plum is good", "a plum is bad", "a plum is bad " * 20])
    assert good > 0 > bad and longer == pytest.approx(bad, abs=0.1 * (good - bad))
    # Turned round, the same pairs teach the opposite.
    np.testing.assert_allclose(fit_ngrams(rejected, chosen), -weights, atol=1e-4)


def test_pairs_of_words_count():
    weights = fit_ngrams([f"not bad {subject}" for subject in SUBJECTS], [f"bad not {subject}" for subject in SUBJECTS])
    first, second = score_ngrams(weights, ["not bad at all", "bad not at all"])
    assert first > second


def test_it_is_read_as_it_was_written(tmp_path):
    weights = fit_ngrams(["good a", "good b"], ["bad a", "bad b"])
    write_ngrams(tmp_path / "judge", weights)
    np.testing.assert_allclose(read_ngrams(tmp_path / "judge"), weights, rtol=1e-6)
