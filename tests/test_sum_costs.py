import json

import pandas as pd
import pytest
import sum_costs


def test_costs_by_hand(tmp_path):
    folder = tmp_path / "benchmarks"
    (folder / "train_policy").mkdir(parents=True)
    header = "s\th:m:s\tmax_rss\tcpu_time\n"
    (folder / "train_sft.tsv").write_text(header + "60.0\t0:01:00\t500.0\t50.0\n")
    (folder / "train_policy" / "a_1.tsv").write_text(header + "10.0\t0:00:10\t400.0\t19.0\n")
    (folder / "train_policy" / "a_2.tsv").write_text(header + "20.0\t0:00:20\t300.0\t12.5\n")
    files = [str(path) for path in (folder / "train_sft.tsv", *sorted((folder / "train_policy").iterdir()))]
    # Two responses a step, of 3 and 4 tokens, and one of 8: 15 tokens in 30 seconds.
    for name, lengths in (("one", [3.5]), ("other", [5.0, 3.0])):
        pd.DataFrame({"step": range(1, len(lengths) + 1), "length": lengths}).to_csv(tmp_path / name, index=False)
    trained = json.dumps([{"metrics": str(tmp_path / name), "responses": n} for name, n in (("one", 2), ("other", 1))])
    sum_costs.main(["--benchmarks", *files, "--trained", trained, "--output", str(tmp_path / "cost.csv")])
    costs = pd.read_csv(tmp_path / "cost.csv").set_index("rule")
    assert costs.loc["train_policy"].to_dict() == pytest.approx(
        {"jobs": 2, "mean_seconds": 15.0, "seconds": 30.0, "core_seconds": 31.5, "max_rss_mb": 400.0}
        | {"tokens_per_second": 0.5}
    )
    assert list(costs.index) == ["train_sft", "train_policy"]
    assert pd.isna(costs.loc["train_sft", "tokens_per_second"])


def test_a_reward_model_reads_both_texts_of_its_pairs(tmp_path):
    pairs = {"prompt_ids": [[0] * 2, [0]], "chosen_ids": [[0] * 3, [0]], "rejected_ids": [[0] * 5, [0]]}
    pd.DataFrame(pairs | {"balanced": [True, False]}).to_parquet(tmp_path / "train.parquet")
    assert sum_costs.count_learned(str(tmp_path / "train.parquet"), "balanced", 1) == 2 * 2 + 3 + 5
    assert sum_costs.count_learned(str(tmp_path / "train.parquet"), "raw", 0.5) == (12 + 4) / 2
