"""Reward models with the raters' own ratings in their loss, beside those of pairs alone."""

from handmade import RATED, SCALAR, contrast, make_summary

from findings.anchored import state_anchored


def make_anchored(accuracy=0.7):
    """A summary with both kinds, whose model over ratings agrees with raters in `accuracy` of the pairs."""
    summary = make_summary()
    models, arms = summary["settings"]["reward_models"], summary["settings"]["arms"]
    models |= {SCALAR: {"head": "scalar"}, RATED: {"head": "ratings"}}
    models |= {f"told_{head}": {"head": head, "rating_weight": 0.3} for head in ("scalar", "ratings")}
    arms |= {head: {"reward_model": f"told_{head}", "signal": "x"} for head in ("scalar", "ratings")}
    summary["contrasts"] += [contrast("x", "ratings", "scalar", metric, estimate=0.25) for metric in ("judges", "gold")]
    plain = {row["kind"]: row for row in summary["reward_models"]}
    for kind, value in (("told_scalar", 0.6), ("told_ratings", accuracy), (SCALAR, 0.6), (RATED, 0.65)):
        rows = [plain[RATED] | {"kind": kind, "seed": seed, "accuracy": value} for seed in summary["seeds"]]
        summary["reward_models"] = [row for row in summary["reward_models"] if row["kind"] != kind] + rows
    return summary


def test_a_term_for_ratings_helps_where_accuracy_rises():
    (found,) = state_anchored(make_anchored())
    assert "the model over ratings agrees with raters more often** (`made`, 8 seeds)." in found.text
    assert (
        "is 70.0 %, from pairs alone 65.0 % (+5.0 points, p 0.0078); the scalar model's is 60.0 % and 60.0 %"
        in found.text
    )
    assert found.text.endswith("from ratings differ by +0.25 by the judges (ahead) and +0.25 by gold (ahead).")
    assert found.strength == "shown"
    (same,) = state_anchored(make_anchored(0.65))
    assert "is not shown to agree more often**" in same.text and same.strength == "not told apart"
    (worse,) = state_anchored(make_anchored(0.6))
    assert "agrees with raters less often**" in worse.text


def test_nothing_is_said_where_no_model_learned_from_ratings():
    assert state_anchored(make_summary()) == []
    untested = make_anchored()
    untested["contrasts"] = [row for row in untested["contrasts"] if row["name"] != "x"]
    assert state_anchored(untested) == []
