import compare_at_equal_kl
import numpy as np
import pandas as pd
import pytest


def test_arms_are_compared_where_both_have_been(tmp_path):
    # Judges rise as 2 d in one arm and as d in the other, d = sqrt(KL); the first goes to KL 4, the second to KL 1.
    tables = []
    for arm, slope, reach in (("fast", 2.0, 4.0), ("slow", 1.0, 1.0)):
        for seed in (1, 2, 3):
            kl = np.linspace(0, reach, 40) ** 1.0
            judges = slope * np.sqrt(kl) + 0.1 * seed
            judges[1::2] = np.nan  # the judges look at every other step
            tables.append(pd.DataFrame({"arm": arm, "seed": seed, "step": range(1, 41), "kl": kl, "judges": judges}))
    pd.concat(tables).to_csv(tmp_path / "training.csv", index=False)
    compare_at_equal_kl.main(
        ["--training", str(tmp_path / "training.csv"), "--contrasts", "a:fast:slow:test", "b:fast:sft:test"]
        + ["--confidence", "0.95", "--output", str(tmp_path / "out.csv")]
    )
    rows = pd.read_csv(tmp_path / "out.csv")
    assert rows["name"].tolist() == ["a"]  # SFT has no KL
    row = rows.iloc[0]
    last = np.linspace(0, 1, 40)[-4:].mean()
    assert row["kl"] == pytest.approx(last, rel=1e-4)
    assert row["estimate"] == pytest.approx(np.sqrt(last), rel=1e-3)
    assert row["seeds"] == 3 and row["p_exact"] == pytest.approx(0.25)


def test_too_few_rated_steps_are_no_curve(tmp_path):
    steps = pd.DataFrame({"step": range(1, 25), "kl": np.linspace(0, 3, 24), "judges": np.nan})
    steps.loc[[0, 6, 12, 18], "judges"] = [0.0, 0.5, 0.8, 1.0]
    tables = [steps.assign(arm=arm, seed=seed) for arm in ("one", "other") for seed in (1, 2)]
    flags = ["--training", str(tmp_path / "training.csv"), "--contrasts", "a:one:other:test", "--confidence", "0.95"]
    for rated, expected in ((4, []), (5, ["judges"])):
        tables[0].loc[23, "judges"] = tables[1].loc[23, "judges"] = 1.1 if rated == 5 else np.nan
        tables[2].loc[23, "judges"] = tables[3].loc[23, "judges"] = 1.1 if rated == 5 else np.nan
        pd.concat(tables).to_csv(tmp_path / "training.csv", index=False)
        compare_at_equal_kl.main([*flags, "--output", str(tmp_path / "out.csv")])
        assert pd.read_csv(tmp_path / "out.csv")["metric"].tolist() == expected
