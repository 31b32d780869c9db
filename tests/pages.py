"""Pages of the report for tests: of the committed results, and of summaries made by hand."""

import json

import write_report
from conftest import ROOT
from state_findings import state_findings

from findings.derived import compare_training

REPORT = ROOT / "workflow" / "report"
TEMPLATE, APPENDICES = REPORT / "report.md.j2", sorted((REPORT / "appendix").glob("*.j2"))
PAPER = json.loads((REPORT / "paper.json").read_text())
STATISTICS = ROOT / "results" / "pocket" / "statistics"
FIGURES = (
    "training",
    "frontier",
    "answer",
    "contrasts",
    "reward_models",
    "matrix",
    "responses",
    "overoptimisation",
    "compliance",
    "ladder",
    "methods",
)
PLACES = {path.name.split(".")[0]: f"results/pocket/appendix/{path.name.removesuffix('.j2')}" for path in APPENDICES}
PLACES |= {"report": "report.md", "samples_page": "results/pocket/samples.html"}
PLACES |= {name: f"results/pocket/statistics/{name}.json" for name in ("findings", "summary")}


def committed(name):
    """The committed summary of an experiment."""
    path = ROOT / "results" / name / "statistics" / "summary.json"
    return json.loads(path.read_text()) if path.exists() else None


def committed_beside():
    """The committed summaries that the report tells of beside the default experiment's, by role."""
    names = (
        "longer",
        "sweep",
        "sweep_other_sft",
        "robustness",
        "divided",
        "divided_ties",
        "pessimism",
        "ties",
        "another_sft",
        "third_sft",
    )
    found = {name: committed(name) for name in names}
    found |= {"methods": committed("rivals") or committed("methods"), "real": committed("smollm2_cpu")}
    found["instructed"] = committed("smollm2_instructions")
    return {role: summary for role, summary in found.items() if summary}


def material(summary, shown, real_shown=(), **beside):
    """What the pages of a summary are made of."""
    longer = beside.get("longer")
    return write_report.Material(
        summary=summary,
        findings={one.name: one.text for one in state_findings(summary, PAPER, **beside)},
        examples=shown,
        paper=PAPER,
        files=PLACES,
        figures={name: f"results/pocket/figures/{name}.png" for name in FIGURES},
        beside=beside,
        real_examples=list(real_shown),
        trained_longer=compare_training(longer) if longer else None,
    )


def render(given, template=TEMPLATE):
    return write_report.render(template, PLACES[template.name.split(".")[0]], given)


def render_all(given):
    return {template.name.split(".")[0]: render(given, template) for template in (TEMPLATE, *APPENDICES)}


def pocket_material():
    """The material of the committed report."""
    shown = json.loads((STATISTICS.parent / "studies" / "examples.json").read_text())
    real = json.loads((ROOT / "results" / "smollm2_instructions" / "studies" / "examples.json").read_text())
    return material(committed("pocket"), shown, real, **committed_beside())
