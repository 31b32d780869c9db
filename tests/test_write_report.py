import json
import re

import jsonschema
import pytest
import write_report
import yaml
from conftest import ROOT

from findings.summary import find_arm, find_contrast
from findings.verdicts import (
    answer_level1,
    answer_level2,
    list_reasons,
    order_methods,
    qualify_level1,
    state_levels,
)

TEMPLATE = ROOT / "workflow" / "report" / "report.md.j2"
SUMMARY = ROOT / "results" / "pocket" / "statistics" / "summary.json"
FIGURES = ("training", "frontier", "contrasts", "reward_models", "matrix", "responses", "overoptimisation")


def beside(folder="", page="samples.html", methods=None, longer=None):
    """What stands beside the committed summary."""
    return write_report.Beside(
        figures={name: f"{folder}{name}.png" for name in FIGURES},
        examples=json.loads((SUMMARY.parents[1] / "studies" / "examples.json").read_text()),
        samples_page=page,
        paper=json.loads((TEMPLATE.parent / "paper.json").read_text()),
        methods=methods,
        longer=longer,
    )


def render(summary, **more):
    return write_report.render(TEMPLATE, summary, beside(**more))


@pytest.fixture
def summary():
    """The committed result of the default experiment."""
    return json.loads(SUMMARY.read_text())


def committed(name):
    """The committed result of an experiment that the default report includes."""
    path = ROOT / "results" / name / "statistics" / "summary.json"
    return json.loads(path.read_text()) if path.exists() else None


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
    report = render(summary)
    response = report[report.index("## Answer") : report.index("## Method")]
    assert response.count(f"the mean reward on held-out prompts {words}:") == 3
    # What is only true of a gain is not said without one.
    assert ("reaches: it is" in response) == (verdict == "rose")


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
    report = render(summary)
    response = report[report.index("By every metric") : report.index("## Method")]
    sampled = [row for row in rows if row["decoding"] == "sampled"]
    assert response.count(words) == len(sampled) >= 6
    assert "\n".join(state_levels(summary)).count(words) == len(sampled)


@pytest.mark.parametrize(
    ("verdict", "opening", "words"),
    [
        ("rose", "Yes:", "it rose, "),
        ("fell", "No, it fell:", "it fell, "),
        ("equivalent", "No:", "it changed by less than what matters"),
        ("inconclusive", "That is not shown:", "it is not shown to have changed"),
    ],
)
def test_the_first_answer_follows_from_the_verdict(summary, verdict, opening, words):
    find_contrast(summary["contrasts"], "level1")["judges"]["verdict"] = verdict
    response = answer_level1(summary)
    assert response.startswith(opening) and words in response and response.count(". ") == 0
    assert response in render(summary)


def test_the_second_answer_follows_from_the_verdicts(summary):
    rows = [find_contrast(summary["contrasts"], name)["judges"] for name in ("mean", "win", "risk")]

    def response(*verdicts):
        for row, verdict in zip(rows, verdicts):
            row["verdict"] = verdict
        return answer_level2(summary)

    assert response("rose", "rose", "rose").startswith(
        "Yes: by the judges `level2_mean`, `level2_win` and `level2_risk` are"
    )
    for row in rows:
        row["equivalence_p"] = 0.5
    mixed = response("rose", "fell", "inconclusive")
    assert mixed.startswith("In part:") and "`level2_mean` is ahead of Level 1, `level2_win` is behind Level 1" in mixed
    assert "`level2_risk` is not told apart from Level 1" in mixed
    assert response("equivalent", "equivalent", "fell").startswith("No gain is shown:")
    # A difference that is shown may be one that does not matter.
    rows[2]["equivalence_p"] = 0.01
    assert "`level2_risk` is behind Level 1, by less than what matters" in answer_level2(summary)


def test_a_reason_is_only_given_where_it_was_measured(summary):
    before = list_reasons(summary)
    for row in summary["agreement"]:
        row["correlation"] = 0.1 if row["arm"] == "level2_mean" else row["correlation"]
    for row in summary["reward_models"]:
        if row["kind"] == "ratings":
            row |= {"interaction_gain": 1.0, "accuracy": 1.0}
    assert len(before) >= 3 and list_reasons(summary) == []
    assert "**Why?**" not in render(summary)


def test_gold_has_its_say_on_level_2(summary):
    for name in ("mean", "win", "risk"):
        find_contrast(summary["contrasts"], name)["gold"] |= {
            "verdict": "inconclusive",
            "estimate": -0.1,
            "minimum_detectable": 0.3,
        }
    golden = answer_level2(summary).split("By gold ")[1]
    assert golden.startswith("`level2_mean`, `level2_win` and `level2_risk` are not told apart from Level 1 (-0.10")
    assert "only differences of 0.30 to 0.30 could have been found (with a power of 80 %), and every" in golden
    assert golden.endswith("every estimate lies below Level 1.")
    find_contrast(summary["contrasts"], "win")["gold"]["minimum_detectable"] = None
    assert "8 seeds are too few for 6 tests to find anything" in answer_level2(summary)
    find_contrast(summary["contrasts"], "win")["gold"]["estimate"] = 0.1
    assert "every estimate" not in answer_level2(summary)


def test_what_greedy_decoding_gives_too_is_called_sharpening_where_it_rose(summary):
    assert qualify_level1(summary).startswith("Part of that is sharpening: SFT, merely decoded greedily, stands at +")
    find_arm(summary["arms"], "sft", "greedy")["judges"] = -0.5
    assert qualify_level1(summary).startswith("SFT, merely decoded greedily, stands at -0.50 by the judges")


def test_predictions_are_counted_in_the_report(summary):
    for row in summary["predictions"]:
        row["prediction"] = "behind"
    assert "- **Predicting RL from best of n**, in " in render(summary)
    for row in summary["predictions"]:
        row["prediction"] = "none"
    report = render(summary)
    assert re.search(r"Of \d+ rows 0 are predictions", report) and "- **Predicting RL from best of n**" not in report


def test_length_is_only_blamed_where_gold_goes_with_it(summary):
    words = "where gold fell, responses had grown"
    for row in summary["relations"]:
        row["p_exact"] = 0.9
    assert words not in render(summary)
    row = next(r for r in summary["relations"] if (r["name"], r["metric"], r["beside"]) == ("mean", "gold", "tokens"))
    row |= {"p_exact": 0.01, "correlation": -0.8}
    assert "length correlate -0.80 for `level2_mean`)" in re.sub(r"\s+", " ", render(summary))
    row["correlation"] = 0.8
    assert words not in render(summary)


def test_reward_models_trained_for_longer_stand_beside_the_others(summary):
    assert "### Was it trained too little?" not in render(summary)
    longer = json.loads(json.dumps(summary))
    for row in longer["reward_models"]:
        row["kind"] = {"scalar": "scalar_longer", "ratings": "ratings_longer"}.get(row["kind"], row["kind"])
        row["accuracy"] = {"scalar_longer": 0.8, "ratings_longer": 0.78}.get(row["kind"], row["accuracy"])
    for row in longer["contrasts"]:
        if row["name"] == "mean":
            row |= {"name": "longer", "arm": "level2_mean_longer", "against": "level1_longer", "verdict": "rose"}
    longer["settings"]["reward_models"]["ratings_longer"] = {"epochs": 2}
    report = render(summary, longer=longer)
    assert "is asked [below](#was-it-trained-too-little)" in report and "was not tried" not in report
    part = report.split("### Was it trained too little?")[1].split("### Why")[0]
    assert "| ratings | 2 | 78.0 % (78.0 to 78.0)" in part and "is -2.0 points (p 0.0078) after 2 epochs" in part
    assert "By the judges, `level2_mean_longer` is ahead of `level1_longer`" in part
    response = report[report.index("## Answer") : report.index("## Method")]
    assert "With reward models of 2 epochs" in response and "ahead by the judges" in response
    assert "by the judges was not shown to change (+0.00, p 1.0000)" in part


def test_a_model_of_random_weights_is_said_first(summary):
    assert "A rehearsal" not in render(summary)
    summary["sources"] = {"commit": "1a" * 20, "model": {"source": "m", "revision": None, "weights": "random"}}
    report = render(summary)
    assert report.index("No number below means anything") < report.index("## Answer")
    assert "Loaded by commit 1a1a1a1a1a1a: model `m`" in report


def test_the_order_of_methods_is_compared_with_the_papers(summary):
    paper = beside().paper
    arms = ("rloo_4", "rloo_2", "raft_4", "level1_scalar")

    def told(*judges):
        responses = [{"arm": arm, "decoding": "sampled", "judges": value} for arm, value in zip(arms, judges)]
        row = {"against": "level1_scalar", "metric": "judges", "decoding": "sampled"}
        contrasts = [row | {"arm": "rloo_4", "verdict": "rose"}, row | {"arm": "raft_4", "verdict": "fell"}]
        return order_methods({"responses": responses, "contrasts": contrasts}, paper)

    assert "the same." in told(1.4, 1.3, 1.2, 1.1) and "another." in told(1.4, 1.3, 1.0, 1.1)
    assert "ahead of REINFORCE: `rloo_4`; behind it: `raft_4`." in told(1.4, 1.3, 1.2, 1.1)


def test_another_version_of_trl_is_named(summary):
    assert "not the" not in render(summary).split("## Bonus")[1].split("## Responses to read")[0]
    summary["trl"]["version"] = "9.9.9"
    assert f"(**not the {summary['trl']['pinned']} that this was written for**)" in render(summary)


def test_a_gradient_that_differs_from_trls_is_told(summary):
    assert "So to be fair" in render(summary)
    summary["trl"]["measured"]["cosine_same_baseline"] = 0.5
    assert "The gradients differ" in render(summary) and "So to be fair" not in render(summary)


def test_responses_do_not_break_out_of_their_table():
    assert write_report.table_cell("a | b\n<i>*c*") == "a \\| b \\<i>\\*c\\*"
    assert write_report.table_cell(" ") == "(empty)"


def test_a_placebo_that_raises_anything_is_called_out(summary):
    assert "no gain by another measure than their own is shown" in render(summary)
    for row in contrast_rows(summary, "placebo"):
        row["verdict"] = "rose"
    assert "Directions that chance chose must not raise them" in render(summary)


def test_each_placebos_accuracy_stands_beside_what_its_policy_did(summary):
    summary["placebo"]["seeds"][1] |= {"accuracy": 0.575, "accuracy_low": 0.553, "accuracy_high": 0.597, "judges": 1.75}
    part = render(summary).split("### Placebo")[1]
    assert "| 2 | 0.575 (0.553 to 0.597) |" in part and "| +1.75 |" in part
    assert "knows nothing" not in part


def test_equal_entropy_stands_in_the_report_where_it_was_run(summary):
    assert "temperature of SFT" not in render(summary | {"equal_entropy": []})
    row = {"arm": "level1_scalar", "seeds": 8, "entropy": 0.9, "temperature": 0.64}
    summary["equal_entropy"] = [
        row | {"metric": "judges", "estimate": 0.35, "ci_low": 0.2, "ci_high": 0.5, "p_exact": 0.0078},
        row | {"metric": "gold", "estimate": -0.04, "ci_low": -0.2, "ci_high": 0.1, "p_exact": 0.4},
    ]
    report = render(summary)
    words = (
        "Against SFT at the temperature 0.64, which has the same entropy (0.90 nats a token), the policy is ahead by"
    )
    response = report[report.index("## Answer") : report.index("## Method")]
    assert words in response and "not shown to differ by the gold rating (-0.04" in response
    assert "| level1_scalar | judges | 8 | 0.90 | 0.64 | +0.35 | +0.20 to +0.50 | 0.0078 |" in report


@pytest.mark.parametrize("signal", ["centred", "bounded"])
def test_each_scalar_signal_has_its_formula(summary, signal):
    formulas = {"centred": "| $r - \\bar r$, with", "bounded": "| $\\sigma(r - r')$, mean over"}
    summary["settings"]["arms"]["level1_bounded"]["signal"] = signal
    assert f"| level1_bounded {formulas[signal]}" in render(summary)


def test_whether_the_scale_is_the_same_is_told_where_it_was_measured(summary):
    for row in summary["responses"]:
        row["own_sft_deviation"] = None if row["arm"] == "sft" else 1.01
    assert "have a deviation of 1.01 to 1.01 (wanted: 1 within ±0.05), as wanted." in render(summary)


def test_clipping_is_told_where_there_is_a_bound(summary):
    summary["settings"]["reinforce"]["max_grad_norm"], summary["steps"]["clipped"] = None, None
    assert "gradients scaled down" not in render(summary)
    summary["settings"]["reinforce"]["max_grad_norm"], summary["steps"]["clipped"] = 1.0, 0.25
    assert "gradients scaled down to a norm of 1.0, which 25 % of the steps" in render(summary)


def test_level_1_alone_has_a_report(summary):
    kept = ("level1", "noise_floor")
    summary["contrasts"] = [row for row in summary["contrasts"] if row["name"] in kept]
    summary["reward_models"] = [row for row in summary["reward_models"] if row["kind"] in ("scalar", "judge")]
    report = render(summary)
    assert "## Level 2" not in report and "Level 2: did" not in report


def test_a_noise_floor_that_shows_something_is_called_out(summary):
    assert "nothing, as it must be" in render(summary)
    for equivalence_p, words in ((0.001, "to be expected once in twenty"), (0.5, "Distrust what is above")):
        for row in contrast_rows(summary, "noise_floor"):
            row |= {"verdict": "rose", "equivalence_p": equivalence_p}
        report = render(summary)
        assert words in re.sub(r"\s+", " ", report)


def test_an_experiment_without_gold_claims_none(summary):
    summary["world"], summary["rubric"] = None, []
    for table in ("contrasts", "predictions", "equal_kl", "relations"):
        summary[table] = [row for row in summary[table] if row["metric"] != "gold"]
    report = render(summary)
    assert "There is no gold rating" in report
    assert "By gold" not in report and "By the gold rating" not in report


def test_every_number_of_the_results_is_from_the_summary(summary):
    # Change each number of the summary in turn by an amount that shows: the report must change with it.
    before = render(summary)
    for row in contrast_rows(summary, "level1"):
        for key in ("estimate", "ci_low", "ci_high"):
            changed = json.loads(json.dumps(summary))
            same = next(r for r in changed["contrasts"] if r == row)
            same[key] += 7.0
            assert render(changed) != before, (row["metric"], key)


def test_the_template_has_no_result_typed_by_hand():
    # Outside of what is filled in, the template may name equations, levels and standard values, not measurements.
    text = "".join(path.read_text() for path in sorted(TEMPLATE.parent.glob("*.j2")))
    prose = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", text, flags=re.DOTALL)
    prose = prose.replace("SmolLM2-135M-Instruct", "")
    prose = re.sub(
        r"\$\$?.*?\$\$?|\(Eq\. \d\)|Eq\. \d|\barXiv [\d.]+|abs/[\d.]+|\b(19|20)\d\d\b|\b[bf][fp]\d\d|section \d",
        "",
        prose,
        flags=re.DOTALL,
    )
    allowed = {"0.05", "65", "85", "1", "2", "0", "4", "6"}
    assert set(re.findall(r"\d+(?:\.\d+)?", prose)) <= allowed


def test_formulas_survive_markdown(summary):
    # GitHub takes a backslash before punctuation for Markdown's own, also within formulas: a stray comma is left of \\,
    for formula in re.findall(r"\$\$.+?\$\$|\$[^$\n]+\$", render(summary)):
        assert not re.search(r"\\[^A-Za-z\s]", formula), formula


def test_the_summary_is_what_its_schema_says(summary):
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "summary.schema.yaml").read_text())
    for found in filter(None, (summary, committed("methods"), committed("longer"))):
        jsonschema.validate(found, schema)
    del summary["contrasts"][0]["verdict"]
    with pytest.raises(jsonschema.ValidationError, match="'verdict' is a required property"):
        jsonschema.validate(summary, schema)


def test_the_committed_report_is_the_summarys(summary):
    pages = ("results/pocket/figures/", "results/pocket/samples.html")
    given = beside(*pages, committed("methods"), committed("longer"))
    assert (ROOT / "report.md").read_text() == write_report.render(TEMPLATE, summary, given)
