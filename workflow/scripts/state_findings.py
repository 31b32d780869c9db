"""Turn a summary into findings: claims with their conditions, thresholds, numbers, sentences and strength."""

import argparse

from align.errors import run
from align.files import read_json, write_json
from findings.beside import (
    state_compliance,
    state_gradients,
    state_longer,
    state_methods,
    state_trl,
    state_twin,
)
from findings.contrast_words import state_lines
from findings.controls import state_controls
from findings.derived import compare_training
from findings.divided import state_divided
from findings.finding import Finding
from findings.level1 import state_level1
from findings.level2 import state_level2
from findings.limits import state_failures, state_limits
from findings.other_sft import state_other_sft
from findings.pessimism import state_pessimism
from findings.robustness import state_robustness
from findings.setting import state_setting
from findings.sweep import state_sweep


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--summary", required=True, help="summary.json")
    parser.add_argument("--paper", required=True, help="JSON of what the paper found")
    parser.add_argument("--methods", help="summary.json of the methods' comparison, where it was run")
    parser.add_argument("--longer", help="summary.json of reward models trained for longer, where it was run")
    parser.add_argument("--sweep", help="summary.json of two signals at several settings, where it was run")
    parser.add_argument("--robustness", help="summary.json of methods under noise and other betas, where it was run")
    parser.add_argument(
        "--divided", help="summary.json of the world in which knowing the spread pays, where it was run"
    )
    parser.add_argument("--pessimism", help="summary.json of ensembles that are optimised for long, where it was run")
    parser.add_argument("--another-sft", help="summary.json of the same tests from another SFT model, where it was run")
    parser.add_argument("--third-sft", help="and from a third")
    parser.add_argument("--real", help="summary.json of the real model, where it was run")
    parser.add_argument("--output", required=True, help="JSON")
    return parser.parse_args(argv)


def state_findings(
    summary: dict,
    paper: dict,
    methods: dict | None = None,
    longer: dict | None = None,
    sweep: dict | None = None,
    robustness: dict | None = None,
    divided: dict | None = None,
    pessimism: dict | None = None,
    another_sft: dict | None = None,
    third_sft: dict | None = None,
    real: dict | None = None,
) -> list[Finding]:
    """All that can be said of an experiment, and of those that stand beside it."""
    found = [*state_setting(summary, real), *state_lines(summary), *state_level1(summary), *state_level2(summary)]
    found += [*state_controls(summary), *state_gradients(summary), *state_trl(summary), *state_compliance(summary)]
    twin = state_twin(summary)
    found += [*([twin] if twin else []), *state_limits(summary), *state_failures(summary)]
    found += state_methods(methods, paper) if methods else []
    found += state_robustness(summary, paper, robustness) if robustness else []
    found += state_longer(summary, longer) if longer else []
    found += state_divided(divided) if divided else []
    found += state_pessimism(pessimism) if pessimism else []
    found += state_other_sft(summary, [one for one in (another_sft, third_sft) if one])
    return found + ([state_sweep(summary, sweep)] if sweep else [])


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    names = ("methods", "longer", "sweep", "robustness", "divided", "pessimism", "another_sft", "third_sft", "real")
    others = {name: read_json(path) for name in names if (path := getattr(args, name))}
    summary = read_json(args.summary)
    found = state_findings(summary, read_json(args.paper), **others)
    told = {"experiment": summary["experiment"], "config_digest": summary["config_digest"]}
    trained_longer = compare_training(summary, others["longer"]) if args.longer else None
    write_json(args.output, told | {"findings": [one.as_row() for one in found], "trained_longer": trained_longer})


if __name__ == "__main__":
    run(main)
