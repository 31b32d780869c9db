"""What cannot be told, and what did not work, is said where it is so."""

from handmade import SEEDS, contrast, make_summary, rederive, texts

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


def test_a_policy_that_is_cut_off_is_what_did_not_work():
    cut = [
        {"arm": "first", "seeds": 8, "cut_off": 1, "least": 0.3},
        {"arm": "noise", "seeds": 8, "cut_off": 8, "least": 0},
    ]
    found = texts(limits.state_failures(make_summary() | {"cut_off": cut}))["failed_length"]
    assert (
        "at 40 tokens, so that they finish less than 50 % of what SFT does: `first` in 1 of 8 replicates (the" in found
    )
    assert "worst finishes 30 %). Pairs" in found
    assert "failed_length" not in texts(limits.state_failures(make_summary() | {"cut_off": cut[1:]}))
    assert found.endswith("what a response without an end is worth.")
    worth = [
        {"scorer": "first", "of": 8, "low": -2.5, "high": 0.5, "correlation": -0.75, "p_exact": 0.03},
        {"scorer": "judges", "of": 5, "low": -1.5, "high": 1.0, "correlation": None, "p_exact": None},
    ]
    summary = make_summary() | {"cut_off": cut, "worth_of_the_end": worth}
    found = texts(limits.state_failures(summary))["failed_length"]
    assert "at -2.50 to +0.50 SFT standard deviations by reward models of 8 replicates, at -1.50 to +1.00 by" in found
    assert found.endswith("share that the policy finishes: `first` -0.75 (exact p 0.0300).")
    assert "So that is left to chance: beside finished" in found
    alike = summary | {"worth_of_the_end": [worth[0] | {"low": 0.25}, worth[1]]}
    assert "left to chance" not in texts(limits.state_failures(alike))["failed_length"]
    ended = {"scorer": "judges_with_end", "of": 4, "low": -0.5, "high": -0.25, "correlation": None, "p_exact": None}
    ended = summary | {"worth_of_the_end": [*worth, ended]}
    found = texts(limits.state_failures(ended))["failed_length"]
    assert "judges of all makes. With an end mark behind them they stand at -0.50 to -0.25. Corr" in found
    # Why: what training leaves as it found it.
    start = {"models": 9, "moved_ended": 1.25, "moved_cut_off": 0.2, "told": 8}
    start["follows"] = [{"arm": "first", "correlation": -0.9, "p_exact": 0.01}]
    start["follows"] += [{"arm": arm, "correlation": None, "p_exact": 1.0} for arm in ("by_mean", "noise")]
    found = texts(limits.state_failures(summary | {"untrained": start}))["failed_length"]
    assert "near where the head, drawn at random, had put them: it moves them by 0.20 SFT" in found
    assert "finished ones by 1.25 (means of 9 models)" in found and "tells in 8 of 9 models which" in found
    assert found.endswith("finishes, asked afterwards: `first` -0.90 (exact p 0.0100).")
    moved = texts(limits.state_failures(summary | {"untrained": start | {"moved_cut_off": 1.5}}))["failed_length"]
    assert "Training moves such responses from where the head" in moved
    assert texts(limits.state_failures(summary | {"untrained": {}})) == texts(limits.state_failures(summary))
    # Level 2's arm widens the range, and with too few replicates has no correlation.
    more = {"scorer": "by_mean", "of": 4, "low": -1.0, "high": 1.5, "correlation": None, "p_exact": None}
    summary["worth_of_the_end"].append(more)
    found = texts(limits.state_failures(summary))["failed_length"]
    assert "at -2.50 to +1.50 SFT" in found and "by_mean" not in found
    # In pairs: 3, 1 and 2 more than Level 1's, each above 0: two of eight signs as far.
    for row, values in zip(summary["worth_of_the_end"], ((-2.5, 0.5, -1.0), (), (0.5, 1.5, 1.0))):
        row["by_seed"] = {str(seed): value for seed, value in enumerate(values, start=1)}
    found = texts(limits.state_failures(rederive(summary)))["failed_length"]
    assert "Beside Level 1's models those of Level 2 give them: `by_mean` +2.00 (exact p 0.2500); asked after" in found
    summary["settings"]["roles"]["ended"], summary["settings"]["arms"]["tidy"] = ["tidy"], {"cut_off_reward": -1.0}
    summary["arms"].append({"arm": "tidy", "decoding": "sampled", "finished": 0.97})
    summary["contrasts"].append(contrast("tidier", "tidy", "first", "judges", role="control", seeds=4, estimate=0.25))
    found = texts(limits.state_failures(summary))["failed_length"]
    assert (
        "a fixed reward of -1 for a response without an end (`tidy`, asked afterwards, 4 replicates), makes 97 %"
        in found
    )
    assert found.endswith("of them finish; the judges put it +0.25 beside `first` there.")
    # Level 2 with the same remedy, beside itself without, in the replicates that both have.
    (level2,) = summary["settings"]["roles"]["level2"]
    plain = contrast("plain", level2, "first", "judges", by_seed=[9.0, 0.5, -0.75, 9.0, 9.0, 9.0, 9.0, 9.0])
    summary["contrasts"] = [plain] + [row for row in summary["contrasts"] if row["arm"] != level2]
    summary["contrasts"].append(contrast("both", "neat", "tidy", "judges", estimate=0.1, by_seed=[0.25, -0.05]))
    summary["settings"]["arms"]["neat"] = summary["settings"]["arms"][level2] | {"seeds": SEEDS[1:3]}
    summary["settings"]["roles"]["ended"].append("neat")
    summary["arms"].append({"arm": "neat", "decoding": "sampled", "finished": 0.9})
    found = texts(limits.state_failures(summary))["failed_length"]
    assert "With it `neat` finishes 90 %; the judges put it +0.10 beside `tidy`, from -0.05 to +0.25 in" in found
    assert found.endswith(f"the same replicates, `{level2}` from -0.75 to +0.50 beside `first`.")
    # A seed that the arm names and this run has not is no replicate of it, in whatever order seeds are named.
    summary["settings"]["arms"]["neat"]["seeds"] = [99, *SEEDS[1:3]]
    assert texts(limits.state_failures(summary | {"seeds": [*SEEDS[::-1]]}))["failed_length"] == found
