import numpy as np
import pandas as pd
import pytest
from measure_responses import describe, distinct, ngrams, quantiles, repetition

from findings.evidence import adjusted_for


def test_ngrams_and_what_is_made_of_them():
    assert ngrams([1, 2, 3], 2) == [(1, 2), (2, 3)]
    assert ngrams([1], 2) == []
    # 1 2 1 2 has three bigrams, one of them twice; 5 has none.
    assert repetition([[1, 2, 1, 2], [5]]) == pytest.approx((1 / 3 + 0) / 2)
    assert distinct([[1, 2], [2, 3]], 1) == pytest.approx(3 / 4)
    assert distinct([[1, 2], [1, 2]], 2) == pytest.approx(1 / 2)


def test_a_gain_that_is_all_length_is_none_at_equal_length():
    longer = np.array([0.0, 1.0, 2.0, 5.0])
    assert adjusted_for(longer, 0.3 * longer) == pytest.approx(0.0, abs=1e-9)
    assert adjusted_for(longer, 0.3 * longer + 0.7) == pytest.approx(0.7)
    assert adjusted_for(np.zeros(3), np.array([1.0, 2.0, 3.0])) == pytest.approx(2.0)


def responses(arm, judge, tokens):
    rows = len(judge)
    table = pd.DataFrame({"arm": arm, "prompt_id": [f"p{i}" for i in range(rows)], "decoding": "sampled", "sample": 0})
    table = table.assign(judge_1=judge, judges=judge, tokens=tokens, finished=True, entropy=1.0)
    return table.assign(response_ids=[[1, 2, 3]] * rows)


def test_win_rates_by_hand():
    sft, arm = responses("sft", [0.0, 0.0, 0.0, 0.0], [3] * 4), responses("arm", [1.0, -1.0, 0.0, 2.0], [3] * 4)
    preferred = {"judge_1": pd.Series({"p0": 2.0, "p1": -2.0, "p2": 0.0, "p3": 1.0})}
    row = describe(arm, arm, sft, sft, preferred)
    # Won, lost, tied, won; against the preferred: lost, won, tied, won.
    assert row["win_sft"] == pytest.approx(2.5 / 4) and row["win_preferred"] == pytest.approx(2.5 / 4)
    assert row["judges"] == row["judge_1"] == pytest.approx(0.5)
    assert "proxy" not in row


def test_the_deviation_of_sft_responses_in_an_arms_own_reward():
    arm = pd.concat(
        [responses("arm", [1.0, 2.0], [3, 3]).assign(sample=sample) for sample in (0, 1)], ignore_index=True
    )
    # Differences of 2 and 4 within the two prompts: variances 2 and 8.
    arm = arm.assign(proxy=0.0, proxy_sft=[0.0, 10.0, 2.0, 14.0])
    row = describe(arm, arm, arm, arm, {"judge_1": pd.Series({"p0": 0.0, "p1": 0.0})})
    assert row["proxy_sft_deviation"] == pytest.approx(5**0.5)


def test_quantiles_are_over_prompts():
    sft, arm = responses("sft", [0.0] * 3, [3, 3, 3]), responses("arm", [1.0, 2.0, 3.0], [4, 5, 6])
    table = quantiles(arm, sft).set_index("share")
    assert table.loc[0.0, "judges"] == 1.0 and table.loc[1.0, "judges"] == 3.0 and table.loc[0.5, "tokens"] == 5
