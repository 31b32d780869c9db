"""What cannot be told, and what did not work, is said where it is so."""

from handmade import make_summary, rederive, texts

from findings import level2, limits, setting


def test_random_weights_and_few_seeds_are_said():
    rehearsal = make_summary() | {
        "sources": {"commit": "1a" * 20, "model": {"source": "m", "revision": None, "weights": "random"}}
    }
    found = texts(setting.state_setting(rehearsal))
    assert "No number below means anything" in found["rehearsal"]
    assert "Loaded by commit 1a1a1a1a1a1a: model `m` from a local path, **with random weights**" in found["sources"]
    few = make_summary()
    assert not {"limit_proxy", "limit_placebo", "limit_one_judge"} & {*texts(limits.state_limits(few))}
    alone = make_summary(controls=False)
    alone["settings"]["judges"] = {"judge": [101], "gemma": [201]}
    assert {"limit_placebo", "limit_one_judge"} <= {*texts(limits.state_limits(alone))}
    assert "limit_proxy" not in texts(limits.state_limits(few))
    few["settings"]["evaluation"]["proxy_seeds"] = [1, 2, 99]
    assert "known of 2 of 8 replicates" in texts(limits.state_limits(few))["limit_proxy"]
    assert "limit_remark_0" not in texts(limits.state_limits(few))
    few["settings"]["remarks"] = ["**A** {brace}."]
    assert texts(limits.state_limits(few))["limit_remark_0"] == "**A** {brace}."
    few["derived"]["smallest_p"] = 0.25
    assert "nothing here excludes chance" in texts(limits.state_limits(few))["limit_seeds"]


def test_predictions_that_failed_are_what_did_not_work():
    row = {"name": "two_by_mean", "arm": "by_mean", "against": "first", "metric": "gold", "seeds": 8, "estimate": 0.3}
    row |= {"p_exact": 0.01, "equivalence_p": 0.9}
    for prediction, failed in (("behind", True), ("ahead", False), ("none", False)):
        summary = rederive(make_summary() | {"predictions": [row | {"prediction": prediction}]})
        assert ("failed_predictions" in texts(limits.state_failures(summary))) == failed
        made = int(prediction != "none")
        assert f"Of 1 rows {made} are predictions" in texts(level2.state_level2(summary))["predictions"]
