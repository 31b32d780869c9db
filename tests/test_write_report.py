"""The pages: what templates may do, which numbers stand in them, and that other experiments' read as well."""

import json
import re

import jinja2
import jsonschema
import numpy as np
import pytest
import write_report
import yaml
from conftest import ROOT
from handmade import examples, make_summary, rederive
from state_findings import state_findings

from findings.derived import compare_training
from findings.tables import escape

REPORT = ROOT / "workflow" / "report"
TEMPLATE, APPENDICES = REPORT / "report.md.j2", sorted((REPORT / "appendix").glob("*.j2"))
PAPER = json.loads((REPORT / "paper.json").read_text())
STATISTICS = ROOT / "results" / "pocket" / "statistics"
FIGURES = (
    "training",
    "frontier",
    "contrasts",
    "reward_models",
    "matrix",
    "responses",
    "overoptimisation",
    "compliance",
)
PLACES = {path.name.split(".")[0]: f"results/pocket/appendix/{path.name.removesuffix('.j2')}" for path in APPENDICES}
PLACES |= {"report": "report.md", "samples_page": "results/pocket/samples.html"}
PLACES |= {name: f"results/pocket/statistics/{name}.json" for name in ("findings", "summary")}


def committed(name):
    """The committed summary of an experiment."""
    path = ROOT / "results" / name / "statistics" / "summary.json"
    return json.loads(path.read_text()) if path.exists() else None


def material(summary, shown, methods=None, longer=None, real=None):
    """What the pages of a summary are made of."""
    found = state_findings(summary, PAPER, methods, longer, real)
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
    )


def render(given, template=TEMPLATE):
    return write_report.render(template, PLACES[template.name.split(".")[0]], given)


def render_all(given):
    return {template.name.split(".")[0]: render(given, template) for template in (TEMPLATE, *APPENDICES)}


@pytest.fixture(scope="module")
def pocket():
    """The material of the committed report."""
    shown = json.loads((STATISTICS.parent / "studies" / "examples.json").read_text())
    return material(committed("pocket"), shown, committed("methods"), committed("longer"), committed("smollm2_cpu"))


def parsed(template):
    return jinja2.Environment().parse(template.read_text())


@pytest.mark.parametrize("template", [TEMPLATE, *APPENDICES], ids=lambda path: path.name)
def test_templates_place_and_never_reckon(template):
    nodes = jinja2.nodes
    reckoning = (nodes.BinExpr, nodes.UnaryExpr, nodes.Compare, nodes.Filter, nodes.Test, nodes.Assign, nodes.CondExpr)
    tree = parsed(template)
    assert not [node for kind in reckoning for node in tree.find_all(kind)]
    assert not [const for const in tree.find_all(nodes.Const) if not isinstance(const.value, str)]


def test_a_template_that_reckons_is_found():
    for text in ("{{ a + 1 }}", "{% if p < 0.05 %}x{% endif %}", "{{ a | round }}", "{% set a = b %}", "{{ -a }}"):
        tree = jinja2.Environment().parse(text)
        nodes = jinja2.nodes
        kinds = (nodes.BinExpr, nodes.UnaryExpr, nodes.Compare, nodes.Filter, nodes.Assign)
        assert [node for kind in kinds for node in tree.find_all(kind)], text


def test_templates_and_findings_know_no_arm():
    arms = yaml.safe_load((ROOT / "config.yaml").read_text())["arms"]
    names = "|".join(sorted(set(arms) - {"placebo"}, key=len, reverse=True))
    scripts = (ROOT / "workflow" / "scripts" / "findings").glob("*.py")
    for path in (TEMPLATE, *APPENDICES, *scripts, ROOT / "workflow/scripts/summarise_results.py"):
        assert not re.search(rf"\b({names})\b", path.read_text()), path.name


def test_templates_have_no_result_typed_by_hand():
    # Outside of what is filled in, a template may name levels, equations and standard values, not measurements.
    text = "".join(path.read_text() for path in (TEMPLATE, *APPENDICES))
    prose = re.sub(
        r"\{\{.*?\}\}|\{%.*?%\}|\$\$?.*?\$\$?|Eq\. \d|Level \d|abs/[\d.]+|et al\. \d{4}|`[^`]*`", "", text, flags=re.S
    )
    # A temperature of 1, a learning rate of 0, log n - (n - 1)/n, Level 2's half ties.
    assert set(re.findall(r"\d+(?:\.\d+)?", prose)) <= {"0", "1"}


def numbers_in(text):
    """The numbers of a text, code, formulas, links and names aside: value, decimals, and whether it is per cent."""
    plain = re.sub(r"`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|\\[*_`|<]", " ", text, flags=re.S)
    plain = re.sub(
        r"Level \d|Eq\. \d|et al\. \d{4}|\(k = \d\)|k = \d|SmolLM2-135M|\b\w*[A-Za-z_]\w*\.?\d[\w.]*|TRL \d\S*",
        " ",
        plain,
    )
    for match in re.finditer(r"(?<![\w.])([+-]?\d+(?:\.(\d+))?(?:e-?\d+)?)( ?%| points)?", plain):
        yield float(match[1]), len(match[2] or ""), bool(match[3])


def is_among(value, decimals, share, known):
    """Whether a number is one of the known ones, at the precision in which it is written."""
    scaled = 100 * known if share else known
    return bool((np.abs(np.abs(scaled) - abs(value)) <= 0.5 * 10.0**-decimals + 1e-9).any())


def all_numbers(value):
    """Every number of some JSON."""
    if isinstance(value, dict):
        value = [*value.values(), *(float(key) for key in value if re.fullmatch(r"\d+", str(key)))]
    if isinstance(value, list):
        return [number for one in value for number in all_numbers(one)]
    return [value] if isinstance(value, (int, float)) else []


def test_each_number_of_a_finding_is_its_own(pocket):
    others = material(make_summary(level1="alpha", level2=("beta",), signals=("win",)), examples(["alpha"]))
    for given in (pocket, others):
        for one in state_findings(given.summary, PAPER, given.methods, given.longer):
            known = np.array([*one.numbers.values(), *one.thresholds.values()])
            for number in numbers_in(one.text):
                assert is_among(*number, known), (one.name, number)


def test_every_number_of_every_page_is_in_the_statistics(pocket):
    found = json.loads((STATISTICS / "findings.json").read_text())["findings"]
    thresholds = [row["thresholds"] for row in found]
    sources = [pocket.summary, pocket.methods, pocket.longer, pocket.examples, PAPER, thresholds]
    known = np.array(
        [
            *all_numbers(sources),
            *all_numbers([row["numbers"] for row in found]),
            *all_numbers(pocket.trained_longer),
            0.0,
            1.0,
        ]
    )
    counted = 0
    for page, text in render_all(pocket).items():
        # Words said in responses are no results, nor are versions.
        text = re.sub(r"^Versions:.*$", "", text, flags=re.MULTILINE)
        for value, decimals, share in numbers_in(text):
            assert is_among(value, decimals, share, known), (page, value, decimals, share)
            counted += 1
    assert counted > 2000


def test_a_number_that_is_not_in_the_statistics_is_found():
    assert list(numbers_in("rose by +0.42 (p 0.0469), 86 %, in `a_1`, $x_2$, sft_0.8, Level 1")) == [
        (0.42, 2, False),
        (0.0469, 4, False),
        (86.0, 0, True),
    ]
    assert is_among(0.42, 2, False, np.array([0.4243])) and not is_among(0.43, 2, False, np.array([0.4243]))
    assert is_among(86.0, 0, True, np.array([0.857])) and not is_among(86.0, 0, False, np.array([0.857]))


def test_the_main_part_is_short_and_in_order(pocket):
    report = render(pocket)
    assert len(report.split()) <= 3500
    titles = re.findall(r"^## (.*)$", report, re.MULTILINE)
    assert [title.split(":")[0] for title in titles] == [
        "The verdict",
        "The responses, side by side",
        "What we cannot tell",
        "Level 1",
        "Level 2",
        "Controls",
        "What did not work",
        "How to check it",
    ]


def test_the_committed_findings_and_pages_are_the_summarys(pocket):
    found = state_findings(pocket.summary, PAPER, pocket.methods, pocket.longer, committed("smollm2_cpu"))
    written = json.loads((STATISTICS / "findings.json").read_text())
    rows = written["findings"]
    assert written["trained_longer"] == pocket.trained_longer
    assert json.loads(json.dumps([one.as_row() for one in found])) == rows
    for name, text in render_all(pocket).items():
        assert (ROOT / PLACES[name]).read_text() == text, name
    verdict = write_report.state_verdict(pocket.findings, "report.md")
    assert (STATISTICS / "verdict.txt").read_text() == verdict


def test_pages_lead_to_what_is_there(pocket):
    for name, text in render_all(pocket).items():
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if not target.startswith("http") and "compliance" not in target:
                assert (ROOT / PLACES[name]).parent.joinpath(target).resolve().exists(), (name, target)


def test_findings_and_summaries_are_what_their_schemas_say(pocket):
    schemas = {
        name: yaml.safe_load((ROOT / "workflow" / "schemas" / f"{name}.schema.yaml").read_text())
        for name in ("summary", "findings")
    }
    for name in ("pocket", "methods", "longer"):
        jsonschema.validate(committed(name), schemas["summary"])
    jsonschema.validate(make_summary(), schemas["summary"])
    found = json.loads((STATISTICS / "findings.json").read_text())
    jsonschema.validate(found, schemas["findings"])
    for key, value in (("strength", "likely"), ("numbers", {"a": "b"})):
        broken = json.loads(json.dumps(found))
        broken["findings"][0][key] = value
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schemas["findings"])


def leftovers(text):
    """What a page that says nothing of something leaves behind."""
    return re.findall(r"undefined|None|nan|\(\)|\s[.,;]\s|\*\*\*\*|\n\n\n|^- $", text, re.MULTILINE)


def test_an_experiment_of_three_arms_and_other_names_reads_well():
    summary = make_summary(level1="alpha", level2=("beta", "gamma"), signals=("win", "mean"), controls=False)
    pages = render_all(material(summary, examples(["alpha", "beta", "gamma"])))
    report = pages["report"]
    for page, text in pages.items():
        assert not re.search(r"level1_\w+|level2_\w+|no_kl_penalty", re.sub(r"\]\([^)]*\)", "", text)), page
        assert not leftovers(text), (page, leftovers(text))
    assert "| alpha | +0.40 | +1.20 | 3.50 |" in report and "| beta | gold | +0.50 |" in report
    assert "| prompt | SFT | alpha |" in report and "Placebo" not in report and "overoptimisation" not in report
    assert "| prompt | SFT | alpha | beta |" in pages["responses"]
    assert "RAFT" not in report and "More training" not in report


def test_level_1_alone_has_a_report():
    pages = render_all(material(make_summary(level2=(), signals=(), controls=False), examples(["first"])))
    assert "## Level 2" not in pages["report"] and "Level 2: did" not in pages["report"]
    assert "No arm of this experiment has a reward model over ratings." in pages["level2"]
    assert not [left for text in pages.values() for left in leftovers(text)]


def test_real_pairs_without_gold_claim_none():
    summary = make_summary(gold=False, pocket=False)
    summary["sources"] = {"commit": "1a" * 20, "data": {"source": "hub/pairs", "revision": "r", "split": "train"}}
    pages = render_all(material(summary, examples(["first", "by_mean", "free"], gold=False)))
    report = pages["report"]
    assert "There is no gold rating" in report and "**The real model first.**" not in report
    assert not re.search(r"[Bb]y gold|gold rating rose|\| gold \|", report)
    assert "In brackets judges, in SFT" in report and "data `hub/pairs`, split train at r" in pages["method"]
    assert "Is this world fit" not in pages["method"] and "The parts of gold" not in pages["level1"]
    assert not [left for text in pages.values() for left in leftovers(text)]


def test_compliance_stands_where_a_rule_can_tell():
    summary = make_summary(pocket=False)
    row = {"decoding": "sampled", "gold": 2.0, "rater_bias": 0.3, "mean": 0.5, "min": 0.4, "max": 0.6, "seeds": 8}
    summary["compliance"] = [
        row | {"arm": arm, "constraint": name, "held_out": name == "all held out"}
        for arm in ("sft", "first")
        for name in ("short", "all seen", "all held out")
    ]
    pages = render_all(material(summary, examples(["first"])))
    assert "do what was asked in 50 % of the cases, SFT's in 50 %." in pages["report"]
    assert "| first | sampled | 50 % (40 % to 60 %) | 50 % (40 % to 60 %) | 2.00 | 0.30 |" in pages["level1"]
    assert "| arm | short |" in pages["level1"] and "figures/compliance.png" in pages["level1"]
    assert "Did responses do what was asked?" not in render_all(material(make_summary(), examples(["first"])))["level1"]


def test_a_changed_number_changes_the_page():
    before = render(material(make_summary(), examples(["first"])))
    for metric in ("judges", "gold", "own"):
        for key in ("estimate", "ci_low", "ci_high"):
            summary = make_summary()
            rows = [
                row | {key: row[key] + 7.0} if (row["name"], row["metric"]) == ("level1", metric) else row
                for row in summary["contrasts"]
            ]
            assert render(material(rederive(summary | {"contrasts": rows}), examples(["first"]))) != before, (
                metric,
                key,
            )


def test_each_signal_has_its_formula():
    formulas = {"centred": "$r - \\bar r$, with", "bounded": "$\\sigma(r - r')$, mean over", "risk": "$E[k] - \\lambda"}
    for signal, formula in formulas.items():
        summary = make_summary()
        summary["settings"]["arms"]["first"] |= {"signal": signal, "risk_aversion": 0.5}
        assert f"| first | {formula}" in render(material(summary, examples(["first"])))


def test_responses_do_not_break_out_of_their_table():
    assert escape("a | b\n<i>*c*") == "a \\| b \\<i>\\*c\\*"
    assert escape(" ") == "(empty)"


def test_formulas_survive_markdown(pocket):
    # GitHub takes a backslash before punctuation for Markdown's own, also within formulas: a stray comma is left of \\,
    for text in render_all(pocket).values():
        for formula in re.findall(r"\$\$.+?\$\$|\$[^$\n]+\$", text):
            assert not re.search(r"\\[^A-Za-z\s]", formula), formula
