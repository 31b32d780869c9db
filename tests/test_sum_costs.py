import pandas as pd
import pytest
import sum_costs


def test_costs_by_hand(tmp_path):
    folder = tmp_path / "benchmarks"
    (folder / "train_policy").mkdir(parents=True)
    header = "s\th:m:s\tmax_rss\n"
    (folder / "train_sft.tsv").write_text(header + "60.0\t0:01:00\t500.0\n")
    (folder / "train_policy" / "a_1.tsv").write_text(header + "10.0\t0:00:10\t400.0\n")
    (folder / "train_policy" / "a_2.tsv").write_text(header + "20.0\t0:00:20\t300.0\n")
    files = [str(path) for path in (folder / "train_sft.tsv", *sorted((folder / "train_policy").iterdir()))]
    sum_costs.main(["--benchmarks", *files, "--output", str(tmp_path / "cost.csv")])
    costs = pd.read_csv(tmp_path / "cost.csv").set_index("rule")
    assert costs.loc["train_policy"].to_dict() == pytest.approx(
        {"jobs": 2, "mean_seconds": 15.0, "seconds": 30.0, "max_rss_mb": 400.0}
    )
    assert list(costs.index) == ["train_sft", "train_policy"]
