from handmade import RATED, change, contrast, make_summary, oracle_rows, rederive

from findings.divided import state_divided, table_of_divided


def make_divided(spread=0.43, rejected=False, learned=0.5):
    """Two readings of one distribution beside Level 1, in a world whose truth the spread helps to know."""
    summary = make_summary(level1="plain", level2=("average", "share"), signals=("mean", "content"), controls=False)
    oracle = oracle_rows(["plain", "average", "share"], spread, rejected)
    oracle = [row | {"gain": learned} if row["chooser"] in ("average", "share") else row for row in oracle]
    measured = {(RATED, "spread_within"): 0.61, (RATED, "spread_beyond_mean"): 0.45, (RATED, "spread"): None}
    measured |= {("plain", "decidable"): 0.93, ("average", "decidable"): 0.89}
    rows = [{"name": name, "measure": measure, "value": value} for (name, measure), value in measured.items()]
    reading = contrast("share_against_mean", "share", "average", "gold", estimate=0.25)
    contrasts = [*summary["contrasts"], reading | {"role": "control"}]
    made = rederive(summary | {"oracle": oracle, "learned": rows, "contrasts": contrasts})
    for arm in ("average", "share"):
        made = change(made, arm, "plain", "gold", verdict="inconclusive")
    return made


def say(summary):
    return {one.name: one.text for one in state_divided(summary)}


def test_no_gain_is_a_null_only_where_the_oracle_gains():
    said = say(make_divided())["verdict_divided"]
    assert said.startswith("**Where a distribution could help, does it? No gain is shown there either.**")
    assert "Knowing the true spread pays: +0.43 SFT standard deviations beyond the true mean" in said
    assert "does not pay, so that nothing follows: +0.01 SFT" in say(make_divided(0.01, True))["verdict_divided"]


def test_a_gain_is_said_of_all_arms_or_of_some():
    one = change(make_divided(), "share", "plain", "gold", verdict="rose")
    assert "does it? In part.**" in say(one)["verdict_divided"]
    both = change(one, "average", "plain", "gold", verdict="rose")
    assert "does it? Yes.**" in say(both)["verdict_divided"]


def test_what_was_learned_is_held_to_the_scalar_reward():
    said = say(make_divided())["divided_learned"]
    assert "and is no match for a better mean.**" in said
    assert "correlate 0.61, among responses of one mean 0.45" in said
    assert "the mean rating orders 89 % as they do, the scalar reward 93 %" in said
    assert "no match" not in say(make_divided(learned=0.75))["divided_learned"]


def test_a_reading_is_held_to_the_mean_of_the_same_model():
    assert "by gold: `share` +0.25 (p " in say(make_divided())["divided_reading"]


def test_the_table_has_a_row_an_arm_and_metric():
    lines = table_of_divided(make_divided()).splitlines()
    assert len(lines) == 2 + 4 and lines[2].startswith("| average | ")
