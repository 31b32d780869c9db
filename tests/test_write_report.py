import json
import re
import subprocess

import pandas as pd
import pytest
import write_report
from conftest import ROOT

TEMPLATE = ROOT / "workflow" / "report" / "report.md.j2"
SUMMARY = ROOT / "results" / "pocket" / "statistics" / "summary.json"
COST = pd.read_csv(SUMMARY.parent / "cost.csv").to_dict(orient="records")
FIGURES = {name: f"{name}.png" for name in ("training", "frontier", "contrasts", "reward_models")}


@pytest.fixture
def summary():
    """The committed result of the default experiment."""
    return json.loads(SUMMARY.read_text())


def contrast_rows(summary, name):
    return [row for row in summary["contrasts"] if row["name"] == name]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("rose", "rose"),
        ("fell", "fell"),
        ("equivalent", "changed by less than what matters"),
        ("inconclusive", "was not shown to change"),
    ],
)
def test_words_follow_from_the_verdict(summary, verdict, words):
    for row in contrast_rows(summary, "level1"):
        row["verdict"] = verdict
    report = write_report.render(TEMPLATE, summary, COST, FIGURES)
    answer = report[report.index("## Answer") : report.index("## Method")]
    assert answer.count(f"the mean reward on held-out prompts {words}:") == 3
    # What is only true of a gain is not said without one.
    assert ("Each metric is counted" in answer) == (verdict == "rose")


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("rose", "is ahead of `level1_scalar`"),
        ("fell", "is behind `level1_scalar`"),
        ("equivalent", "is equivalent to `level1_scalar` (within ±0.2"),
        ("inconclusive", "is not shown to differ from `level1_scalar`"),
    ],
)
def test_the_comparison_of_levels_follows_from_the_verdict(summary, verdict, words):
    rows = [row for name in ("mean", "win", "risk") for row in contrast_rows(summary, name)]
    for row in rows:
        row["verdict"] = verdict
    report = write_report.render(TEMPLATE, summary, COST, FIGURES)
    answer = report[report.index("**Level 2: did") : report.index("## Method")]
    sampled = [row for row in rows if row["decoding"] == "sampled"]
    assert answer.count(words) == len(sampled) >= 6
    assert "\n".join(write_report.state_levels(summary)).count(words) == len(sampled)


def test_a_placebo_that_raises_anything_is_called_out(summary):
    assert "success by its own measure, and none by any other" in write_report.render(TEMPLATE, summary, COST, FIGURES)
    for row in contrast_rows(summary, "placebo"):
        row["verdict"] = "rose"
    assert "A meaningless reward must not raise them" in write_report.render(TEMPLATE, summary, COST, FIGURES)


def test_level_1_alone_has_a_report(summary):
    kept = ("level1", "noise_floor")
    summary["contrasts"] = [row for row in summary["contrasts"] if row["name"] in kept]
    summary["reward_models"] = [row for row in summary["reward_models"] if row["kind"] in ("scalar", "judge")]
    report = write_report.render(TEMPLATE, summary, COST, FIGURES)
    assert "## Level 2" not in report and "Level 2: did" not in report


def test_a_noise_floor_that_shows_something_is_called_out(summary):
    assert "nothing, as it must be" in write_report.render(TEMPLATE, summary, COST, FIGURES)
    for equivalence_p, words in ((0.001, "to be expected once in twenty"), (0.5, "Distrust what is above")):
        for row in contrast_rows(summary, "noise_floor"):
            row |= {"verdict": "rose", "equivalence_p": equivalence_p}
        report = write_report.render(TEMPLATE, summary, COST, FIGURES)
        assert words in re.sub(r"\s+", " ", report)


def test_an_experiment_without_gold_claims_none(summary):
    summary["world"] = None
    for table in ("contrasts", "predictions", "equal_kl"):
        summary[table] = [row for row in summary[table] if row["metric"] != "gold"]
    report = write_report.render(TEMPLATE, summary, COST, FIGURES)
    assert "There is no gold rating" in report
    assert "By gold" not in report and "By the gold rating" not in report


def test_every_number_of_the_results_is_from_the_summary(summary):
    # Change each number of the summary in turn by an amount that shows: the report must change with it.
    before = write_report.render(TEMPLATE, summary, COST, FIGURES)
    for row in contrast_rows(summary, "level1"):
        for key in ("estimate", "ci_low", "ci_high"):
            changed = json.loads(json.dumps(summary))
            same = next(r for r in changed["contrasts"] if r == row)
            same[key] += 7.0
            assert write_report.render(TEMPLATE, changed, COST, FIGURES) != before, (row["metric"], key)


def test_the_template_has_no_result_typed_by_hand():
    # Outside of what is filled in, the template may name equations, levels and standard values, not measurements.
    text = "".join(path.read_text() for path in sorted(TEMPLATE.parent.glob("*.j2")))
    prose = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", text, flags=re.DOTALL)
    prose = re.sub(
        r"\$\$?.*?\$\$?|\(Eq\. \d\)|Eq\. \d|\barXiv [\d.]+|abs/[\d.]+|\b(19|20)\d\d\b", "", prose, flags=re.DOTALL
    )
    allowed = {"0.05", "65", "85", "1", "2", "0", "4", "6"}
    assert set(re.findall(r"\d+(?:\.\d+)?", prose)) <= allowed


def test_the_committed_report_is_the_summarys(summary):
    figures = {name: f"results/pocket/figures/{name}.png" for name in FIGURES}
    assert (ROOT / "report.md").read_text() == write_report.render(TEMPLATE, summary, COST, figures)


def test_readme_quotes_the_committed_verdict():
    # The committed one: a run on another machine may differ in the last digits, which is no fault of README's.
    command = ["git", "show", "HEAD:results/pocket/statistics/verdict.txt"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if shown.returncode != 0:
        pytest.skip("not a git checkout with committed results")
    verdict = shown.stdout
    quoted = re.search(r"```text\n(Level 1.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert quoted and quoted[1] == verdict
