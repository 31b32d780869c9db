"""Templates place findings, tables and figures; they never reckon."""

import re

import jinja2
import pytest
import yaml
from conftest import ROOT
from pages import APPENDICES, TEMPLATE


def parsed(template):
    return jinja2.Environment().parse(template.read_text())


def reckoning_nodes(tree):
    """What of a template reckons, compares or decides, and numbers."""
    nodes = jinja2.nodes
    kinds = (nodes.BinExpr, nodes.UnaryExpr, nodes.Compare, nodes.Filter, nodes.Test, nodes.Assign, nodes.CondExpr)
    numbers = [const for const in tree.find_all(nodes.Const) if not isinstance(const.value, str)]
    return [node for kind in kinds for node in tree.find_all(kind)] + numbers


@pytest.mark.parametrize("template", [TEMPLATE, *APPENDICES], ids=lambda path: path.name)
def test_templates_place_and_never_reckon(template):
    assert not reckoning_nodes(parsed(template))


@pytest.mark.parametrize(
    "text",
    ["{{ a + b }}", "{% if p < q %}x{% endif %}", "{{ a | round }}", "{% set a = b %}", "{{ -a }}", "{{ say(1) }}"]
    + ["{% if a is defined %}x{% endif %}", "{{ a if b else c }}"],
)
def test_a_template_that_reckons_is_found(text):
    assert reckoning_nodes(jinja2.Environment().parse(text))


def test_templates_and_findings_know_no_arm():
    arms = yaml.safe_load((ROOT / "config.yaml").read_text())["arms"]
    names = "|".join(sorted(set(arms) - {"placebo"}, key=len, reverse=True))
    scripts = (ROOT / "workflow" / "scripts" / "findings").glob("*.py")
    rules = (ROOT / "workflow" / "rules").glob("*.smk")
    for path in (TEMPLATE, *APPENDICES, *scripts, *rules, ROOT / "workflow/scripts/summarise_results.py"):
        assert not re.search(rf"\b({names})\b", path.read_text()), path.name


def test_templates_have_no_result_typed_by_hand():
    # Outside of what is filled in, a template may name levels, equations and standard values, not measurements.
    text = "".join(path.read_text() for path in (TEMPLATE, *APPENDICES))
    prose = re.sub(
        r"\{\{.*?\}\}|\{%.*?%\}|\$\$?.*?\$\$?|Eq\. \d|Level \d|abs/[\d.]+|et al\. \d{4}|`[^`]*`", "", text, flags=re.S
    )
    # A temperature of 1, a learning rate of 0, log n - (n - 1)/n, Level 2's half ties.
    assert set(re.findall(r"\d+(?:\.\d+)?", prose)) <= {"0", "1"}
