import compare_at_equal_entropy
import pandas as pd
import pytest

from findings.sharper import sft_at_entropy


def test_an_arm_is_held_against_sft_of_its_own_entropy_by_hand(tmp_path):
    # SFT's judges by entropy: 2 at 0 (greedy), 1 at 0.5 (temperature 0.5), 0 at 1. The second seed's are 1 higher.
    points = [("sft", "greedy", 0.0, 2.0), ("sft_0.5", "sampled", 0.5, 1.0), ("sft", "sampled", 1.0, 0.0)]
    rows = [(*point[:3], point[3] + seed - 1, seed) for point in points for seed in (1, 2)]
    # Half-way between 0 and 0.5, where SFT has 1.5 and 2.5; and beyond SFT's entropy, where its line goes on to -1.
    rows += [("arm", "sampled", 0.25, 2.0, 1), ("arm", "sampled", 0.25, 3.5, 2), ("arm", "greedy", 0.0, 9.0, 1)]
    rows += [("wide", "sampled", 1.5, 0.25, 1)]
    table = pd.DataFrame(rows, columns=["arm", "decoding", "entropy", "judges", "seed"]).assign(gold=1.0)
    table.to_csv(tmp_path / "arms.csv", index=False)
    compare_at_equal_entropy.main(
        ["--arms", str(tmp_path / "arms.csv"), "--temperatures", "0.5", "--confidence", "0.95"]
        + ["--output", str(tmp_path / "out.csv")]
    )
    out = pd.read_csv(tmp_path / "out.csv").set_index(["arm", "metric"])
    assert set(out.index) == {(arm, metric) for arm in ("arm", "wide") for metric in ("judges", "gold")}
    arm = out.loc[("arm", "judges")]
    # Differences 0.5 and 1.0.
    assert arm[["seeds", "entropy", "temperature", "estimate"]].tolist() == pytest.approx([2, 0.25, 0.25, 0.75])
    # t of 1 degree of freedom is 12.706, the standard error 0.25.
    assert arm[["ci_low", "ci_high"]].tolist() == pytest.approx([0.75 - 12.706 * 0.25, 0.75 + 12.706 * 0.25], rel=1e-3)
    assert arm["p_exact"] == pytest.approx(0.5)
    assert out.loc[("arm", "gold"), "estimate"] == 0.0
    assert out.loc[("wide", "judges"), ["temperature", "estimate"]].tolist() == pytest.approx([1.5, 1.25])


def test_between_temperatures_sft_is_bent_as_its_neighbours_are_and_never_beyond_them():
    points = [("greedy", 0.0, 3.0), ("sampled", 1.0, 2.75), ("sampled", 2.0, 0.0)]
    arms = pd.DataFrame(points, columns=["decoding", "entropy", "judges"])
    arms = arms.assign(arm=["sft", "sft_0.5", "sft"], seed=1)
    found = [sft_at_entropy(arms, pd.Series({"seed": 1, "entropy": e}), [0.5], ["judges"])[0] for e in (1.0, 1.5, 2.0)]
    # Half-way the straight line has 1.375; the curve, flat before, falls later.
    assert found[0] == 2.75 and found[2] == 0.0 and 1.375 < found[1] < 2.75
