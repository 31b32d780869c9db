from handmade import make_summary
from pages import PAPER

from findings.robustness import state_robustness, table_of_robustness


def make_robustness(gains):
    """Methods at two betas, on labels as they are and on some turned round: gold and KL by (method, noise, beta)."""
    methods = {"reinforce": 1, "rloo": 4, "raft": 4}
    made = make_summary(controls=False)
    made["settings"]["reward_models"] = {"clean": {}, "noisy": {"label_noise": 0.3}}
    kinds = {0.0: "clean", 0.3: "noisy"}
    made["settings"]["arms"] = {
        f"{method}_{noise}_{beta}": {
            "reward_model": kinds[noise],
            "signal": "reward",
            "method": method,
            "samples_per_prompt": methods[method],
            "kl_coef": beta,
        }
        for method, noise, beta in gains
    }
    made["arms"] = [{"arm": "sft", "decoding": "sampled", "gold": 0.0, "judges": 0.0, "log_ratio": 0.0}]
    made["arms"] += [
        {"arm": f"{method}_{noise}_{beta}", "decoding": "sampled", "gold": gain, "judges": 9.0, "log_ratio": 10 * beta}
        for (method, noise, beta), gain in gains.items()
    ]
    return made | {"seeds": [1, 2, 3]}


# Beside 0.1 and labels as they are RLOO loses .25 by noise and .25 by β; RAFT .5 by noise, and gains .25 by β.
GAINS = {("rloo", 0.0, 0.1): 0.75, ("rloo", 0.3, 0.1): 0.5, ("rloo", 0.0, 0.3): 0.5, ("rloo", 0.3, 0.3): 0.25}
GAINS |= {("raft", 0.0, 0.1): 0.25, ("raft", 0.3, 0.1): -0.25, ("raft", 0.0, 0.3): 0.5, ("raft", 0.3, 0.3): 0.5}
GAINS |= {("reinforce", 0.0, 0.1): 0.5, ("reinforce", 0.3, 0.1): 0.375}


def test_each_method_is_held_against_its_own_gain():
    (said,) = state_robustness(make_summary(), PAPER, make_robustness(GAINS))
    assert said.text.startswith(
        "**That RLOO (k = 4) bears noise and other KL penalties better than RAFT (k = 4) is not found again.** Beside"
    )
    # By noise -.25 and -.25 beside -.5 and 0; by β -.25 beside +.25.
    assert "margin, in 1 of 2 cells with turned labels (in 1 it loses more) and in 0 of 1 cells with another β" in (
        said.text
    )
    assert "By turned labels a method's gain changes, on average over cells, by: RLOO (k = 4) -0.25; RAFT (k = 4)" in (
        said.text
    )
    assert "-0.25; REINFORCE with b_MA -0.12. By another β" in said.text
    # A method that is ahead everywhere by as much bears nothing better.
    ahead = GAINS | {
        ("rloo", noise, beta): gain + 1.0 for (method, noise, beta), gain in GAINS.items() if method == "raft"
    }
    told = state_robustness(make_summary(), PAPER, make_robustness(ahead))[0].text
    assert "is not found again" in told and "in 0 of 2 cells with turned labels (in 0 it" in told
    better = GAINS | {("rloo", 0.3, 0.3): 1.0}
    assert "is found again in part.**" in state_robustness(make_summary(), PAPER, make_robustness(better))[0].text
    best = better | {("rloo", 0.0, 0.3): 1.5, ("rloo", 0.3, 0.3): 2.0}
    assert "is found again.**" in state_robustness(make_summary(), PAPER, make_robustness(best))[0].text


def test_a_row_a_cell_with_every_method():
    lines = table_of_robustness(PAPER, make_robustness(GAINS)).splitlines()
    assert lines[0] == "| labels turned | β | RLOO (k = 4) | RAFT (k = 4) | REINFORCE with b_MA |"
    assert lines[2] == "| 0 % | 0.1 | +0.75 (1.0) | +0.25 (1.0) | +0.50 (1.0) |"
    assert lines[5] == "| 30 % | 0.3 | +0.25 (3.0) | +0.50 (3.0) | - |" and len(lines) == 6
