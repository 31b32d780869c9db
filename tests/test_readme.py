"""README and docs say what is so: commands, numbers, the graph, links."""

import json
import re
import subprocess

import pytest
from conftest import ROOT
from faults.wrong import WRONG_CONFIGS, WRONG_FILES
from runs import copy_project, snakemake

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README = PAGES[0].read_text()


def read(name):
    return (ROOT / "docs" / name).read_text()


def edges_of_rules(graph):
    """The arrows of Snakemake's own mermaid graph, by rule names."""
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", graph))
    return {(names[a], names[b]) for a, b in re.findall(r"(id\d+) --> (id\d+)", graph)}


@pytest.fixture(scope="module")
def edges():
    return edges_of_rules(snakemake(ROOT, "--rulegraph", "mermaid-js"))


@pytest.mark.parametrize(
    "page, name, job", [("../README.md", "mine", "arm=cautious"), ("own_model_and_data.md", "own", "train_policy")]
)
def test_an_experiment_that_is_shown_is_accepted(tmp_path, page, name, job):
    project = copy_project(tmp_path / "project")
    shown = re.search(rf"```yaml\n(# {name}\.yaml.*?)```", read(page), re.DOTALL)
    (project / f"{name}.yaml").write_text(shown[1])
    assert job in snakemake(project, "--dry-run", "--configfile", f"{name}.yaml")


def test_smollm2s_jobs_are_counted_as_they_are():
    page = read("running_smollm2.md")
    table = page[page.index("| rule | jobs |") : page.index("| first look:")]
    shown = {
        name.strip("*"): int(jobs) for name, jobs in re.findall(r"^\| ([*\w ,]+?)(?::[^|]*)? \| (\d+) \|", table, re.M)
    }
    plan = snakemake(ROOT, "--dry-run", "--forceall", "--configfile", "workflow/experiments/smollm2.yaml")
    table = re.search(r"^job +count\n-+ +-+\n(.*?)^total", plan, re.DOTALL | re.MULTILINE)
    counts = {name: int(count) for name, count in (line.split() for line in table[1].splitlines())}
    assert counts.pop("all") == 1
    assert shown.pop("the whole") == sum(counts.values())
    assert shown.pop("download, studies, statistics, report") == sum(counts.values()) - sum(shown.values())
    assert shown == {name: counts[name] for name in shown} and len(shown) == 7


def test_docs_show_the_graph_of_rules_as_it_is(edges):
    shown = re.search(r"```mermaid\n(.*?)```", read("workflow.md"), re.DOTALL)
    assert len(edges) > 20
    assert edges_of_rules(shown[1]) == edges


def test_every_arrow_between_stages_is_one_between_their_rules(edges):
    graph = re.search(r"```mermaid\n(.*?)```", README, re.DOTALL)[1]
    rules = dict(re.findall(r'(\w+)\["[^"]*<br/>(\w+)"\]', graph))
    plain = re.sub(r'\["[^"]*"\]', "", graph)
    arrows = {(rules[a], rules[b]) for a, b in re.findall(r"(\w+) --> (\w+)", plain)}
    assert len(rules) == 10
    # What stands in between (tokens, summaries) is left out of stages: an arrow may lead over such rules.
    reached = {rule: {rule} for rule in {name for edge in edges for name in edge}}
    for _ in reached:
        for a, b in edges:
            reached[b] |= reached[a]
    assert {(a, b) for a, b in arrows if a not in reached[b]} == set()


def test_the_answers_numbers_are_those_of_the_committed_verdict():
    # The committed one: a run on another machine may differ in the last digits, which is no fault of README's.
    command = ["git", "show", "HEAD:results/pocket/statistics/verdict.txt"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if shown.returncode != 0:
        pytest.skip("not a git checkout with committed results")
    answer = README[README.index("### In Pocket") : README.index("![How far")]
    number, verdict = r"([+-]?\d+\.\d+)", shown.stdout
    # What the verdict says, and where README says it.
    for said, quoted in (
        (
            rf"By the judges it rose: {number} .*Holm {number}",
            ("by {} by the judges", "exact p {} each"),
        ),
        (
            rf"By the gold rating it rose: {number} .*Holm {number}",
            ("by {} by gold", "exact p {} each"),
        ),
        (rf"the policy is ahead by the judges \({number},", ("the policy is ahead by the judges ({})",)),
        (rf"and behind by gold \({number},", ("and behind by gold ({})",)),
        (
            rf"By the judges, `level2_mean` is equivalent .*: {number} SFT",
            ("is equivalent by the judges ({}, margin",),
        ),
        (
            rf"By the gold .* `level2_mean` is not shown to differ .*: {number} SFT",
            ("and not told apart by gold ({})",),
        ),
    ):
        values = re.search(said, verdict).groups()
        for value, words in zip(values, quoted, strict=True):
            assert words.format(value) in answer


def test_the_second_worlds_numbers_are_those_of_its_summary():
    summary = json.loads((ROOT / "results" / "divided" / "statistics" / "summary.json").read_text())
    worst = {row["arm"]: f"{row['mean']:.2f}" for row in summary["worst_tenth"]}
    said = " ".join(README.split())
    sharper = max(mean for arm, mean in worst.items() if arm.startswith("sft_0"))
    of_arm = next(row for row in summary["worst_tenth"] if row["arm"] == "level2_cvar")
    p = {name: f"{of_arm[f'p_{name}']:.4f}" for name in ("sft", "level1")}
    assert f"the worst tenth rate SFT {worst['sft']} ({sharper} at its best temperature)" in said
    assert f"the scalar reward's policy {worst['level1_scalar']}. A policy trained on the worst tenth" in said
    assert (
        f"of the learned distribution gets {worst['level2_cvar']} (p against SFT {p['sft']}, against the scalar"
        f" reward's {p['level1']}, uncorrected; not tested against that temperature)." in said
    )
    rows = [row for row in summary["contrasts"] if row["name"] == "cvar" and row["decoding"] == "sampled"]
    assert {row["verdict"] for row in rows} == {"inconclusive"}
    size = {row["metric"]: f"{row['estimate']:+.2f}" for row in rows}
    assert f"it stands at {size['gold']} by the share of satisfied raters, by which no" in said
    assert f"and at {size['judges']} by the judges; neither is told apart." in said


def test_other_sft_models_numbers_are_those_of_their_summaries():
    rows = []
    for name in ("another_sft", "third_sft"):
        summary = json.loads((ROOT / "results" / name / "statistics" / "summary.json").read_text())
        found = [row for row in summary["contrasts"] if (row["name"], row["decoding"]) == ("level1", "sampled")]
        rows.append({row["metric"]: row for row in found})
    assert [row["judges"]["verdict"] for row in rows] == ["rose", "rose"]
    assert [row["gold"]["verdict"] for row in rows] == ["inconclusive", "rose"]
    judges, gold = ([f"{row[metric]['estimate']:+.2f}" for row in rows] for metric in ("judges", "gold"))
    said = "it rose by {} and {} by the judges; by gold the first rise ({}) is not shown, and the second ({}) is."
    assert said.format(*judges, *gold) in " ".join(README.split())


def test_what_is_said_of_length_longer_training_and_sft_models_is_found():
    found = json.loads((ROOT / "results" / "pocket" / "statistics" / "findings.json").read_text())["findings"]
    told, said = {row["name"]: row["numbers"] for row in found}, " ".join(README.split())
    length, others, unit = told["longer_responses"], told["other_sft"], told["other_sft_unit"]
    assert f"in replicates with longer responses (r {length['low']:+.2f} to {length['high']:+.2f})." in said
    low, high = others["level2_gold_low"], others["level2_gold_high"]
    assert others["others"] == 2
    assert f"two other SFT models it differs by {low:+.2f} to {high:+.2f}, not shown |" in said
    gold, p = (told["longer_short"][name] for name in ("gold", "change_p"))
    assert f"it is equivalent by gold ({gold:+.2f}); that this changed is not shown (p {p:.4f})." in said
    ends = [f"{unit[name]:+.2f}" for name in ("low", "high", "least", "most")]
    assert unit["models"] == 3 and "by {} to {} (intervals within {} to {}): not told apart.".format(*ends) in said


def test_each_kind_of_bad_input_is_listed_with_what_is_said():
    said = read("bad_inputs.md").split("| --- | --- |\n")[1].splitlines()
    words = [words for _, words in WRONG_CONFIGS] + [kind[-1] for kind in WRONG_FILES]
    assert len(said) == len(words) > 40
    assert [one for one, line in zip(words, said) if one not in line] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if target.startswith("http"):
            continue
        path, _, place = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if place:
            titles = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)
            assert place in [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles], target


def test_readme_is_read_to_its_end():
    assert len(README.splitlines()) <= 150
