from handmade import change, make_summary

from findings.other_sft import state_other_sft


def test_ranges_over_other_sft_models_and_whether_verdicts_hold():
    one = change(make_summary(), "first", "sft", "gold", estimate=0.25)
    found, _ = state_other_sft(make_summary(), [one, make_summary()])
    assert found.text == (
        "**From 2 other SFT models: verdicts by gold are the same.** Level 1 differs from SFT by +0.25 to +0.50 by gold"
        " and +0.50 by the judges, Level 2 from Level 1 by +0.50 by gold."
    )
    assert found.strength == "shown"


def test_of_three_sft_models_or_more_each_is_a_unit():
    models = [change(make_summary(), "by_mean", "first", "gold", estimate=size) for size in (-0.1, 0.1, 0.3)]
    _, unit = state_other_sft(models[0], models[1:])
    # Mean 0.1, standard error 0.2 / sqrt(3), t of 2 degrees of freedom 4.303.
    told = "Over these 3 SFT models, each counted once, it differs by +0.10 by gold"
    assert unit.text == f"{told} (intervals within -0.40 to +0.60)."
    assert len(state_other_sft(models[0], models[1:2])) == 1


def test_a_verdict_that_changes_is_told():
    other = change(make_summary(), "by_mean", "first", "gold", verdict="inconclusive")
    (found,) = state_other_sft(make_summary(), [other])
    assert found.text.startswith("**From another SFT model: Level 2 is not told apart by gold.**")
    other = change(other, "first", "sft", "gold", verdict="fell")
    told = "Level 1's rise by gold is no longer shown and Level 2 is not told apart by gold.**"
    assert told in state_other_sft(make_summary(), [other])[0].text
    # One of two has a rise all the same.
    told = "Level 1's rise by gold is shown from 1 of 2 and Level 2 is not told apart or ahead by gold.**"
    assert told in state_other_sft(make_summary(), [other, make_summary()])[0].text


def test_without_others_nothing_is_said():
    assert state_other_sft(make_summary(), []) == []
