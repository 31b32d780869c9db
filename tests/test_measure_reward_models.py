import math

import measure_reward_models
import pandas as pd
import pytest


def test_measures_by_hand(tmp_path):
    table = pd.DataFrame(
        {
            "kind": "scalar",
            "seed": 3,
            "prompt_id": list("abcd"),
            "chosen_reward": [1.0, 0.0, 2.0, 1.0],
            "rejected_reward": [0.0, 1.0, 0.0, 0.0],
            "chosen_tokens": [5, 5, 9, 3],
            "rejected_tokens": [4, 6, 9, 7],
        }
    )
    table.to_parquet(tmp_path / "s.parquet")
    measure_reward_models.main(
        ["--scores", str(tmp_path / "s.parquet"), "--confidence", "0.95", "--output", str(tmp_path / "out.csv")]
    )
    row = pd.read_csv(tmp_path / "out.csv").iloc[0]
    assert row["accuracy"] == 0.75
    losses = [math.log(1 + math.exp(-margin)) for margin in (1, -1, 2, 1)]
    assert row["nll"] == pytest.approx(sum(losses) / 4, rel=1e-5)
    assert row["coin_nll"] == pytest.approx(math.log(2), rel=1e-5)
    assert row["longer_wins"] == pytest.approx((1 + 0 + 0.5 + 0) / 4)
    assert row["accuracy_low"] < 0.75 < row["accuracy_high"]
