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


def state_size(row: dict) -> str:
    """Estimate, interval and p of a contrast."""
    return (
        f"{row['estimate']:+.2f} SFT standard deviations (interval {row['ci_low']:+.2f} to {row['ci_high']:+.2f},"
        f" {row['seeds']} seeds, exact p {format_p(row['p_holm'])})"
    )


def state_verdict(row: dict) -> str:
    """A contrast against SFT in words that follow from its verdict field."""
    words = {
        "rose": "rose",
        "fell": "fell",
        "equivalent": "changed by less than what matters",
        "inconclusive": "was not shown to change",
    }[row["verdict"]]
    return f"By {METRIC_NAMES[row['metric']]}, the mean reward on held-out prompts {words}: {state_size(row)}."


def state_comparison(row: dict, margin: float) -> str:
    """A contrast between two arms in words that follow from its verdict field."""
    words = {
        "rose": f"is ahead of `{row['against']}`",
        "fell": f"is behind `{row['against']}`",
        "equivalent": f"is equivalent to `{row['against']}` (within ±{margin:g}, p {format_p(row['equivalence_p'])})",
        "inconclusive": f"is not shown to differ from `{row['against']}`",
    }[row["verdict"]]
    return f"By {METRIC_NAMES[row['metric']]}, `{row['arm']}` {words}: {state_size(row)}."


def find_contrast(contrasts: list[dict], name: str, decoding: str = "sampled") -> dict[str, dict]:
    """The rows of a contrast by metric; empty if it was not declared."""
    return {row["metric"]: row for row in contrasts if row["name"] == name and row["decoding"] == decoding}


def find_arm(arms: list[dict], arm: str, decoding: str = "sampled") -> dict:
    """An arm's means on held-out prompts; `log_ratio` is its KL to SFT, nats a response."""
    return next(row for row in arms if row["arm"] == arm and row["decoding"] == decoding)


def state_levels(summary: dict) -> list[str]:
    """The answers to both questions, a line a metric."""
    lines = ["Level 1, REINFORCE with b_MA against SFT:"]
    lines += [state_verdict(row) for row in find_contrast(summary["contrasts"], "level1").values()]
    levels = [row for row in summary["contrasts"] if row["against"] == "level1_scalar" and row["role"] == "test"]
    if levels:
        lines.append("Level 2, a reward model over ratings against Level 1:")
        margin = summary["settings"]["equivalence_margin"]
        lines += [state_comparison(row, margin) for row in levels if row["decoding"] == "sampled"]
    return lines


def mean_of(rows: list[dict], column: str) -> float:
    return sum(row[column] for row in rows) / len(rows)


def find_row(rows: list[dict], **values) -> dict:
    """The row in which all columns have these values; empty if there is none."""
    return next((row for row in rows if all(row[name] == value for name, value in values.items())), {})


def render(template: Path, summary: dict, cost: list[dict], figures: dict[str, str]) -> str:
    """The report as Markdown; `cost` is a row a rule, `figures` are paths by name, relative to the report."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"p": format_p, "percent": lambda share: f"{100 * share:.0f} %"}
    environment.filters |= {"signed": lambda number: f"{number:+.2f}", "two": lambda number: f"{number:.2f}"}
    helpers = {"state": state_verdict, "contrast": find_contrast, "mean_of": mean_of, "find": find_row}
    helpers["compare"] = functools.partial(state_comparison, margin=summary["settings"]["equivalence_margin"])
    helpers["arm_means"] = functools.partial(find_arm, summary["arms"])
    return environment.get_template(template.name).render(**summary, **helpers, cost=cost, figures=figures)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    summary = read_json(args.summary)
    cost = pd.read_csv(args.cost).to_dict(orient="records")
    here = Path(args.report_output).parent
    figures = {Path(path).stem: Path(os.path.relpath(path, here)).as_posix() for path in args.figures}
    write_text(args.report_output, render(Path(args.template), summary, cost, figures))
    write_text(args.verdict_output, "\n".join([*state_levels(summary), f"Report: {args.report_output}"]) + "\n")


if __name__ == "__main__":
    run(main)
