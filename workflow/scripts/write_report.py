"""Place findings, tables and figures in the report and its appendices, and put the verdict into a few lines."""

import argparse
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import jinja2

from align.errors import run
from align.files import named_path, read_json, write_text
from findings import (
    appendix_tables,
    claims,
    counted,
    divided,
    methods,
    model_tables,
    robustness,
    sweep,
    tables,
    verdict_table,
)
from findings.summary import is_pocket

# The roles whose responses stand beside SFT's: in the report, and in its appendix.
SHOWN, SHOWN_LONG = ("level1", "unpenalised"), ("level1", "level2", "placebo", "unpenalised")
SHOWN_REAL = ("level1", "level2")
SHORT, WORDS = 3, 12  # prompts in the report, and words of a response there
# Tables that are made of more than the summary.
ASKED = {"table_of_arms", "table_of_examples", "table_of_longer"}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--template", required=True, help="the report's")
    parser.add_argument("--appendix-templates", nargs="+", required=True)
    parser.add_argument("--findings", required=True, help="findings.json")
    parser.add_argument("--summary", required=True, help="summary.json, for the tables")
    parser.add_argument("--figures", nargs="+", required=True, help="PNG files")
    parser.add_argument("--examples", required=True, help="JSON of responses to show")
    parser.add_argument("--real-examples", help="JSON of those of the experiment in the role instructed")
    parser.add_argument("--samples-page", required=True, help="HTML, to be linked")
    parser.add_argument("--paper", required=True, help="JSON of what the paper found")
    parser.add_argument(
        "--beside", nargs="*", type=named_path, default=[], help="role=summary.json: other experiments that were run"
    )
    parser.add_argument("--report-output", required=True)
    parser.add_argument("--appendix-outputs", nargs="+", required=True, help="one a template, of the same name")
    parser.add_argument("--verdict-output", required=True)
    return parser.parse_args(argv)


@dataclass(frozen=True)
class Material:
    """What the pages are made of, and where it lies."""

    summary: dict
    findings: dict[str, str]  # texts by name, in order
    examples: list[dict]  # prompts, with every arm's responses
    paper: dict  # what the paper found
    files: dict[str, str]  # paths by name: pages, findings, summary, samples_page
    figures: dict[str, str]  # paths by name
    beside: dict[str, dict] = field(default_factory=dict)  # summaries of other experiments, by role
    real_examples: list[dict] = field(default_factory=list)  # of the experiment in the role instructed
    trained_longer: dict | None = None  # what training reward models for longer changed


def make_tables(given: Material) -> dict[str, str]:
    """Every table by its name; empty where the experiment has none."""
    summary, examples = given.summary, given.examples
    made = {"arms": tables.table_of_arms(summary), "arms_long": tables.table_of_arms(summary, short=False)}
    made["signals_short"] = tables.table_of_signals(summary, short=True)
    short, long = (tables.arms_to_show(summary, examples, *roles) for roles in (SHOWN, SHOWN_LONG))
    made["examples_short"] = tables.table_of_examples(summary, examples[:SHORT], short, WORDS)
    made["examples_real"] = table_of_real_examples(given)
    made["examples"] = tables.table_of_examples(summary, examples, long)
    for module in (tables, model_tables, appendix_tables):
        for name, function in vars(module).items():
            if name.startswith("table_of_") and name not in ASKED:
                made[name.removeprefix("table_of_")] = function(summary)
    beside = given.beside
    made["methods"] = methods.table_of_methods(beside["methods"], given.paper) if "methods" in beside else ""
    made["costs_of_methods"] = methods.table_of_costs(beside["methods"]) if "methods" in beside else ""
    made["longer"] = ""
    if "longer" in beside and given.trained_longer:
        made["longer"] = model_tables.table_of_longer(beside["longer"], given.trained_longer)
    made["sweep"] = sweep.table_of_sweep(beside["sweep"]) if "sweep" in beside else ""
    noisy = beside.get("robustness")
    made["robustness"] = robustness.table_of_robustness(given.paper, noisy) if noisy else ""
    made["weights"] = counted.table_of_weights(summary)
    made["verdicts"] = verdict_table.table_of_verdicts(summary, beside)
    made["claims"] = claims.table_of_claims(summary, beside)
    made["divided"] = divided.table_of_divided(beside["divided"]) if "divided" in beside else ""
    return made


def table_of_real_examples(given: Material) -> str:
    """The real model's first responses; empty where there are none."""
    if not given.real_examples:
        return ""
    real, first = given.beside["instructed"], given.real_examples[:SHORT]
    return tables.table_of_examples(real, first, tables.arms_to_show(real, first, *SHOWN_REAL), WORDS)


def words_of_columns(summary: dict) -> dict[str, str]:
    """What the columns of tables are."""
    scores = " and ".join(tables.columns(summary, "gold", "judges"))
    return {
        "scores": scores,
        "columns_in_words": f"{scores.capitalize()} are in SFT standard deviations from SFT's mean.",
    }


def render(template: Path, page: str, given: Material) -> str:
    """One page as Markdown; `page` is the path where it will lie, from which its links lead."""
    here = Path(page).parent

    def relative(paths: dict[str, str]) -> dict[str, str]:
        return {name: Path(os.path.relpath(path, here)).as_posix() for name, path in paths.items()}

    def say(*names: str) -> str:
        return " ".join(given.findings[name] for name in names if name in given.findings)

    def bullets(*names: str) -> str:
        return "\n".join(f"- {given.findings[name]}" for name in names if name in given.findings)

    def lines(prefix: str) -> str:
        return bullets(*(name for name in given.findings if name.startswith(prefix)))

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made, files = make_tables(given), relative(given.files)
    summary = given.summary
    text = environment.get_template(template.name).render(
        say=say,
        bullets=bullets,
        lines=lines,
        has=lambda name: name in given.findings,
        table=lambda name: made[name],
        figures=relative(given.figures),
        pages=files,
        samples_page=files["samples_page"],
        real=given.beside.get("instructed", {}).get("experiment"),
        experiment=summary["experiment"],
        config_digest=summary["config_digest"],
        versions=tables.list_versions(summary),
        world=bool(summary["world"]),
        pocket=is_pocket(summary),
        **words_of_columns(summary),
    )
    # What an absent finding leaves behind.
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)).rstrip() + "\n"


def state_verdict(findings: dict[str, str], report: str) -> str:
    """The verdict in a few lines."""
    level1, level2 = ([text for name, text in findings.items() if name.startswith(f"line_level{n}_")] for n in (1, 2))
    said = ["Level 1, REINFORCE with b_MA against SFT, mean reward on held-out prompts:", *level1]
    said += ["Level 2, a reward model over ratings against Level 1:", *level2] if level2 else []
    if "rival" in findings:
        said.append(f"Is Level 1 only a sharper SFT model? {findings['rival']}")
    return "\n".join([*said, f"Report: {report}"]) + "\n"


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    files = {Path(path).stem: path for path in args.appendix_outputs}
    files |= {"report": args.report_output, "findings": args.findings, "summary": args.summary}
    found = read_json(args.findings)
    given = Material(
        summary=read_json(args.summary),
        findings={row["name"]: row["text"] for row in found["findings"]},
        examples=read_json(args.examples),
        paper=read_json(args.paper),
        files=files | {"samples_page": args.samples_page},
        figures={Path(path).stem: path for path in args.figures},
        beside={role: read_json(path) for role, path in args.beside},
        real_examples=read_json(args.real_examples) if args.real_examples else [],
        trained_longer=found["trained_longer"],
    )
    pages = {args.report_output: Path(args.template)}
    pages |= {files[Path(path).name.split(".")[0]]: Path(path) for path in args.appendix_templates}
    rendered = {page: render(template, page, given) for page, template in pages.items()}
    for page, text in rendered.items():
        write_text(page, text)
    write_text(args.verdict_output, state_verdict(given.findings, args.report_output))


if __name__ == "__main__":
    run(main)
