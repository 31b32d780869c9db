from handmade import SEEDS, contrast, make_summary, model
from test_claims import rows
from test_pessimism import make_pessimism

from findings.ties import rows_of_ties, state_divided_ties, state_other_readings, state_ties


def make_ties(with_ties=0.5, verdict="inconclusive", **columns):
    """Reward models that learn from decided pairs alone, and two that learn from ties too, in eight replicates."""
    summary = make_summary(controls=False)
    summary["settings"]["reward_models"] = {
        "plain": {"head": "scalar"},
        "rated": {"head": "ratings"},
        "davidson": {"head": "scalar", "ties": True},
        "tied": {"head": "ratings", "ties": True},
    }
    summary["settings"]["arms"] |= {
        "scalar_tied": {"reward_model": "davidson", "signal": "reward"},
        "mean_tied": {"reward_model": "tied", "signal": "mean"},
        "win_tied": {"reward_model": "tied", "signal": "win"},
        "risk_tied": {"reward_model": "tied", "signal": "risk"},
    }
    summary["contrasts"] += [
        contrast("mean", "mean_tied", "scalar_tied", "gold", verdict="rose", estimate=9.0),
        contrast("tied", "win_tied", "scalar_tied", "gold", verdict=verdict, estimate=0.125),
        contrast("risk", "risk_tied", "mean_tied", "gold", verdict="equivalent", estimate=0.0625),
        contrast("tied", "win_tied", "scalar_tied", "judges", verdict="rose"),
        contrast("gain", "win_tied", "by_mean", "gold", verdict="rose"),
        contrast("twin", "scalar_tied", "first", "gold", verdict="rose", role="control"),
    ]
    summary["reward_models"] = [
        model(kind, seed, spread_noise_correlation=value)
        for kind, value in (("rated", 0.25), ("tied", with_ties))
        for seed in SEEDS
    ]
    told = {"davidson": 0.55, "tied": 0.65}
    return summary | {"experiment": "ties", "ties": [{"kind": kind, "ties_told": at} for kind, at in told.items()]}


def test_a_test_is_of_a_spread_that_ties_taught():
    found = [(row["arm"], row["against"], row["metric"]) for row in rows_of_ties(make_ties())]
    assert found == [("win_tied", "scalar_tied", "gold"), ("risk_tied", "mean_tied", "gold")]


def test_what_is_said_follows_from_what_was_learned_and_what_was_gained():
    def opening(*args):
        return state_ties(make_ties(*args))[0].text.split(".**")[0]

    assert opening() == "**Ties teach the spread, but no policy is shown to gain by it"
    assert opening(0.5, "rose") == "**Ties teach the spread, and a policy gains by it"
    assert opening(0.125) == "**Ties are not shown to teach the spread, and no policy is shown to gain by it"
    assert opening(0.125, "rose") == "**Ties are not shown to teach the spread, but a policy gains by it"


def test_numbers_are_those_of_models_with_and_without_ties():
    lead, more = state_ties(make_ties())
    assert "correlates 0.50 with the raters' true noise, without 0.25 (p 0.0078, 8 seeds)." in lead.text
    assert "in 65 % of the cases, by a scalar model with one parameter for ties in 55 %" in more.text
    assert "`win_tied` +0.12 beside `scalar_tied` (not told apart), `risk_tied` +0.06 beside `mean_tied`" in more.text
    assert lead.strength == more.strength == "not told apart"


def test_where_noise_is_a_responses_every_contrast_of_tied_models_is_told():
    ties = make_ties() | {"experiment": "two"}
    key = {"measure": "spread_within"}
    ties["learned"] = [key | {"name": "rated", "value": 0.5}, key | {"name": "tied", "value": 0.625}]
    (found,) = state_divided_ties(ties)
    assert "about responses, `mean_tied` and `win_tied` gain** (`two`). Within" in found.text
    assert "correlates 0.62 with the true one, without tied pairs 0.50." in found.text
    told = "`win_tied` +0.12 beside `scalar_tied` (not told apart), `risk_tied` +0.06 beside `mean_tied` (equivalent)"
    assert told in found.text and "`scalar_tied` +0.50 beside `first` (ahead)" in found.text
    for row in ties["contrasts"]:
        row["verdict"] = "inconclusive"
    assert "no policy is shown to gain**" in state_divided_ties(ties)[0].text
    assert state_divided_ties(make_summary() | {"learned": []}) == []


def test_without_ties_or_noise_nothing_is_said():
    assert state_ties(make_summary()) == []
    assert state_ties(make_ties(None)) == []


def test_claims_have_a_row_each_for_ties_and_for_doubt():
    told = rows(make_summary(), ties=make_ties(), pessimism=make_pessimism(doubt="rose") | {"experiment": "doubts"})
    could, did = told["A spread that ties taught pays", "by gold"]
    assert could == "yes: differences of 0.15, with a power of 80 %"
    assert did == "not told apart and equivalent: +0.06 to +0.12"
    assert told["Doubt of the model itself keeps gold from falling", "by gold"][1] == "ahead: -0.12"


def test_other_readings_are_held_against_the_mean_of_the_same_reward_model():
    ties = make_ties()
    assert state_other_readings(ties) == []
    own = {"reward_model": "rated"}
    ties["settings"]["arms"] |= {
        "worst": own | {"signal": "cvar", "cvar_share": 0.25},
        "sure": own | {"signal": "mean", "advantage_weight": "confidence"},
        "worst_tied": {"reward_model": "tied", "signal": "cvar", "cvar_share": 0.5},
    }
    ties["contrasts"] += [
        contrast("worst", "worst", "by_mean", "gold", verdict="fell", estimate=-0.125),
        contrast("worst", "worst", "by_mean", "judges", verdict="equivalent", estimate=0.0625),
        contrast("sure", "sure", "by_mean", "gold", verdict="equivalent", estimate=0.0),
        contrast("tied", "worst_tied", "by_mean", "gold", verdict="rose", estimate=9.0),
    ]
    (found,) = state_other_readings(ties)
    assert found.text == (
        "**Of other readings none gains.** Less the mean rating of the same reward models (`ties`, 8 seeds,"
        " uncorrected): the mean of the worst 25 % of the distribution -0.12 by gold (behind) and +0.06 by the judges"
        " (equivalent);"
        " certainty as a weight of the advantage +0.00 by gold (equivalent)."
    )
    ties["contrasts"][-2]["verdict"] = "rose"
    assert state_other_readings(ties)[0].text.startswith("**Of other readings some gain.**")
