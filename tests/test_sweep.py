from handmade import contrast, make_summary

from findings.sweep import rows_of_sweep, state_sweep, table_of_sweep


def make_sweep(**estimates):
    """Level 2 beside Level 1 at two settings, and a contrast between settings, which is no such row."""
    sweep = make_summary(level1="slow", level2=("win_slow",), signals=("win",), controls=False)
    arms = {"slow": ("reward", 0.3), "fast": ("reward", 0.1), "win_slow": ("win", 0.3), "win_fast": ("win", 0.1)}
    sweep["settings"]["arms"] = {
        arm: {"reward_model": "any", "signal": signal, "kl_coef": kl_coef} for arm, (signal, kl_coef) in arms.items()
    }
    sweep["settings"]["reinforce"]["learning_rate"] = 0.0005
    sweep["arms"] = [
        {"arm": arm, "decoding": "sampled", "log_ratio": float(n)} for n, arm in enumerate(("sft", *arms), start=1)
    ]
    sweep["contrasts"] = [
        contrast("pair", f"win_{speed}", speed, metric, estimate=estimates.get(f"{speed}_{metric}", 0.125))
        for speed in ("slow", "fast")
        for metric in ("judges", "gold")
    ]
    sweep["contrasts"] += [
        contrast("other", "win_fast", "slow", "gold", estimate=9.0),
        contrast("level1", "slow", "sft", "gold", estimate=9.0),
        contrast("scalars", "fast", "slow", "gold", estimate=9.0),
    ]
    return sweep | {"seeds": [91, 92, 93]}


def test_only_the_same_settings_are_compared():
    rows = rows_of_sweep(make_sweep())
    assert [(row["kl_coef"], row["metric"], row["kl_level1"], row["kl_level2"]) for row in rows] == [
        (0.1, "judges", 3.0, 5.0),
        (0.1, "gold", 3.0, 5.0),
        (0.3, "judges", 2.0, 4.0),
        (0.3, "gold", 2.0, 4.0),
    ]


def test_what_is_said_follows_from_the_margin():
    said, farthest = state_sweep(make_summary(), make_sweep(slow_gold=-0.5))
    assert said.text.startswith(
        "**In this run no shared setting puts Level 2 ahead by more than the margin.** At 2 settings"
    )
    assert "-0.50 to +0.12 by gold and +0.12 by the judges (3 pilot seeds: shown, not tested)." in said.text
    assert farthest.text.endswith("0.0005: by +0.50 to +0.50 in single seeds.")
    assert said.thresholds == {"equivalence_margin": 0.2}
    said = state_sweep(make_summary(), make_sweep(fast_judges=0.25))[0].text
    assert said.startswith("**At some shared settings Level 2 is ahead by more than the margin, by the judges.**")


def test_the_table_has_a_row_a_setting():
    lines = table_of_sweep(make_sweep(slow_gold=-0.5)).splitlines()
    assert lines[0] == "| β | learning rate | gold | judges | KL, Level 1 (nats) | KL, Level 2 (nats) |"
    assert lines[2:] == ["| 0.1 | 0.0005 | +0.12 | +0.12 | 3.0 | 5.0 |", "| 0.3 | 0.0005 | -0.50 | +0.12 | 2.0 | 4.0 |"]


def test_the_scalar_twin_stands_beside_where_the_difference_is_greatest():
    sweep = make_sweep(slow_gold=-0.5)
    sweep["settings"]["arms"]["twin"] = sweep["settings"]["arms"]["slow"] | {"signal": "bounded"}
    sweep["arms"].append({"arm": "twin", "decoding": "sampled", "log_ratio": 1.5})
    sweep["contrasts"] += [
        contrast("twin", "twin", "slow", "gold", estimate=-0.375),
        contrast("beyond", "win_slow", "twin", "gold", estimate=-0.125),
    ]
    assert len(rows_of_sweep(sweep)) == 4 and len(rows_of_sweep(sweep, "win", "bounded")) == 1
    lines = table_of_sweep(sweep).splitlines()
    assert lines[0].startswith("| β | learning rate | gold | judges | twin, gold | less twin, gold |")
    assert lines[3] == "| 0.3 | 0.0005 | -0.50 | +0.12 | -0.38 | -0.12 | 2.0 | 4.0 |"
    assert lines[2] == "| 0.1 | 0.0005 | +0.12 | +0.12 | - | - | 3.0 | 5.0 |"


def test_the_sweep_from_another_sft_model_stands_beside():
    said = state_sweep(make_summary(), make_sweep(), make_sweep(slow_gold=-0.5, fast_gold=0.25))[0].text
    assert said.endswith(" From another SFT model the win probability differs by -0.50 to +0.25 by gold.")
