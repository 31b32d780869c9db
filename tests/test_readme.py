"""README and docs say what is so: commands, numbers, the graph, links."""

import json
import re
import subprocess

import measure_untrained
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from faults.wrong import WRONG_CONFIGS, WRONG_FILES
from measure_signals import worth_of_the_end
from runs import copy_project, snakemake

from align.files import read_json
from findings.evidence import exact_correlation, exact_sign_flip_p, holm
from findings.units import in_sft_units, sft_units

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
    page = read("smollm2.md")
    table = page[page.index("| rule | jobs |") : page.index("| first look:")]
    shown = {
        name.strip("*"): int(jobs) for name, jobs in re.findall(r"^\| ([*\w ,]+?)(?::[^|]*)? \| (\d+) \|", table, re.M)
    }
    plan = snakemake(ROOT, "--dry-run", "--configfile", "workflow/experiments/smollm2.yaml")
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
    answer = README[README.index("## The answer in Pocket") : README.index("![How far")]
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
        (rf"and behind by the gold rating \({number},", ("and behind by gold ({})",)),
        (
            rf"By the judges, `level2_mean` is behind .*, by less .*: {number} SFT",
            ("behind by the judges ({}), by less",),
        ),
        (rf"By the gold .* `level2_mean` is equivalent .*: {number} SFT", ("is equivalent by gold ({}, margin",)),
    ):
        values = re.search(said, verdict).groups()
        for value, words in zip(values, quoted, strict=True):
            assert words.format(value) in answer


def test_the_second_worlds_numbers_are_those_of_its_summary():
    summary = json.loads((ROOT / "results" / "divided" / "statistics" / "summary.json").read_text())
    worst = {row["arm"]: f"{row['mean']:.2f}" for row in summary["worst_tenth"]}
    said = " ".join(README.split())
    sharper = max(mean for arm, mean in worst.items() if arm.startswith("sft_0"))
    p = {row["arm"]: f"{row['p_level1']:.4f}" for row in summary["worst_tenth"]}["level2_cvar"]
    assert f"give SFT {worst['sft']} rating points ({sharper} at its best temperature)" in said
    assert f"the scalar reward's policy {worst['level1_scalar']}, and one trained on the worst tenth" in said
    assert f"of the learned distribution {worst['level2_cvar']} (p {p}, uncorrected)." in said


def test_another_sft_models_numbers_are_those_of_its_summary():
    summary = json.loads((ROOT / "results" / "another_sft" / "statistics" / "summary.json").read_text())
    rows = {
        row["metric"]: row
        for row in summary["contrasts"]
        if (row["name"], row["decoding"]) == ("level1", "sampled") and row["metric"] != "own"
    }
    assert (rows["judges"]["verdict"], rows["gold"]["verdict"]) == ("rose", "inconclusive")
    said = f"rose by {rows['judges']['estimate']:+.2f}, and by gold {rows['gold']['estimate']:+.2f} is not shown"
    assert said in " ".join(README.split())


def test_the_real_models_numbers_are_those_of_its_replicates():
    folder, page = ROOT / "results" / "smollm2_cpu", read("smollm2.md")
    arms, metrics = ("level1_scalar", "level2_win", "level2_mean"), ["judges", "gemma"]
    paths = [path for path in folder.glob("evaluations/seed?.parquet")]
    scored = pd.concat(map(pd.read_parquet, paths), ignore_index=True)
    scored = in_sft_units(scored, sft_units(scored)).query("decoding == 'sampled'")
    means = scored.groupby(["arm", "seed"])[[*metrics, "log_ratio", "tokens", "finished"]].mean()
    for arm in arms:
        rows, rises = scored[scored["arm"] == arm], means.loc[arm, metrics] - means.loc["sft", metrics]
        own = (rows["own"] - rows["own_sft"]).groupby(rows["seed"]).mean()
        for seed, row in means.loc[arm].iterrows():
            told = [f"{own[seed]:+.2f}", *(f"{rises.loc[seed, metric]:+.2f}" for metric in metrics)]
            told += [f"{row['log_ratio']:.2f}", f"{row['tokens']:.1f}", f"{100 * row['finished']:.0f} %"]
            assert f"| {seed} | {arm} | {' | '.join(told)} |" in page
    sharper = [means.loc[f"sft_{one}", metrics] - means.loc["sft", metrics] for one in (0.8, 0.6, 0.4)]
    best = pd.concat(sharper).groupby("seed").max()
    ends = [f"{best[name].min():+.2f} to {best[name].max():+.2f}" for name in metrics]
    assert f"stands at {ends[0]} by the judges and {ends[1]} by Gemma's" in page


def finished_share(arm, seed):
    """Of an arm's sampled responses, scored ones or those that are not scored yet."""
    folder = ROOT / "results" / "smollm2_cpu" / "evaluations"
    sampled = folder / arm / f"seed{seed}_responses.parquet"
    responses = pd.read_parquet(sampled if sampled.exists() else folder / f"seed{seed}.parquet")
    return responses.query("decoding == 'sampled' and arm == @arm")["finished"].mean()


def test_what_reward_models_give_cut_off_answers_is_theirs():
    folder, page = ROOT / "results" / "smollm2_cpu", read("smollm2.md")
    judged = pd.read_parquet(folder / "evaluations" / "seed1000.parquet").query("decoding == 'sampled'")
    judged = judged.sort_values(["prompt_id", "sample"])
    pools = [pd.read_parquet(path) for path in sorted((folder / "reward_models" / "pool").glob("*.parquet"))]
    assert f"| arm | {' | '.join(str(pool['seed'].iloc[0]) for pool in pools)} |" in page
    place = ["prompt_id", "sample"]
    pools = [pool.merge(judged[[*place, "finished"]], on=place).sort_values(place) for pool in pools]
    for arm in ("level1_scalar", "level2_win", "level2_mean"):
        worth = [worth_of_the_end(pool, [arm])[arm] for pool in pools]
        assert f"| {arm} | {' | '.join(f'{value:+.2f}' for value in worth)} |" in page
    for arm in ("level1_scalar", "level2_win", "level2_mean"):
        assert f"| {arm} | {' | '.join(f'{100 * finished_share(arm, seed):.0f} %' for seed in range(1, 8))} |" in page
    sft = [f"{100 * finished_share('sft', seed):.0f}" for seed in range(1, 8)]
    assert f"(SFT: {min(sft)} to {max(sft)} %)" in page
    ended = {seed: finished_share("level1_ended", seed) for seed in (1, 5)}
    told = [
        f"in replicate {seed} {100 * ended[seed]:.0f} %{are} {100 * finished_share('level1_scalar', seed):.0f} %"
        for seed, are in ((5, " are finished with it and"), (1, " and"))
    ]
    assert [words for words in told if words not in " ".join(page.split())] == []
    names = ["judge_101", "judge_102", "judge_103", "gemma_201", "ngrams_301"]
    worth = [f"{value:+.2f}" for value in worth_of_the_end(judged, names).values()]
    assert f"{', '.join(worth[:3])} by those of SmolLM2's make, {worth[3]} by Gemma's, {worth[4]} by" in page


def test_the_second_reading_is_that_of_its_rows():
    folder, page = ROOT / "results" / "smollm2_cpu" / "second_reading", read("smollm2.md")
    table = pd.concat(map(pd.read_parquet, sorted(folder.glob("seed*.parquet"))), ignore_index=True)
    scored = in_sft_units(table, sft_units(table)).query("decoding == 'sampled'")
    readers = ["judges", "judge_with_end", "gemma", "gemma_with_end"]
    means = scored.groupby(["arm", "seed"])[readers].mean()
    for arm in ("level1_scalar", "level2_win", "level2_mean"):
        for seed, row in (means.loc[arm] - means.loc["sft"]).iterrows():
            assert f"| {seed} | {arm} | {' | '.join(f'{value:+.2f}' for value in row)} |" in page
    pairs = (("level1_scalar", "sft"), ("level2_win", "level1_scalar"), ("level2_mean", "level1_scalar"))
    tests = {
        reader: [
            exact_sign_flip_p((means.loc[one, reader] - means.loc[other, reader]).to_numpy()) for one, other in pairs
        ]
        for reader in readers
    }
    for place, (one, other) in enumerate(pairs):
        cells = [
            f"{(means.loc[one, reader] - means.loc[other, reader]).mean():+.2f} ({holm(tests[reader])[place]:.4f})"
            for reader in readers
        ]
        assert f"| {one} − {other} | {' | '.join(cells)} |" in page
    rows = [means.loc[(arm, n)] - means.loc[("sft", n)] for arm in ("level2_win", "level2_mean") for n in (1, 3, 5)]
    ends = [f"{min(row[name] for row in rows):+.2f} to {max(row[name] for row in rows):+.2f}" for name in readers]
    told = "{} as they are and at {} with an end mark, Gemma's at {} and at {}.".format(*ends)
    assert told in " ".join(page.split())
    for name, kind in (("judge_101", "judge/seed101"), ("gemma_201", "gemma/seed201")):
        paths = folder.parent / "reward_models" / f"{kind}_validation.parquet", folder / f"{name}_validation.parquet"
        scores = [
            pd.read_parquet(path).map(lambda cell: cell[0] if isinstance(cell, np.ndarray) else cell) for path in paths
        ]
        same = np.mean(
            (scores[0]["chosen_outputs"] > scores[0]["rejected_outputs"])
            == (scores[1]["chosen_outputs"] > scores[1]["rejected_outputs"])
        )
        levels = [table[["chosen_outputs", "rejected_outputs"]].to_numpy().mean() for table in scores]
        told = (f"{100 * same:.0f} %", f"{levels[0]:+.2f} and {levels[1]:+.2f}")
        assert all(part in page for part in told)
    sharper = pd.concat([means.loc[f"sft_{one}"] - means.loc["sft"] for one in (0.8, 0.6, 0.4)]).dropna()
    best = sharper.groupby("seed").max()[["judges", "gemma"]]
    beyond = (means.loc["level1_scalar"] - means.loc["sft"] - best).dropna(how="all")
    told = [part[name] for part in (best, beyond) for name in best]
    ends = [f"{part.min():+.2f} to {part.max():+.2f}" for part in told]
    said = (
        "In replicates 1 to {} SFT was read at lower temperatures too. At its best one it stands at {} by the judge and"
    )
    said += " {} by Gemma's; Level 1 is {} and {} beyond that."
    assert said.format(best.index.max(), *ends) in " ".join(page.split())
    rises = means.loc["level1_scalar"] - means.loc["sft"]
    ends = [f"{rises[name].min():+.2f} to {rises[name].max():+.2f}" for name in ("judges", "gemma")]
    assert f"by {ends[0]} SFT standard deviations, by one of another make by {ends[1]}" in " ".join(README.split())
    assert f"rose in each of {len(rises)} replicates" in README


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """What the real experiment's reward models and judges give the pool before and after their training."""
    folder, path = ROOT / "results" / "smollm2_cpu", tmp_path_factory.mktemp("untrained") / "untrained.csv"
    measure_untrained.main(
        ["--untrained", str(folder / "reward_models" / "untrained.parquet")]
        + ["--pools", *map(str, sorted((folder / "reward_models" / "pool").glob("*.parquet")))]
        + ["--judged", str(folder / "evaluations" / "seed1000.parquet"), "--output", str(path)]
        + ["--arms", "level1_scalar", "level2_mean", "level1_raw_lengths", "placebo"]
        + ["--kinds", "scalar", "ratings", "scalar_raw", "shuffled"]
    )
    return pd.read_csv(path)


def test_what_untrained_heads_tell_is_what_they_tell(untrained):
    page = " ".join(read("smollm2.md").split())
    kinds = {
        "level1_scalar": "scalar",
        "level2_mean": "ratings",
        "level1_raw_lengths": "scalar_raw",
        "placebo": "shuffled",
    }
    columns = ["start_cut_off", "cut_off", "start_ended", "ended"]
    for row in untrained.to_dict("records"):
        name = row["scorer"] if pd.isna(row["seed"]) else f"{kinds[row['scorer']]}_{row['seed']:.0f}"
        assert f"| {name} | {' | '.join(f'{row[column]:.2f}' for column in columns)} |" in page
    moved = [
        ((untrained[name] - untrained[f"start_{name}"]).abs() / untrained["deviation"]).mean()
        for name in ("cut_off", "ended")
    ]
    assert "by {:.2f} SFT standard deviations on average and finished ones by {:.2f}.".format(*moved) in page
    signs = (untrained["start_cut_off"] - untrained["ended"]) * (untrained["cut_off"] - untrained["ended"]) > 0
    assert f"In {signs.sum()} of {len(signs)} models it tells the sign" in page


def test_untrained_heads_foretell_which_policies_finish():
    folder, page = ROOT / "results" / "smollm2_cpu", " ".join(read("smollm2.md").split())
    scores, told = pd.read_parquet(folder / "reward_models" / "untrained.parquet"), {}
    cut = scores[~scores["finished"]]
    for kind, arms in (("scalar", ["level1_scalar"]), ("ratings", ["level2_mean", "level2_win"])):
        scales = [read_json(folder / "training" / arms[0] / f"seed{seed}_scale.json") for seed in range(1, 8)]
        told[kind] = np.array(
            [
                (cut[f"{kind}_{seed}"].mean() - scale["mean"]) / scale["deviation"]
                for seed, scale in enumerate(scales, start=1)
            ]
        )
        said = []
        for arm in arms:
            shares = np.array([finished_share(arm, seed) for seed in range(1, 8)])
            correlation, p = exact_correlation(told[kind], shares)
            said.append(f"{arm} {correlation:+.2f} (p {p:.4f})")
        assert f"| {kind} | {' | '.join(f'{value:+.2f}' for value in told[kind])} | {', '.join(said)} |" in page
    assert (told["ratings"] > 1).sum() == 4 and (told["scalar"] > 1).sum() == 0
    gap = told["ratings"] - told["scalar"]
    assert f"a difference of {gap.mean():+.2f} (exact p {exact_sign_flip_p(gap):.4f}, asked afterwards)" in page


def test_each_kind_of_bad_input_is_listed_with_what_is_said():
    said = read("bad_inputs.md").splitlines()[8:]
    words = [words for _, words in WRONG_CONFIGS] + [kind[-1] for kind in WRONG_FILES]
    assert len(said) == len(words) > 40
    assert [one for one, line in zip(words, said) if one not in line] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if target.startswith("http"):
            continue
        path, _, place = target.partition("#")
        linked = (page.parent / path).resolve()
        assert linked.exists(), target
        if place:
            titles = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)
            assert place in [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles], target


def test_readme_is_read_to_its_end():
    assert len(README.splitlines()) <= 150
