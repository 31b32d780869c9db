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


GAINS = {("rloo", 0.0, 0.1): 0.75, ("rloo", 0.3, 0.1): 0.5, ("rloo", 0.0, 0.3): 0.5, ("rloo", 0.3, 0.3): 0.25}
GAINS |= {("raft", 0.0, 0.1): 0.25, ("raft", 0.3, 0.1): -0.25, ("raft", 0.0, 0.3): 0.5, ("raft", 0.3, 0.3): 0.5}
GAINS |= {("reinforce", 0.0, 0.1): 0.5, ("reinforce", 0.3, 0.1): 0.375}


def test_in_how_many_cells_the_papers_claim_holds():
    (said,) = state_robustness(make_summary(), PAPER, make_robustness(GAINS))
    # RLOO less RAFT: +.5 and 0 on labels as they are, +.75 and -.25 on noisy ones.
    assert said.text.startswith(
        "**That RLOO (k = 4) bears noise and other KL penalties better than RAFT (k = 4) is not found again.** In 2 of"
        " 4 cells it is ahead by more than the margin, in 1 behind (-0.25 to +0.75; 3 seeds: shown, not tested)."
    )
    # RLOO loses .25 twice; RAFT .5 and nothing; REINFORCE was tried at one beta.
    assert "With 30 % of the labels turned round" in said.text
    assert said.text.endswith("RLOO (k = 4) -0.25; RAFT (k = 4) -0.25; REINFORCE with b_MA -0.12.")
    better = make_robustness(GAINS | {("rloo", 0.3, 0.3): 1.0})
    assert "RAFT (k = 4) is found again.** In 3 of 4" in state_robustness(make_summary(), PAPER, better)[0].text


def test_a_row_a_cell_with_every_method():
    lines = table_of_robustness(PAPER, make_robustness(GAINS)).splitlines()
    assert lines[0] == "| labels turned | β | RLOO (k = 4) | RAFT (k = 4) | REINFORCE with b_MA |"
    assert lines[2] == "| 0 % | 0.1 | +0.75 (1.0) | +0.25 (1.0) | +0.50 (1.0) |"
    assert lines[5] == "| 30 % | 0.3 | +0.25 (3.0) | +0.50 (3.0) | - |" and len(lines) == 6
