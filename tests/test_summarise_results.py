import numpy as np
import pandas as pd
import pytest
import summarise_results
from handmade import make_summary, rederive

from findings.cut_off import describe_cut_off, describe_untrained, describe_worth_of_the_end


@pytest.fixture
def differences(tmp_path):
    """Four seeds of three tests against one arm, and five of a placebo."""
    values = {"mean": [1.0, 2.0, 3.0, 4.0], "win": [2.0, 4.0, 6.0, 8.0], "risk": [4.0, 3.0, 2.0, 1.0]}
    rows = [
        {"name": name, "arm": name, "against": "level1_scalar", "seed": seed, "difference": value}
        for name, some in values.items()
        for seed, value in enumerate(some, start=1)
    ]
    placebo = [-1.0, 0.0, 1.0, 2.0, 3.0]
    rows += [
        {"name": "nonsense", "arm": "noise", "against": "sft", "seed": seed, "difference": value}
        for seed, value in enumerate(placebo, start=1)
    ]
    table = pd.DataFrame(rows).assign(role="test", metric="judges", decoding="sampled")
    pd.concat([table, table.assign(decoding="greedy", difference=0.0)]).to_csv(tmp_path / "d.csv", index=False)
    return str(tmp_path / "d.csv")


def test_contrasts_from_the_same_arm_are_correlated_over_seeds(differences):
    rows = summarise_results.correlate_contrasts(differences)
    found = {(row["name"], row["other"]): row["correlation"] for row in rows}
    assert found == pytest.approx({("mean", "win"): 1.0, ("mean", "risk"): -1.0, ("win", "risk"): -1.0})


def test_content_and_form_by_hand(tmp_path):
    weights = {"helpfulness": 0.3, "correctness": 0.3, "coherence": 0.2, "complexity": 0.1, "verbosity": 0.1}
    rows = []
    for seed in (1, 2):
        for arm, decoding, content, form in (
            ("sft", "sampled", 1.0, 2.0),
            ("sft", "greedy", 2.0, 3.0),
            ("level1_scalar", "sampled", 1.0, 3.0),
            ("level1_scalar", "greedy", 1.0 + seed / 10, 4.0),
            ("level2_mean", "sampled", 1.5, 2.0),
        ):
            values = {f"gold_{name}": content if name in ("helpfulness", "correctness") else form for name in weights}
            rows.append({"arm": arm, "seed": seed, "decoding": decoding} | values)
    pd.DataFrame(rows).to_csv(tmp_path / "arms.csv", index=False)
    roles = {"level1": "level1_scalar", "level2": ["level2_mean"]}
    found = {
        (row["part"], row["decoding"], row["against_decoding"]): row["estimate"]
        for row in summarise_results.describe_rubric(str(tmp_path / "arms.csv"), weights, roles)
        if row["against"] == "sft"
    }
    later = summarise_results.describe_rubric(str(tmp_path / "arms.csv"), weights, roles)[-2:]
    assert [(row["arm"], row["against"], row["part"]) for row in later] == [
        ("level2_mean", "level1_scalar", "content"),
        ("level2_mean", "level1_scalar", "form"),
    ]
    assert [row["estimate"] for row in later] == pytest.approx([0.6 * 0.5, -0.4])
    assert found[("content", "sampled", "sampled")] == pytest.approx(0.0)
    assert found[("form", "sampled", "sampled")] == pytest.approx(0.4)
    assert found[("content", "greedy", "greedy")] == pytest.approx(0.6 * -0.85)
    assert found[("form", "sampled", "greedy")] == pytest.approx(0.0)


def test_level_1_beside_the_sharper_sft_that_a_metric_likes_best(tmp_path):
    rows = []
    for seed in (1, 2, 3):
        for arm, decoding, gold, judges in (
            ("sft", "sampled", 9.0, 9.0),  # not sharper
            ("sft", "greedy", 0.2, 1.0),
            ("sft_0.8", "sampled", 0.1, 0.3),
            ("sft_0.4", "sampled", 0.5 + seed / 10, 0.9),
            ("level1_scalar", "sampled", 0.3 + seed / 10, 1.0 + seed),
        ):
            rows.append({"arm": arm, "seed": seed, "decoding": decoding, "gold": gold, "judges": judges})
    pd.DataFrame(rows).to_csv(tmp_path / "arms.csv", index=False)
    given = (str(tmp_path / "arms.csv"), "level1_scalar", [0.8, 0.4], ["gold", "judges", "gemma"])
    gold, judges = summarise_results.describe_beside_sharper(*given)
    assert (gold["arm"], gold["decoding"], judges["arm"], judges["decoding"]) == (
        "sft_0.4",
        "sampled",
        "sft",
        "greedy",
    )
    assert [gold["best"], gold["estimate"], gold["p_exact"]] == pytest.approx([0.7, -0.2, 0.25])
    assert [judges["best"], judges["estimate"], judges["p_exact"]] == pytest.approx([1.0, 2.0, 0.25])


def test_placebos_accuracies_beside_their_policies(tmp_path, differences):
    models = pd.DataFrame({"kind": ["shuffled"] * 5 + ["scalar"], "seed": [1, 2, 3, 4, 5, 1]})
    models = models.assign(accuracy=[0.45, 0.5, 0.55, 0.6, 0.65, 0.7], accuracy_low=0.4, accuracy_high=0.7)
    models.to_csv(tmp_path / "m.csv", index=False)
    settings = {"arms": {"noise": {"reward_model": "shuffled"}}, "roles": {"placebo": "noise"}}
    found = summarise_results.describe_placebo(str(tmp_path / "m.csv"), differences, settings)
    assert [(row["seed"], row["accuracy"], row["judges"]) for row in found["seeds"]][3] == (4, 0.6, 2.0)
    assert found["accuracy_and_judges"]["correlation"] == pytest.approx(1.0)
    # Of two seeds any two numbers correlate.
    models.iloc[[0, 1, 5]].to_csv(tmp_path / "m.csv", index=False)
    few = summarise_results.describe_placebo(str(tmp_path / "m.csv"), differences, settings)
    assert len(few["seeds"]) == 2 and few["accuracy_and_judges"]["correlation"] is None


def test_without_a_placebo_there_is_none(tmp_path, differences):
    assert summarise_results.describe_placebo("", differences, {"arms": {}, "roles": {}}) is None


def test_a_table_without_a_name_is_refused(capsys):
    with pytest.raises(SystemExit):
        summarise_results.parse_args(["--tables", "contrasts.csv"])
    assert "'contrasts.csv' is not name=path" in capsys.readouterr().err


def test_the_share_of_clipped_steps():
    training = pd.DataFrame({"grad_norm": [0.5, 1.5, 2.0, 1.0], "skipped": [0, 0, 1, 0]})
    assert summarise_results.describe_steps(training, 1.0) == {"taken": 4, "skipped": 1, "clipped": 0.5}
    assert summarise_results.describe_steps(training, None)["clipped"] is None


def test_a_replicate_is_cut_off_where_it_finishes_less_than_half_of_sfts_share(tmp_path):
    finished = {"sft": [0.8, 0.9], "long": [0.41, 0.44], "whole": [0.9, 1.0]}
    rows = [
        {"arm": arm, "seed": seed, "decoding": "sampled", "finished": share}
        for arm, shares in finished.items()
        for seed, share in enumerate(shares, start=1)
    ]
    rows.append({"arm": "long", "seed": 1, "decoding": "greedy", "finished": 0.0})
    pd.DataFrame(rows).to_csv(tmp_path / "r.csv", index=False)
    expected = [{"arm": "long", "seeds": 2, "cut_off": 1, "least": 0.41}]
    assert describe_cut_off(str(tmp_path / "r.csv"), 0.5) == expected


def test_the_worth_of_the_end_goes_with_what_policies_finish(tmp_path):
    worth, finished = [-2.0, -1.0, 0.0, 1.0, 2.0], [1.0, 0.9, 0.8, 0.7, 0.6]
    rows = [("arm", seed, value) for seed, value in enumerate(worth, start=1)]
    rows += [("judge_1", None, 0.5), ("gemma_2", None, -0.25), ("few", 1, 0.0), ("judge_with_end_1", None, 0.125)]
    pd.DataFrame(rows, columns=["scorer", "seed", "worth"]).to_csv(tmp_path / "cut_off.csv", index=False)
    shares = [{"arm": "arm", "seed": n, "decoding": "sampled", "finished": f} for n, f in enumerate(finished, start=1)]
    shares.append({"arm": "few", "seed": 1, "decoding": "sampled", "finished": 1.0})
    pd.DataFrame(shares).to_csv(tmp_path / "r.csv", index=False)
    arm, few, judges, ended = describe_worth_of_the_end(str(tmp_path / "cut_off.csv"), str(tmp_path / "r.csv"))
    assert (arm["scorer"], arm["of"], arm["low"], arm["high"]) == ("arm", 5, -2.0, 2.0)
    shares = pd.DataFrame(shares).assign(finished=1.0)
    shares.to_csv(tmp_path / "r.csv", index=False)
    alike, *_ = describe_worth_of_the_end(str(tmp_path / "cut_off.csv"), str(tmp_path / "r.csv"))
    assert (alike["correlation"], alike["p_exact"]) == (None, 1.0)
    assert arm["by_seed"] == {"1": -2.0, "2": -1.0, "3": 0.0, "4": 1.0, "5": 2.0} and judges["by_seed"] == {}
    # Of the 120 orders only this one and its reverse are as strict.
    assert arm["correlation"] == pytest.approx(-1) and arm["p_exact"] == pytest.approx(2 / 120)
    assert (few["scorer"], few["of"], few["correlation"]) == ("few", 1, None)
    assert (judges["scorer"], judges["of"], judges["low"], judges["high"]) == ("judges", 2, -0.25, 0.5)
    assert (ended["scorer"], ended["of"], ended["low"], ended["by_seed"]) == ("judges_with_end", 1, 0.125, {})


def test_what_the_untrained_head_tells_of_cut_off_responses(tmp_path):
    # Of five replicates the head tells four aright: in the last it puts cut-off ones at 1, training at -1, others at 0.
    values = enumerate((-2.0, -1.0, 1.5, 2.0), 1)
    rows = [("arm", seed, 1.0, value, 0.0, value + 0.5, 2.0, value) for seed, value in values]
    rows += [("arm", 5, 1.0, 1.0, 0.0, -1.0, 2.0, -0.5), ("judge_1", None, 0.0, 0.0, 3.0, -1.0, 1.0, -4.0)]
    rows += [("judge_2", None, 9.0, 9.0, 3.0, -1.0, 1.0, None)]
    names = ["scorer", "seed", "start_ended", "start_cut_off", "ended", "cut_off", "deviation", "worth"]
    pd.DataFrame(rows, columns=names).to_csv(tmp_path / "untrained.csv", index=False)
    finished = {"arm": (1.0, 0.9, 0.4, 0.3, 0.6), "twin": (0.9, 0.8, 0.4, 0.2, 0.5), "other": (1.0,) * 5}
    shares = [
        {"arm": arm, "seed": seed, "decoding": "sampled", "finished": share}
        for arm, values in finished.items()
        for seed, share in enumerate(values, start=1)
    ]
    pd.DataFrame(shares).to_csv(tmp_path / "r.csv", index=False)
    kinds = {"arm": "scalar", "twin": "scalar", "other": "ratings"}
    settings = {"arms": {arm: {"reward_model": kind} for arm, kind in kinds.items()}}
    paths = str(tmp_path / "untrained.csv"), str(tmp_path / "r.csv")
    found = describe_untrained(*paths, settings)
    assert (found["models"], found["told"]) == (6, 5)
    # Finished ones by half a deviation, the judge's by 3; cut-off ones by a quarter, the last and the judge's by 1.
    assert found["moved_ended"] == pytest.approx((5 * 0.5 + 3) / 6)
    assert found["moved_cut_off"] == pytest.approx((4 * 0.25 + 1 + 1) / 6)
    told, shares = [-2.0, -1.0, 1.5, 2.0, 1.0], pd.DataFrame(finished)
    assert [row["arm"] for row in found["follows"]] == ["arm", "twin"]
    for row in found["follows"]:
        assert row["correlation"] == pytest.approx(np.corrcoef(told, shares[row["arm"]])[0, 1])
        assert 0 < row["p_exact"] < 0.1
    pd.DataFrame(rows, columns=names).assign(worth=None).to_csv(tmp_path / "untrained.csv", index=False)
    assert describe_untrained(*paths, settings) == {}


def test_an_arm_that_learns_from_pairs_has_no_advantage():
    summary = make_summary()
    for part in ("first_tenth_of_training", "last_tenth_of_training"):
        summary[part] |= {"by_pairs": {"advantage_std": None, "reward": 0.5}}
    told = rederive(summary)["derived"]["training"]
    assert "by_pairs" not in told and told["first"]["advantage"] == pytest.approx(-0.2)


def test_over_optimisation_is_averaged_by_arm_and_collapses_are_counted(tmp_path):
    key = {"peak_kl": 4.0, "end_gold": -0.5, "end_kl": 90.0, "fall_step": None}
    rows = [("b", 1, 1.0, True), ("b", 2, 0.5, False), ("a", 1, 0.25, False)]
    table = [{"arm": arm, "seed": seed, "peak_gold": peak, "collapsed": fell} | key for arm, seed, peak, fell in rows]
    pd.DataFrame(table).to_csv(tmp_path / "o.csv", index=False)
    found = summarise_results.describe_overoptimisation(str(tmp_path / "o.csv"))
    means = {"peak_kl": 4.0, "end_gold": -0.5, "end_kl": 90.0}
    assert found == [
        {"arm": "b", "peak_gold": 0.75, "collapsed": 1, "seeds": 2} | means,
        {"arm": "a", "peak_gold": 0.25, "collapsed": 0, "seeds": 1} | means,
    ]


def test_the_worst_tenth_is_held_to_sft_level_1_and_the_best_temperature(tmp_path):
    means = {"sft": 1.0, "sft_0.4": 1.5, "sft_0.8": 1.2, "first": 0.5, "least": 2.0}
    rows = [
        {"arm": arm, "seed": seed, "decoding": "sampled", "gold_worst_tenth": mean + 0.1 * (arm == "least") * seed}
        for arm, mean in means.items()
        for seed in (0, 1)
    ]
    rows += [row | {"decoding": "greedy", "gold_worst_tenth": 9.0} for row in rows]
    pd.DataFrame(rows).to_csv(tmp_path / "arms.csv", index=False)
    found = {
        row["arm"]: row for row in summarise_results.describe_worst_tenth(tmp_path / "arms.csv", "first", [0.8, 0.4])
    }
    least = found["least"]
    assert [round(least[f"less_{name}"], 6) for name in ("sft", "level1", "sharper")] == [1.05, 1.55, 0.55]
    assert least["mean"] == 2.05 and least["p_sharper"] == 0.5 and found["sft_0.4"]["less_sharper"] == 0.0
    (alone, *_) = summarise_results.describe_worst_tenth(tmp_path / "arms.csv", "first", [])
    assert "p_sharper" not in alone
    pd.DataFrame(rows).drop(columns="gold_worst_tenth").to_csv(tmp_path / "arms.csv", index=False)
    assert summarise_results.describe_worst_tenth(tmp_path / "arms.csv", "first", [0.8]) == []
