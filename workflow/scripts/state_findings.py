"""Turn a summary into findings: claims with their conditions, thresholds, numbers, sentences and strength."""

import argparse

from align.errors import run
from align.files import named_path, read_json, write_json
from findings.anchored import state_anchored
from findings.beside import (
    state_gradients,
    state_trl,
    state_twin,
)
from findings.compliance_words import state_compliance
from findings.contrast_words import state_lines
from findings.controls import state_controls
from findings.counted import state_counted
from findings.derived import compare_training
from findings.divided import state_divided
from findings.finding import Finding
from findings.instructed import state_instructed, state_limit
from findings.level1 import state_level1
from findings.level2 import state_level2
from findings.level2_learned import state_learning_beside
from findings.limits import state_failures, state_limits
from findings.longer import state_longer
from findings.methods import state_methods
from findings.more_arms import state_more_arms
from findings.other_sft import state_other_sft
from findings.pessimism import state_pessimism
from findings.robustness import state_robustness
from findings.setting import state_setting
from findings.sweep import state_sweep
from findings.ties import state_divided_ties, state_other_readings, state_ties
from findings.twice import state_more_epochs

# What is said of another experiment from its summary alone, by its role.
OF_THEIR_OWN = {
    "longer": state_longer,
    "instructed": state_instructed,
    "divided": state_divided,
    "divided_ties": state_divided_ties,
    "ties": state_ties,
    "pessimism": state_pessimism,
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--summary", required=True, help="summary.json")
    parser.add_argument("--paper", required=True, help="JSON of what the paper found")
    parser.add_argument(
        "--beside", nargs="*", type=named_path, default=[], help="role=summary.json: other experiments that were run"
    )
    parser.add_argument("--output", required=True, help="JSON")
    return parser.parse_args(argv)


def state_findings(summary: dict, paper: dict, **beside: dict) -> list[Finding]:
    """All that can be said of an experiment, and of those that stand beside it, each a summary by its role."""
    found = [*state_setting(summary, beside.get("real")), *state_lines(summary), *state_level1(summary)]
    found += [
        *state_level2(summary),
        *state_counted(summary),
        *state_controls(summary),
        *state_gradients(summary),
        *state_trl(summary),
    ]
    others = (state_learning_beside(summary, beside), state_twin(summary), state_more_arms(summary))
    found += [*filter(None, (*others, state_more_epochs(summary)))]
    if {"real", "instructed"} <= {*beside}:
        found.append(state_limit(beside["real"], beside["instructed"]))
    found += [*state_compliance(summary), *state_limits(summary), *state_failures(summary)]
    if "methods" in beside:
        found += state_methods(beside["methods"], paper)
    if "robustness" in beside:
        found += state_robustness(summary, paper, beside["robustness"])
    for role, state in OF_THEIR_OWN.items():
        found += state(beside[role]) if role in beside else []
    found += [*state_other_readings(beside["ties"]), *state_anchored(beside["ties"])] if "ties" in beside else []
    found += state_other_sft(summary, [beside[role] for role in ("another_sft", "third_sft") if role in beside])
    swept = [beside[role] for role in ("sweep", "sweep_other_sft") if role in beside]
    return found + (state_sweep(summary, *swept) if "sweep" in beside else [])


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    beside = {role: read_json(path) for role, path in args.beside}
    summary = read_json(args.summary)
    found = state_findings(summary, read_json(args.paper), **beside)
    told = {"experiment": summary["experiment"], "config_digest": summary["config_digest"]}
    trained_longer = compare_training(beside["longer"]) if "longer" in beside else None
    write_json(args.output, told | {"findings": [one.as_row() for one in found], "trained_longer": trained_longer})


if __name__ == "__main__":
    run(main)
