"""Whether responses did what was asked, in words: shares made by hand."""

from handmade import SEEDS, change, make_summary, rederive, texts

from findings.compliance import state_compliance, state_instructed

SHARES = {"sft": 0.125, "sft_0.6": 0.25, "first": 0.625, "by_mean": 0.5, "noise": 0.03, "free": 0.75}


def row(arm, mean, constraint="all seen", decoding="sampled", **values):
    """An arm's share, which differs a little by seed, and not in its mean."""
    shares = {str(seed): mean + (0.01 if seed % 2 else -0.01) * (arm != "sft") for seed in SEEDS}
    given = {"arm": arm, "decoding": decoding, "constraint": constraint, "held_out": constraint == "all held out"}
    return given | {"mean": mean, "by_seed": shares, "gold": 2.0, "rater_bias": 0.25, "seeds": 8} | values


def make(*more, without=(), **given):
    """A summary with an experiment's shares, seen and held out, and whatever rows come besides."""
    rows = [row(arm, share) for arm, share in SHARES.items() if arm not in without]
    rows += [row(arm, share / 2, "all held out") for arm, share in SHARES.items() if arm not in without]
    return rederive(make_summary(pocket=False, **given) | {"compliance": [*rows, *more], "experiment": "asked"})


def test_level_1_beside_sft():
    greedy, best = row("sft", 0.375, decoding="greedy"), row("first", 0.4375, decoding="best of 16")
    text = texts(state_compliance(make(greedy, best)))["compliance"]
    assert text.startswith(
        "**Level 1's sampled responses do what was asked in 62 % of the cases, SFT's in 12 %** (exact p 0.0078). SFT's"
        " do in 38 % decoded greedily, 25 % at its best lower temperature and 44 % as the best of 16 by Level 1's"
        " reward model."
    )
    assert text.endswith("that no training asked for it carries over: 31 %, SFT 6 % (exact p 0.0078).")
    bare = texts(state_compliance(make(without=("sft_0.6",))))["compliance"]
    assert "(exact p 0.0078). To constraints" in bare and "temperature" not in bare


def test_what_does_not_carry_over_is_not_said_to():
    level = make()
    rows = [
        one | {"by_seed": dict.fromkeys(one["by_seed"], 0.0625)} if one["constraint"] == "all held out" else one
        for one in level["compliance"]
    ]
    text = texts(state_compliance(rederive(level | {"compliance": rows})))["compliance"]
    assert "it is not shown to carry over: 31 %" in text
    worse = [
        one | {"by_seed": {seed: 0.01 * share for seed, share in one["by_seed"].items()}}
        if one["arm"] == "first" and one["constraint"] == "all held out"
        else one
        for one in level["compliance"]
    ]
    assert "it does harm there" in texts(state_compliance(rederive(level | {"compliance": worse})))["compliance"]


def test_other_policies_are_held_against_level_1():
    text = texts(state_compliance(make()))["compliance_others"]
    assert "`by_mean` 50 % (-12.5 points to Level 1's, exact p 0.0078)" in text
    assert text.endswith("policy 3 % and a policy without a KL penalty 75 %.")
    alone = make(level2=(), signals=(), controls=False, without=("by_mean", "noise", "free"))
    assert "compliance_others" not in texts(state_compliance(alone))


def test_what_raters_add_for_nothing_asked():
    rows = [row("first", 0.5, gold=2.5, rater_bias=0.75)]
    made = make(without=("first",))
    text = texts(state_compliance(rederive(made | {"compliance": rows + made["compliance"]})))["parting"]
    assert "changed gold by +0.50 and what raters add for praise and length, for which nobody asked, by +0.50." in text


def test_without_rules_nothing_is_said():
    assert state_compliance(make_summary()) == []


def test_another_report_tells_it_too():
    found = texts(state_instructed(make()))
    assert (
        "did what was asked in 12 % of the cases (25 % at its best lower temperature), and after Level 1 in 62 %**"
        in (found["verdict_instructed"])
    )
    assert (
        "(results/asked/report.md), 8 replicates, exact p 0.0078). By gold it is +0.50 (ahead"
        in found["verdict_instructed"]
    )
    assert found["verdict_instructed_level2"] == (
        "**There Level 2 gains by gold.** Less Level 1, `by_mean` is +0.50 (ahead) by gold and +0.50 (ahead) by the"
        " judges, and does 50 % of what was asked."
    )
    other = change(make(), "by_mean", "first", "gold", verdict="fell")
    assert texts(state_instructed(other))["verdict_instructed_level2"].startswith(
        "**There too Level 2 shows no gain by"
    )
    assert "verdict_instructed_level2" not in texts(state_instructed(make(level2=(), signals=(), without=("by_mean",))))
