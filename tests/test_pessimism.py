from handmade import change, contrast, make_summary

from findings.pessimism import arms_by_role, state_pessimism


def make_pessimism(averaging="inconclusive", doubt="inconclusive", collapsed=6):
    """One model, an ensemble's mean, and that less its doubt, of both heads, without a penalty; and one with it."""
    summary = make_summary(level1="held", level2=(), controls=False)
    arms = {"held": {"reward_model": "one_scalar", "signal": "reward"}}
    for signal, kind in (("reward", "scalar"), ("win", "ratings")):
        free = {"signal": signal, "kl_coef": 0.0}
        arms |= {f"one_{signal}": free | {"reward_model": f"one_{kind}"}}
        arms |= {f"mean_{signal}": free | {"reward_model": f"many_{kind}"}}
        arms |= {f"less_{signal}": free | {"reward_model": f"many_{kind}", "doubt_aversion": 1.0}}
        summary["contrasts"] += [
            contrast("averaging", f"mean_{signal}", f"one_{signal}", "gold", verdict=averaging, estimate=0.25),
            contrast("doubt", f"less_{signal}", f"mean_{signal}", "gold", verdict=doubt, estimate=-0.125),
        ]
        summary["arms"].append({"arm": f"less_{signal}", "decoding": "sampled", "gold": -0.75})
    arms["bounded"] = {"reward_model": "one_scalar", "signal": "bounded", "kl_coef": 0.0}
    summary["contrasts"].append(contrast("bounded", "less_reward", "bounded", "gold", verdict="fell", estimate=-0.5))
    measured = {"peak_gold": 0.75, "peak_kl": 4.0, "end_gold": -1.0, "end_kl": 90.0, "seeds": 8}
    summary["overoptimisation"] = [
        measured | {"arm": arm, "collapsed": collapsed if arm.startswith("one") else 1} for arm in arms
    ]
    summary["settings"]["arms"] = arms
    summary["settings"]["reward_models"] = {"one_scalar": {}, "one_ratings": {}} | {
        f"many_{kind}": {"members": 3} for kind in ("scalar", "ratings")
    }
    return summary


def test_arms_are_known_by_what_they_are():
    assert arms_by_role(make_pessimism(), "win") == {"single": "one_win", "mean": "mean_win", "doubt": "less_win"}


def test_what_is_said_follows_from_both_comparisons():
    def opening(**verdicts):
        return state_pessimism(make_pessimism(**verdicts))[0].text.split("** (")[0]

    assert opening() == "**Neither an ensemble's mean nor its doubt is shown to help against over-optimisation"
    both = "against over-optimisation of the scalar reward and the win probability"
    assert opening(averaging="rose").endswith(f"mean helps {both}, and its doubt is not shown to")
    assert opening(doubt="rose").endswith(f"doubt helps {both}, and its mean alone is not shown to")
    assert opening(averaging="rose", doubt="rose").endswith(
        "its doubt beyond it of the scalar reward and the win probability"
    )
    one = change(make_pessimism(averaging="rose"), "mean_win", "one_win", "gold", verdict="fell")
    said = state_pessimism(one)[0].text
    assert said.startswith(
        "**An ensemble's mean helps against over-optimisation of the scalar reward, and its doubt is"
    )


def test_numbers_are_those_by_gold():
    found, more = state_pessimism(make_pessimism(averaging="rose"))
    assert (
        "** (`made`). Averaging, and doubt beyond it, change gold by +0.25 (ahead) and -0.12 (not told apart) with the"
        in (found.text)
    )
    assert found.text.endswith(
        "with the scalar reward; +0.25 (ahead) and -0.12 (not told apart) with the win probability."
    )
    assert more.text.startswith(
        "3 reward models a replicate, no KL penalty, 80 steps, 8 seeds. With doubt gold ends, from"
    )
    assert "at -0.75 with the scalar reward and -0.75 with the win probability. Of 8 replicates, gold" in more.text
    assert found.strength == "not told apart"
    assert more.text.endswith(
        "Of 8 replicates, gold collapses with the scalar reward 6 by one model, 1 by the ensemble's mean and 1 by its"
        " doubt (highest gold on the way +0.75, +0.75 and +0.75); with the win probability 6 by one model, 1 by the"
        " ensemble's mean and 1 by its doubt (highest gold on the way +0.75, +0.75 and +0.75). Beside one scalar reward"
        " that is bounded (`bounded`) doubt stands at -0.50 by gold (behind)."
    )


def test_where_nothing_collapses_there_is_no_cure():
    said = state_pessimism(make_pessimism(averaging="rose", collapsed=0))[0].text
    assert said.startswith("**An ensemble's mean raises gold at the end of the scalar reward and the win")
    assert "over-optimisation" not in state_pessimism(make_pessimism(collapsed=0))[0].text


def test_without_ensembles_nothing_is_said():
    assert state_pessimism(make_summary()) == []
