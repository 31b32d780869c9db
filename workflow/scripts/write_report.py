"""Fill the report's template from summary.json, and put the verdict into a few lines."""

import argparse
import functools
import os
from dataclasses import dataclass, fields
from pathlib import Path

import jinja2

from align.errors import run
from align.files import read_json, write_text
from findings.predictions import judged_predictions, state_predictions
from findings.qualifications import (
    state_change_with_training,
    state_equal_entropy,
    state_form_and_content,
    state_interaction,
    state_overlap,
    state_placebo,
    state_reach,
    state_rival,
    state_scale,
)
from findings.sources import state_weights
from findings.summary import family_size, find_arm, find_contrast, find_row, level2_rows, mean_of, paired_by_seed
from findings.verdicts import (
    answer_level1,
    answer_level2,
    format_p,
    list_reasons,
    longer_where_gold_fell,
    order_methods,
    qualify_level1,
    state_comparison,
    state_levels,
    state_longer,
    state_verdict,
)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--template", required=True)
    parser.add_argument("--summary", required=True, help="summary.json")
    parser.add_argument("--figures", nargs="+", required=True, help="PNG files")
    parser.add_argument("--examples", required=True, help="JSON of responses to show")
    parser.add_argument("--samples-page", required=True, help="HTML, to be linked")
    parser.add_argument("--paper", required=True, help="JSON of what the paper found")
    parser.add_argument("--methods", help="summary.json of the methods' comparison, where it was run")
    parser.add_argument("--longer", help="summary.json of reward models trained for longer, where it was run")
    parser.add_argument("--report-output", required=True)
    parser.add_argument("--verdict-output", required=True)
    return parser.parse_args(argv)


@dataclass(frozen=True)
class Beside:
    """What the report shows beside its own summary."""

    figures: dict[str, str]  # paths by name, relative to the report
    examples: list[dict]  # prompts, with every arm's responses
    samples_page: str  # relative to the report
    paper: dict  # what the paper found
    methods: dict | None = None  # the summary of the methods' comparison, where it was run
    longer: dict | None = None  # the summary of reward models trained for longer, where it was run


def table_cell(text: str) -> str:
    """Text that stays within its cell of a Markdown table, as it was written."""
    for mark in "\\`*_|<":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split()) or "(empty)"


def pick_examples(summary: dict) -> list[str]:
    """The arms whose responses stand beside SFT's in the report."""
    return [arm for arm in ("level1_scalar", "level2_win", "placebo") if arm in summary["settings"]["arms"]]


def render(template: Path, summary: dict, beside: Beside) -> str:
    """The report as Markdown."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"p": format_p, "percent": lambda share: f"{100 * share:.0f} %", "cell": table_cell}
    environment.filters |= {"signed": lambda number: f"{number:+.2f}", "two": lambda number: f"{number:.2f}"}
    environment.filters["count"] = lambda number, what: f"{number} {what}{'s' if number != 1 else ''}"
    environment.filters |= {"three": lambda number: f"{number:.3f}", "change": lambda share: f"{100 * share:+.0f} %"}
    helpers = {
        "state": state_verdict,
        "contrast": find_contrast,
        "mean_of": mean_of,
        "find": find_row,
        "paired": paired_by_seed,
        "state_interaction": state_interaction,
    }
    helpers["compare"] = functools.partial(state_comparison, margin=summary["settings"]["equivalence_margin"])
    helpers["arm_means"] = functools.partial(find_arm, summary["arms"])
    helpers["source"] = lambda name: f"`{summary['trl']['lines'][name] or 'not found in this version'}`"
    given = {field.name: getattr(beside, field.name) for field in fields(beside)}
    given |= {"answer_level1": answer_level1(summary), "qualified_level1": qualify_level1(summary)}
    given |= {"reasons": list_reasons(summary), "gold_and_length": longer_where_gold_fell(summary)}
    given |= {"tests": family_size(summary, find_contrast(summary["contrasts"], "level1")[summary["primary_metric"]])}
    given |= {"ladder": level2_rows(summary), "answer_level2": answer_level2(summary)}
    given |= {"example_arms": pick_examples(summary)}
    given |= {"reach": state_reach(summary), "scale": state_scale(summary)}
    given |= {"weights": state_weights(summary["sources"])}
    given |= {"form_and_content": state_form_and_content(summary), "at_equal_entropy": state_equal_entropy(summary)}
    given["overlap"] = state_overlap(summary, given["ladder"])
    given["judged_predictions"] = judged_predictions(summary)
    given["predictions_in_words"] = state_predictions(given["judged_predictions"])
    given["placebo_models"] = summary["placebo"]
    given["placebo_in_words"] = state_placebo(summary) if summary["placebo"] else ""
    given["longer_in_words"] = state_longer(beside.longer) if beside.longer else ""
    given["longer_change"] = state_change_with_training(summary, beside.longer) if beside.longer else ""
    given["methods_order"] = order_methods(beside.methods, beside.paper) if beside.methods else ""
    return environment.get_template(template.name).render(**summary | given, **helpers)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    summary, here = read_json(args.summary), Path(args.report_output).parent

    def relative(path: str) -> str:
        return Path(os.path.relpath(path, here)).as_posix()

    beside = Beside(
        figures={Path(path).stem: relative(path) for path in args.figures},
        examples=read_json(args.examples),
        samples_page=relative(args.samples_page),
        paper=read_json(args.paper),
        methods=read_json(args.methods) if args.methods else None,
        longer=read_json(args.longer) if args.longer else None,
    )
    write_text(args.report_output, render(Path(args.template), summary, beside))
    verdict = [*state_levels(summary), state_rival(summary), f"Report: {args.report_output}"]
    write_text(args.verdict_output, "\n".join(filter(None, verdict)) + "\n")


if __name__ == "__main__":
    run(main)
