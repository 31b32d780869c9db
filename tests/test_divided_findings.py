from handmade import RATED, change, contrast, make_summary, oracle_rows, rederive

from findings.divided import state_divided, table_of_divided


def make_divided(spread=0.43, rejected=False, learned=0.5, least=2.38):
    """Two readings of one distribution beside Level 1, in a world whose truth the spread helps to know."""
    arms = {"average": "mean", "share": "content", "least": "cvar"}
    summary = make_summary(level1="plain", level2=tuple(arms), signals=tuple(arms.values()), controls=False)
    oracle = oracle_rows(["plain", *arms], spread, rejected)
    oracle += [row | {"utility": "worst_tenth", "truth": False} for row in oracle if row["truth"]]
    oracle = [row | {"gain": learned} if row["chooser"] in arms else row for row in oracle]
    measured = {(RATED, "spread_within"): 0.61, (RATED, "spread_beyond_mean"): 0.45, (RATED, "spread"): None}
    measured |= {("plain", "decidable"): 0.93, ("average", "decidable"): 0.89}
    rows = [{"name": name, "measure": measure, "value": value} for (name, measure), value in measured.items()]
    reading = contrast("share_against_mean", "share", "average", "gold", estimate=0.25)
    contrasts = [*summary["contrasts"], reading | {"role": "control"}]
    means = {"sft": 1.4, "sft_0.2": 2.03, "plain": 0.76, "average": 0.7, "share": 1.46, "least": least}
    worst = [
        {"arm": arm, "mean": mean, "less_sft": mean - 1.4, "less_level1": mean - 0.76}
        | {"p_sft": 0.01, "p_level1": 0.01}
        for arm, mean in means.items()
    ]
    made = rederive(summary | {"oracle": oracle, "learned": rows, "contrasts": contrasts, "worst_tenth": worst})
    for arm in arms:
        made = change(made, arm, "plain", "gold", verdict="inconclusive")
    return made


def say(summary):
    return {one.name: one.text for one in state_divided(summary)}


def test_no_gain_is_a_null_only_where_the_oracle_gains():
    said = say(make_divided())["verdict_divided"]
    assert "does it? By the share of satisfied raters no gain is shown; the worst" in said
    assert "raters disagree about responses, and knowing the true spread pays. Level 2" in said
    rejected = say(make_divided(0.01, True))
    assert "does not pay, so that nothing follows. Level 2" in rejected["verdict_divided"]
    assert "by the true mean, +0.01 more by the true spread;" in rejected["divided_learned"]


def test_a_gain_is_said_of_all_arms_or_of_some():
    one = change(make_divided(), "share", "plain", "gold", verdict="rose")
    assert "By the share of satisfied raters in part;" in say(one)["verdict_divided"]
    behind = change(make_divided(), "share", "plain", "gold", verdict="fell")
    assert " (`share` behind, +0.50)." in say(behind)["verdict_divided"]
    both = change(change(one, "average", "plain", "gold", verdict="rose"), "least", "plain", "gold", verdict="rose")
    assert "By the share of satisfied raters yes;" in say(both)["verdict_divided"]


def test_the_worst_tenth_is_helped_only_above_sft_and_level_1():
    said = say(make_divided())
    assert "the worst tenth of raters may gain by `least`.**" in said["verdict_divided"]
    assert (
        "give SFT 1.40 rating points (at its best temperature 2.03), Level 1 0.76, and `least`,"
        in said["divided_tenth"]
    )
    assert "against Level 1 0.0100, against that temperature not tested; uncorrected)." in said["divided_tenth"]
    told = "Beside Level 1 it stands at +0.50 by that share (not told apart) and +0.50 by the judges (ahead)."
    assert said["divided_tenth"].endswith(told)
    assert "`least` +1.62 (p 0.0100)" in said["divided_worst"] and "`average` -0.06" in said["divided_worst"]
    # Held to the sharper SFT as well, where that was done.
    tested = make_divided()
    for row in tested["worst_tenth"]:
        row |= {"less_sharper": row["mean"] - 2.03, "p_sharper": 0.25}
    assert "against that temperature 0.2500; uncorrected)." in say(tested)["divided_tenth"]
    assert "the worst tenth of raters are not shown to gain.**" in say(tested)["verdict_divided"]
    for least in (1.3, 2.0):  # below SFT, below a sharper SFT
        assert "the worst tenth of raters are not shown to gain.**" in say(make_divided(least=least))["verdict_divided"]


def test_what_was_learned_is_held_to_the_scalar_reward():
    said = say(make_divided())["divided_learned"]
    assert "and is no match for a better mean.**" in said
    assert "correlate 0.61, with the mean held fixed 0.45" in said
    assert "the mean rating orders 89 % as they do, the scalar reward 93 %" in say(make_divided())["divided_decidable"]
    assert "no match" not in say(make_divided(learned=0.75))["divided_learned"]


def test_a_reading_is_held_to_the_mean_of_the_same_model():
    assert "by gold: `share` +0.25 (p " in say(make_divided())["divided_reading"]


def test_the_table_has_a_row_an_arm_and_metric():
    lines = table_of_divided(make_divided()).splitlines()
    assert len(lines) == 2 + 6 and lines[2].startswith("| average | ")
