"""Whether responses did what was asked, in words: shares made by hand."""

from handmade import SEEDS, change, make_summary, rederive, texts

from findings import controls, level1, limits
from findings.compliance_words import state_compliance
from findings.instructed import state_instructed

SHARES = {"sft": 0.125, "sft_again": 0.125, "sft_0.6": 0.25, "first": 0.625, "by_mean": 0.5}
CONTROLS = {"noise": 0.03125, "free": 0.75}  # of two seeds
PARTS = {"keeps": 0.5, "keeps_unasked": 0.375, "names_topic": 0.75, "gold": 2.0, "raters": 2.25}
PARTS |= {"praise": 0.1, "length": 0.2, "prompts": 96}


def row(arm, mean, constraint="all seen", decoding="sampled", asking=0.125, seeds=SEEDS, **values):
    """An arm's share, which differs a little by seed, and not in its mean."""
    shares = {str(seed): mean + (0 if arm.startswith("sft") else 0.01 if seed % 2 else -0.01) for seed in seeds}
    asked = {seed: asking + (share - mean) / 2 for seed, share in shares.items()}
    given = {
        "arm": arm,
        "decoding": decoding,
        "constraint": constraint,
        "held_out": constraint in ("all held out", "new"),
    }
    given |= {"mean": mean, "by_seed": shares, "asking_by_seed": asked, "seeds": len(shares)}
    return PARTS | given | {"min": min(shares.values()), "max": max(shares.values())} | values


def make(*more, without=(), **given):
    """A summary with an experiment's shares, seen and held out, and whatever rows come first."""
    shares = {arm: share for arm, share in SHARES.items() if arm not in without}
    rows = [row(arm, share, asking=0.25 if arm == "first" else 0.125) for arm, share in shares.items()]
    rows += [row(arm, share, seeds=(1, 2)) for arm, share in CONTROLS.items() if arm not in without]
    rows += [row(arm, share / 2, "all held out", prompts=23) for arm, share in shares.items()]
    rows += [row(arm, share / 2, "new", prompts=23) for arm, share in shares.items()]
    rows += [
        row("sft", 0.25, "plain"),
        row("first", 0.875, "plain"),
        row("sft", 0.0, "hard"),
        row("first", 0.0, "hard"),
    ]
    summary = make_summary(pocket=False, **given)
    summary["settings"]["evaluation"]["sft_temperatures"] = [0.8, 0.6]
    return rederive(summary | {"compliance": [*more, *rows], "experiment": "asked"})


def say(*more, **given):
    return texts(state_compliance(make(*more, **given)))


def test_level_1_stands_beside_sft_however_that_is_decoded():
    greedy = [row("sft", 0.375, decoding="greedy"), row("first", 0.4375, decoding="greedy")]
    best, ended = row("first", 0.5, decoding="best of 16"), row("sft", 0.15, decoding="sampled, ended")
    text = say(*greedy, best, ended)["compliance"]
    assert text.startswith(
        "**Level 1's responses do what was asked in 62 % of the cases, SFT's in 12 %, and in 38 % at its best lower"
        " temperature or decoded greedily: Level 1 is ahead of that.** Exact p is 0.0078 beside SFT and 0.0078 beside"
        " the sharper SFT, which was picked by this very share;"
    )
    # Without greedy responses it is the best temperature.
    assert (
        "SFT's in 12 %, and in 25 % at its best lower temperature or decoded greedily: Level 1" in say()["compliance"]
    )
    assert "Decoded greedily, Level 1 does in 44 % and SFT in 38 % (p 0.0078)." in text
    assert text.endswith(
        "the best of 16, as Level 1's reward model chooses, do in 50 % and those that end by themselves do in 15 %."
    )
    bare = say(without=("sft_0.6",))["compliance"]
    assert "SFT's in 12 %.** Exact p is 0.0078;" in bare and "temperature" not in bare


def test_a_cooler_sft_that_does_better_is_in_the_headline():
    better = make(row("sft_0.8", 0.9))
    found = next(one for one in state_compliance(better) if one.name == "compliance")
    assert "and in 90 % at its best lower temperature or decoded greedily: Level 1 is behind that.**" in found.text
    alike = state_compliance(make(row("sft_0.8", 0.625)))[0]
    assert "Level 1 is not told apart from that" in alike.text and alike.strength == "not told apart"


def test_what_asking_adds_is_told_from_what_responses_keep_anyway():
    text = say()["compliance_asking"]
    assert text.startswith(
        "**Asking for a constraint helps more than before.** Level 1's responses keep a constraint in 50 % of the cases"
    )
    assert "and in 38 % where another is; SFT's in 50 % and 38 %. That is a change of +12.5 points (exact p" in text
    assert text.endswith("The topic is named in 75 % of Level 1's responses and in 75 % of SFT's.")
    blind = say(row("first", 0.625, asking=0.125))["compliance_asking"]
    assert blind.startswith("**Asking for a constraint is not shown to help more or less than before.**")
    greedy = [row("sft", 0.5, decoding="greedy", asking=0.5), row("first", 0.5, decoding="greedy", asking=0.25)]
    text = say(*greedy)["compliance_asking"]
    # SFT decoded greedily is the sharper one too. Where asking matters more in sampled responses, that is told first.
    assert text.startswith("**Asking for a constraint helps more than before.**")
    blind = say(row("first", 0.625, asking=0.125), *greedy)["compliance_asking"]
    told = "more or less than before; in greedy responses and beside the sharper SFT it helps less.**"
    assert blind.startswith(f"**Asking for a constraint is not shown to help {told}")
    assert "; in greedy responses -25.0 (p 0.0078) and beside the sharper SFT -25.0 (p 0.0078). The topic" in text
    unknown = row("first", 0.625) | {"asking_by_seed": dict.fromkeys(map(str, SEEDS))}
    assert say(unknown)["compliance_asking"].startswith("The topic is named")


def test_it_carries_over_only_if_asking_matters_more_for_both():
    more = row("first", 0.3125, "all held out", asking=0.25, prompts=23)
    text = say(more)["compliance_new"]
    assert text.startswith("On 1 constraint that no training asked for, 23 prompts, Level 1's responses do what was")
    assert "asked in 31 % of the cases and SFT's in 6 %: the share rose (exact p 0.0078)" in text
    assert text.endswith("what asking adds rose (+12.5 points, p 0.0078). So what was learned carries over.")
    not_shown = "That following instructions carries over to others is not shown."
    assert say()["compliance_new"].endswith(not_shown)  # responses keep the new ones more often, asked or not
    fell = say(row("first", 0.0625), more)["compliance_new"]
    assert fell.endswith(not_shown)
    assert "the share fell (exact p" in say(row("first", 0.02, "all held out"))["compliance_new"]


def test_each_constraint_of_training_is_looked_at():
    text = say(row("first", 0.1, "worse"), row("sft", 0.2, "worse"))["compliance_constraints"]
    assert "in all replicates it rose for `plain` (25 % to 88 %);" in text
    assert "in all it fell for `worse` (20 % to 10 %); it did not move one way in all for `hard` (0 % to 0 %)." in text


def test_other_policies_are_held_against_level_1_and_controls_against_sft_of_their_seeds():
    text = say()["compliance_others"]
    assert text.startswith(
        "`by_mean` does what was asked in 50 % of the cases and is behind Level 1 (-12.5 points, exact"
    )
    assert "A meaningless reward model's policy does in 3 %, SFT in the same 2 replicates in 12 %." in text
    assert text.endswith("A policy without a KL penalty does in 75 %, SFT in the same 2 replicates in 12 %.")
    alone = say(level2=(), signals=(), controls=False, without=("by_mean", "noise", "free"))
    assert "compliance_others" not in alone


def test_praise_and_length_are_told_apart():
    changed = row("first", 0.5, gold=2.5, raters=2.75, praise=0.4, length=0.0)
    text = say(changed)["parting"]
    assert "gold changed by +0.50 from SFT to Level 1, and what raters would say by +0.50. Their liking" in text
    assert text.endswith("makes +0.30 of that, and for length -0.20, were ratings not cut at 4.")


def test_a_claim_is_as_strong_as_its_weakest_test():
    alike = state_instructed(make(row("first", 0.125)))[0]
    assert "and after Level 1 in 12 %**" in alike.text and alike.strength == "not told apart"
    others = next(one for one in state_compliance(make()) if one.name == "compliance_others")
    assert "is behind Level 1" in others.text and others.strength == "shown"


def test_without_rules_nothing_is_said():
    assert state_compliance(make_summary()) == []


def test_another_report_tells_it_too():
    found = texts(state_instructed(make()))
    text = found["verdict_instructed"]
    assert "SmolLM2 did what was asked in 12 % of the cases, and after Level 1 in 62 %**" in text
    assert (
        "report.md), 8 replicates, exact p 0.0078, uncorrected; SFT at its best lower temperature or decoded greedily"
        in text
    )
    assert text.endswith("greedily in 25 %, and Level 1 is ahead of that).")
    told = "**There Level 2 gains by gold**, and does what was asked in 50 % (`by_mean`, behind)."
    assert found["verdict_instructed_level2"] == told
    other = texts(state_instructed(change(make(), "by_mean", "first", "gold", verdict="fell")))
    assert other["verdict_instructed_level2"].startswith("**There Level 2 is behind by gold**")
    alike = texts(state_instructed(change(make(), "by_mean", "first", "gold", verdict="equivalent")))
    assert alike["verdict_instructed_level2"].startswith("**There Level 2 shows no gain by gold**")
    assert "verdict_instructed_level2" not in texts(state_instructed(make(level2=(), signals=(), without=("by_mean",))))


def test_in_this_world_form_and_content_have_other_names_and_limits_are_its_own():
    rows = [
        {"arm": "first", "against": "sft", "part": part, "decoding": how, "against_decoding": how}
        | {"estimate": 0.2, "p_exact": 0.01}
        for how in ("sampled", "greedy")
        for part in ("form", "content")
    ]
    told = texts(level1.state_form_and_content(make_summary(pocket=False) | {"rubric": rows}))
    assert "responses wording got better and topic and constraint got better**" in told["verdict_change"]
    parts = "Wording is coherence, complexity and verbosity; topic and constraint is helpfulness and correctness."
    assert told["form_and_content"].startswith(parts)
    found = texts(limits.state_limits(make_summary(pocket=False)))
    assert "limit_instructions" in found and "makes sense" in found["limit_simulated"]
    assert "limit_instructions" not in texts(limits.state_limits(make_summary()))


def test_a_placebo_of_two_replicates_shows_nothing():
    few = change(make_summary(), "noise", "sft", "judges", seeds=2, estimate=1.5)
    text = texts(controls.state_placebo(few))["placebo"]
    assert text.startswith("**Placebo: in 2 replicates no test can show what a meaningless reward does.** The policy")
    assert "not shown to raise" in texts(controls.state_placebo(make_summary()))["placebo"]
