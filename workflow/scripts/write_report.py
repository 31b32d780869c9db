"""Fill the report's template from summary.json, and put the verdict into a few lines."""

import argparse
import functools
import os
from pathlib import Path

import jinja2
import pandas as pd

from align.errors import run
from align.files import read_json, write_text

METRIC_NAMES = {"judges": "the judges", "own": "the reward model it was trained on", "gold": "the gold rating"}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--template", required=True)
    parser.add_argument("--summary", required=True, help="summary.json")
    parser.add_argument("--cost", required=True, help="CSV of what each rule cost")
    parser.add_argument("--figures", nargs="+", required=True, help="PNG files")
    parser.add_argument("--report-output", required=True)
    parser.add_argument("--verdict-output", required=True)
    return parser.parse_args(argv)


def format_p(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "< 0.0001"


def state_verdict(row: dict) -> str:
    """One contrast in words that follow from its verdict field."""
    words = {
        "rose": "rose",
        "fell": "fell",
        "inconclusive": "was not shown to change",
    }[row["verdict"]]
    return (
        f"By {METRIC_NAMES[row['metric']]}, the mean reward on held-out prompts {words}: {row['estimate']:+.2f} SFT"
        f" standard deviations (interval {row['ci_low']:+.2f} to {row['ci_high']:+.2f}, {row['seeds']} seeds,"
        f" exact p {format_p(row['p_holm'])})."
    )


def find_contrast(contrasts: list[dict], name: str, decoding: str = "sampled") -> dict[str, dict]:
    """The rows of a contrast by metric; empty if it was not declared."""
    return {row["metric"]: row for row in contrasts if row["name"] == name and row["decoding"] == decoding}


def find_arm(arms: list[dict], arm: str, decoding: str = "sampled") -> dict:
    """An arm's means on held-out prompts; `log_ratio` is its KL to SFT, nats a response."""
    return next(row for row in arms if row["arm"] == arm and row["decoding"] == decoding)


def mean_of(rows: list[dict], column: str) -> float:
    return sum(row[column] for row in rows) / len(rows)


def render(template: str, summary: dict, cost: list[dict], figures: dict[str, str]) -> str:
    """The report as Markdown; `cost` is a row a rule, `figures` are paths by name, relative to the report."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {"p": format_p, "percent": lambda share: f"{100 * share:.0f} %"}
    helpers = {"state": state_verdict, "contrast": find_contrast, "mean_of": mean_of}
    helpers["arm_means"] = functools.partial(find_arm, summary["arms"])
    return environment.from_string(template).render(**summary, **helpers, cost=cost, figures=figures)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    summary = read_json(args.summary)
    template = Path(args.template).read_text(encoding="utf-8")
    cost = pd.read_csv(args.cost).to_dict(orient="records")
    here = Path(args.report_output).parent
    figures = {Path(path).stem: Path(os.path.relpath(path, here)).as_posix() for path in args.figures}
    write_text(args.report_output, render(template, summary, cost, figures))
    lines = [state_verdict(row) for row in find_contrast(summary["contrasts"], "level1").values()]
    verdict = "\n".join(["Level 1, REINFORCE with b_MA against SFT:", *lines, f"Report: {args.report_output}"])
    write_text(args.verdict_output, verdict + "\n")


if __name__ == "__main__":
    run(main)
