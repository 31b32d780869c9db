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
)
PLACES = {path.name.split(".")[0]: f"results/pocket/appendix/{path.name.removesuffix('.j2')}" for path in APPENDICES}
PLACES |= {"report": "report.md", "samples_page": "results/pocket/samples.html"}
PLACES |= {name: f"results/pocket/statistics/{name}.json" for name in ("findings", "summary")}


def committed(name):
    """The committed summary of an experiment."""
    path = ROOT / "results" / name / "statistics" / "summary.json"
    return json.loads(path.read_text()) if path.exists() else None


def committed_beside():
    """The committed summaries that the report tells of beside the default experiment's, by role; None without one."""
    names = ("longer", "sweep", "robustness", "divided", "pessimism", "another_sft", "third_sft")
    methods = committed("rivals") or committed("methods")
    return {name: committed(name) for name in names} | {"methods": methods, "real": committed("smollm2_cpu")}


def material(summary, shown, methods=None, longer=None, sweep=None, robustness=None, divided=None, **alone):
    """What the pages of a summary are made of; `alone` are experiments that findings tell of, and no table."""
    beside = {"methods": methods, "longer": longer, "sweep": sweep, "robustness": robustness, "divided": divided}
    found = state_findings(summary, PAPER, **beside, **alone)
    return write_report.Material(
        summary=summary,
        findings={one.name: one.text for one in found},
        examples=shown,
        paper=PAPER,
        files=PLACES,
        figures={name: f"results/pocket/figures/{name}.png" for name in FIGURES},
        methods=methods,
        longer=longer,
        trained_longer=compare_training(summary, longer) if longer else None,
        sweep=sweep,
        robustness=robustness,
        divided=divided,
    )


def render(given, template=TEMPLATE):
    return write_report.render(template, PLACES[template.name.split(".")[0]], given)


def render_all(given):
    return {template.name.split(".")[0]: render(given, template) for template in (TEMPLATE, *APPENDICES)}


def pocket_material():
    """The material of the committed report."""
    shown = json.loads((STATISTICS.parent / "studies" / "examples.json").read_text())
    return material(committed("pocket"), shown, **committed_beside())
