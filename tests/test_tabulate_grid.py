"""The grid's table by hand."""

import json

import pandas as pd
import tabulate_grid


def test_the_best_cell_of_each_arm_by_its_mean_over_seeds(tmp_path):
    rows = [("ppo_lr0_beta0", 91, "sampled", 0.2, 3.0), ("ppo_lr0_beta0", 92, "sampled", 0.4, 5.0)]
    rows += [("ppo_lr1_beta0", 91, "sampled", 0.9, 9.0), ("ppo_lr1_beta0", 92, "sampled", -0.7, 9.0)]
    rows += [
        ("dpo_lr0_beta0", 91, "sampled", 0.1, 1.0),
        ("ppo_lr1_beta0", 91, "greedy", 9.0, 1.0),
        ("sft", 91, "sampled", 7, 0),
    ]
    pd.DataFrame(rows, columns=["arm", "seed", "decoding", "judges", "log_ratio"]).to_csv(tmp_path / "arms.csv")
    cells = [("ppo", 0, 1e-4), ("ppo", 1, 1e-3), ("dpo", 0, 1e-4)]
    cells = [{"name": f"{a}_lr{i}_beta0", "arm": a, "learning_rate": rate, "kl_coef": 0.1} for a, i, rate in cells]
    flags = ["--arms", str(tmp_path / "arms.csv"), "--cells", json.dumps(cells), "--metric", "judges"]
    tabulate_grid.main([*flags, "--output", str(tmp_path / "grid.csv")])
    table = pd.read_csv(tmp_path / "grid.csv")
    assert list(table) == ["arm", "learning_rate", "kl_coef", "seeds", "judges", "log_ratio", "best"]
    assert table["judges"].round(6).tolist() == [0.3, 0.1, 0.1] and table["seeds"].tolist() == [2, 2, 1]
    assert table["best"].tolist() == [True, False, True] and table["log_ratio"].tolist() == [4, 9, 1]
