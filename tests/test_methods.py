"""The paper's methods beside REINFORCE, on a summary made by hand."""

import pytest
from handmade import contrast, make_summary, texts

from findings.methods import state_methods, table_of_costs, table_of_methods

NAMES = {"RLOO": ("rloo", 4, 77.9), "RAFT": ("raft", 4, 73.2), "b_MA": ("reinforce", 1, 70.7), "PPO": ("ppo", 1, 67.6)}
PAPER = {
    "methods": [
        {"name": name, "method": method, "samples_per_prompt": k, "win_rates": [rate, 40.0]}
        for name, (method, k, rate) in NAMES.items()
    ]
}
ARMS = {"x": ("rloo", 4), "y": ("raft", 4), "z": ("reinforce", 1), "p": ("ppo", 1), "p_compute": ("ppo", 1)}


def make(without=(), **verdicts):
    """REINFORCE, `z`, beside other methods, whose verdicts by gold are given; by the judges all are equivalent."""
    given = make_summary(level1="z", level2=())
    given["settings"]["arms"] = {
        arm: {"signal": "reward", "method": method, "samples_per_prompt": k}
        for arm, (method, k) in ARMS.items()
        if arm not in without
    }
    if "p_compute" not in without:
        given["settings"]["arms"]["p_compute"]["steps"] = 17
    given["arms"] += [row | {"arm": arm} for arm in ARMS for row in given["arms"] if row["arm"] == "sft"]
    estimates = {"rose": 0.25, "fell": -0.25, "equivalent": 0.0, "inconclusive": -0.125}
    given["contrasts"] = []
    for arm in (arm for arm in given["settings"]["arms"] if arm != "z"):
        verdict = verdicts.get(arm, "equivalent")
        given["contrasts"] += [
            contrast(arm, arm, "z", "gold", verdict=verdict, estimate=estimates[verdict]),
            contrast(arm, arm, "z", "judges", verdict="equivalent", estimate=0.0625),
        ]
    return given


@pytest.mark.parametrize(
    ("verdicts", "opening"),
    [
        ({}, "Of the methods run that the paper ranks none is shown to differ from REINFORCE by gold"),
        ({"x": "rose", "p": "fell"}, "What is shown of the paper's methods goes the paper's way"),
        ({"x": "fell", "p": "rose"}, "What is shown of the paper's methods goes against the paper"),
        ({"x": "rose", "y": "fell"}, "Of 2 methods that are shown to differ from REINFORCE 1 differ the paper's way"),
        # What cost as much as REINFORCE in fewer steps is no part of it.
        ({"p_compute": "fell"}, "Of the methods run that the paper ranks none"),
    ],
)
def test_what_is_shown_is_held_against_the_paper(verdicts, opening):
    assert texts(state_methods(make(**verdicts), PAPER))["methods"].startswith(f"**{opening}")


def test_gold_decides_and_judges_stand_beside():
    found = texts(state_methods(make(x="rose", p="fell"), PAPER))
    assert (
        "On TL;DR the paper puts RLOO and RAFT ahead of REINFORCE and PPO behind it. By gold RLOO is ahead,"
        in (found["methods"])
    )
    assert found["methods"].endswith("RLOO is ahead, PPO is behind and RAFT is equivalent (-0.25 to +0.25).")
    assert found["methods_judges"] == (
        "By the judges all are equivalent (+0.06). With a power of 80 %, differences of 0.15 by gold could have been"
        " found."
    )
    assert "PPO after 17 steps +0.00 from `z` (equivalent)." in found["methods_compute"]
    worse = make()
    for row in worse["contrasts"]:
        if (row["arm"], row["metric"]) == ("y", "judges"):
            row["verdict"] = "fell"
    assert texts(state_methods(worse, PAPER))["methods"].endswith("(+0.00). The judges put RAFT behind.")
    few = texts(state_methods(make(without=("p", "p_compute")), PAPER))
    assert "ahead of REINFORCE. PPO was not run. By gold all are equivalent" in few["methods"]
    assert "methods_compute" not in few


def test_tables_have_each_methods_settings_and_costs():
    given = make(x="rose")
    given["settings"]["arms"]["x"]["learning_rate"] = 0.00015
    given["equal_kl"] = [contrast("x", "x", "z", "gold", estimate=0.375)]
    lines = table_of_methods(given, PAPER).splitlines()
    assert lines[2].startswith(
        "| RLOO | 0.00015 | 0.1 | +0.40 | +1.20 | +0.25 | +0.40 to +0.60 | 0.0469 | +0.38 | ahead"
    )
    assert lines[2].endswith("| 77.9, 40.0 |") and len(lines) == 6
    cost = {"arm": "x", "method": "rloo", "lines": 60, "settings": 5, "models": 3, "passes_a_token": 6}
    cost |= {"seconds_a_step": 0.079, "max_rss_mb": 812.4, "million_token_passes": 3.25}
    assert table_of_costs({"methods": [cost]}).splitlines()[2] == "| `x` | 60 | 5 | 3 | 6 | 0.08 | 812 | 3.2 |"
    assert table_of_costs({}) == ""
