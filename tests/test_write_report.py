"""The pages: short, in order, as committed, and as readable of other experiments."""

import json
import re

import jsonschema
import pytest
import write_report
import yaml
from conftest import ROOT
from handmade import examples, make_summary, rederive
from pages import PAPER, PLACES, STATISTICS, committed, committed_beside, material, pocket_material, render, render_all
from state_findings import state_findings
from test_compliance import make as make_compliant

from findings.tables import escape


@pytest.fixture(scope="module")
def pocket():
    """What the committed report is made of."""
    return pocket_material()


def test_the_main_part_is_short_and_in_order(pocket):
    report = render(pocket)
    # A table's rules are no words.
    assert sum(any(map(str.isalnum, word)) for word in report.split()) <= 3500
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
    found = state_findings(pocket.summary, PAPER, **committed_beside())
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
    given = [committed("pocket"), *committed_beside().values()]
    assert len(given) >= 3
    for found in given:
        jsonschema.validate(found, schemas["summary"])
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
    assert "No arm with a reward model over ratings is tested against Level 1 here." in pages["level2"]
    assert not [left for text in pages.values() for left in leftovers(text)]


def test_real_pairs_without_gold_claim_none():
    summary = make_summary(gold=False, pocket=False)
    summary["sources"] = {"commit": "1a" * 20, "data": {"source": "hub/pairs", "revision": "r", "split": "train"}}
    pages = render_all(material(summary, examples(["first", "by_mean", "free"], gold=False)))
    report = pages["report"]
    assert "There is no gold rating" in report and "**The real model first.**" not in report
    assert not re.search(r"[Bb]y gold|gold rating rose|\| gold \|", report)
    assert "In brackets judges." in report and "data `hub/pairs`, split train at r" in pages["method"]
    assert "Is this world fit" not in pages["method"] and "The parts of gold" not in pages["level1"]
    assert not [left for text in pages.values() for left in leftovers(text)]


def test_compliance_stands_where_a_rule_can_tell():
    pages = render_all(material(make_compliant(), examples(["first"])))
    assert "do what was asked in 62 % of the cases, SFT's in 12 %," in pages["report"]
    assert (
        "Asking for a constraint helps more" in pages["report"]
        and "`by_mean` does what was asked in 50 %" in pages["report"]
    )
    assert (
        "| first | sampled | 62 % (62 % to 64 %) | 31 % (30 % to 32 %) | 50 % | 38 % | 75 % | 2.00 | 2.25 | 0.10 |"
        in (pages["level1"])
    )
    assert "| free (2 seeds) | sampled |" in pages["level1"]
    assert "| arm | new | plain | hard |" in pages["level1"] and "figures/compliance.png" in pages["level1"]
    assert "Did responses do what was asked?" not in render_all(material(make_summary(), examples(["first"])))["level1"]


def test_a_changed_number_changes_the_page():
    before = render(material(make_summary(), examples(["first"])))
    for metric in ("judges", "gold", "proxy"):
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
