from handmade import change, make_summary

from findings.other_sft import state_other_sft


def test_ranges_over_other_sft_models_and_whether_verdicts_hold():
    one = change(make_summary(), "first", "sft", "gold", estimate=0.25)
    found, level2 = state_other_sft(make_summary(), [one, make_summary()])
    assert found.text == (
        "**From 2 other SFT models: verdicts by gold are the same.** Level 1 differs from SFT by +0.25"
        " (ahead) and +0.50 (ahead) by gold, +0.50 (ahead) and +0.50 (ahead) by the judges."
    )
    told = (
        "From 2 other SFT models Level 2 differs from Level 1 by +0.50 by gold (ahead) and +0.50 by the judges (ahead)."
    )
    assert level2.text == told
    assert found.strength == "shown"


def test_a_verdict_that_changes_is_told():
    other = change(make_summary(), "by_mean", "first", "gold", verdict="inconclusive")
    found, _ = state_other_sft(make_summary(), [other])
    assert found.text.startswith("**From another SFT model: Level 2 is not told apart by gold.**")
    other = change(other, "first", "sft", "gold", verdict="fell")
    told = "Level 1's rise by gold is no longer shown and Level 2 is not told apart by gold.**"
    assert told in state_other_sft(make_summary(), [other])[0].text
    # One of two has a rise all the same.
    told = "Level 1's rise by gold is shown from 1 of 2 and Level 2 is not told apart or ahead by gold.**"
    assert told in state_other_sft(make_summary(), [other, make_summary()])[0].text


def test_without_others_nothing_is_said():
    assert state_other_sft(make_summary(), []) == []
