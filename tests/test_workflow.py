"""The whole workflow on the smoke experiment, in a copy of the project: what it makes, and what a change rebuilds."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
import yaml
from conftest import ROOT, letter_tokenizer, save_letter_model
from faults.wrong import WRONG_CONFIGS

SMOKE = "workflow/experiments/smoke.yaml"
LEFT_OUT = (".git", ".venv", ".snakemake", "__pycache__", ".pytest_cache", ".ruff_cache", "results", "report.md")


def copy_project(folder):
    return shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))


def snakemake(project, *words, check=True):
    """Run Snakemake in a copy of the project; returns what it printed."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *words]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    output = done.stdout + done.stderr
    assert not check or done.returncode == 0, output[-4000:]
    return output


def planned(project, overlay=None):
    """How many jobs of each rule a dry run plans, with the smoke experiment changed by `overlay`."""
    configs = [SMOKE]
    if overlay:
        (project / "overlay.yaml").write_text(yaml.safe_dump(overlay))
        configs.append("overlay.yaml")
    output = snakemake(project, "--dry-run", "--configfile", *configs)
    table = re.search(r"^job +count\n-+ +-+\n(.*?)^total", output, re.DOTALL | re.MULTILINE)
    if table is None:
        assert "Nothing to be done" in output, output[-4000:]
        return {}
    counts = {name: int(count) for name, count in (line.split() for line in table[1].splitlines())}
    assert counts.pop("all", 1) == 1
    return counts


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A copy of the project in which the smoke experiment has run."""
    folder = copy_project(tmp_path_factory.mktemp("smoke") / "project")
    snakemake(folder, "--configfile", SMOKE)
    return folder


@pytest.fixture
def edit(project):
    """A function that changes a file of the copy until the test's end."""
    originals = {}

    def change(name, text):
        path = project / name
        originals[path] = path.read_text()
        path.write_text(originals[path] + text)

    yield change
    for path, text in originals.items():
        path.write_text(text)


# Level 1 in two replicates, six other arms in one; beside them Level 1 after few steps, for the gradient study.
POLICIES, EARLY, SEEDS = 8, 1, 2
STATISTICS_ONWARDS = {
    "compare_arms": 1,
    "sum_costs": 1,
    "trace_training": 1,
    "compare_at_equal_kl": 1,
    "compare_at_equal_entropy": 1,
    "relate_differences": 1,
    "summarise_results": 1,
    "measure_responses": 1,
    "make_samples": 1,
    "plot_answer": 1,
    "plot_training": 1,
    "plot_matrix": 1,
    "plot_responses": 1,
    "plot_overoptimisation": 1,
    "plot_ladder": 1,
    "plot_frontier": 1,
    "plot_contrasts": 1,
    "state_findings": 1,
    "write_report": 1,
}


def test_the_smoke_experiment_ends_in_its_report(project):
    results = project / "results" / "smoke"
    summary = json.loads((results / "statistics" / "summary.json").read_text())
    declared = yaml.safe_load((ROOT / "config.yaml").read_text())["statistics"]["contrasts"]
    trained = {*yaml.safe_load((ROOT / SMOKE).read_text())["policies"], "sft", "sft_again"}
    expected = {row["name"] for row in declared if {row["arm"], row["against"]} <= trained}
    assert {row["name"] for row in summary["contrasts"]} == expected
    estimate = next(r["estimate"] for r in summary["contrasts"] if r["name"] == "level1" and r["metric"] == "gold")
    report = (results / "report.md").read_text()
    assert f"{estimate:+.2f} SFT standard deviations" in report
    # Two replicates can show nothing, whatever the estimate: the words follow from the test.
    assert "was not shown to change" in report and "rose" not in report
    for page in (results / "report.md", *(results / "appendix").iterdir()):
        for linked in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
            assert (page.parent / linked).resolve().is_file(), (page.name, linked)
    assert not (project / "report.md").exists()  # pocket's own
    assert not list((results / "training" / "state").iterdir())


def test_no_row_of_the_evaluation_is_missing(project):
    import pandas as pd

    declared = yaml.safe_load((ROOT / SMOKE).read_text())
    trained = {seed: [arm for arm in declared["policies"] if arm == "level1_scalar" or seed == 1] for seed in (1, 2)}
    for seed, arms in trained.items():
        table = pd.read_parquet(project / f"results/smoke/evaluations/seed{seed}.parquet").set_index("arm")
        rows = {name: 24 * (2 + 1) for name in ("sft", "sft_again", *arms)}
        # At another temperature there is no other greedy response.
        assert table.index.value_counts().to_dict() == rows | {"sft_0.5": 24 * 2}
        assert table.loc[arms].notna().all().all()
        own = [name for name in table if name.startswith("own")]
        assert table.loc[["sft", "sft_again", "sft_0.5"], own].isna().all().all()
        assert table.drop(columns=own).notna().all().all()


def test_the_sft_model_at_other_temperatures_is_in_the_tables_and_not_in_the_contrasts(project):
    import pandas as pd

    statistics = project / "results" / "smoke" / "statistics"
    for name in ("arms", "responses"):
        rows = pd.read_csv(statistics / f"{name}.csv").set_index(["arm", "decoding"])
        assert rows.loc[("sft_0.5", "sampled"), "judges"].notna().all() and ("sft_0.5", "greedy") not in rows.index
    summary = json.loads((statistics / "summary.json").read_text())
    assert "sft_0.5" not in {row["arm"] for row in summary["contrasts"]}
    compared = {row["arm"] for row in summary["equal_entropy"]}
    assert {"level1_scalar", "sft_again"} <= compared and not {"sft", "sft_0.5"} & compared


def test_the_noise_floor_is_other_samples_of_the_same_model(project):
    import pandas as pd

    table = pd.read_parquet(project / "results/smoke/evaluations/sft/seed1_responses.parquet")
    one, other = (table[table["arm"] == arm].reset_index(drop=True) for arm in ("sft", "sft_again"))
    greedy, sampled = one["decoding"] == "greedy", one["decoding"] == "sampled"
    assert (one["response"] == other["response"])[greedy].all()
    assert not (one["response"] == other["response"])[sampled].all()
    assert one["log_ratio"].abs().max() < 1e-3


def test_run_again_there_is_nothing_to_do(project):
    assert planned(project) == {}


@pytest.fixture
def fork(project, tmp_path):
    """A copy of the project with its results, for a test that changes them."""
    return shutil.copytree(project, tmp_path / "project")


def test_a_policy_that_is_not_kept_goes_once_it_is_sampled_and_no_judge_needs_it(fork):
    results, fleeting = fork / "results" / "smoke", {"runtime": {"keep_policies": False}}
    policy, responses = (results / name / "level2_win" for name in ("policies", "evaluations"))
    (responses / "seed1_responses.parquet").unlink()
    (fork / "disk.yaml").write_text(yaml.safe_dump(fleeting))
    target = str((responses / "seed1_responses.parquet").relative_to(fork))
    snakemake(fork, target, "--configfile", SMOKE, "disk.yaml")
    assert (responses / "seed1_responses.parquet").exists() and not (policy / "seed1").exists()
    shutil.rmtree(results / "policies")
    # None of them is missed, neither by what follows from the responses nor by a new judge.
    assert planned(fork, fleeting).keys() <= STATISTICS_ONWARDS.keys() | {
        "score_own",
        "score_responses",
        "rate_samples",
    }
    plan = planned(fork, fleeting | {"judges": {"judge": [101, 102]}})
    assert plan["train_reward_model"] == 1 and plan["score_responses"] == SEEDS + 1  # and the pool
    assert not {"train_policy", "sample_responses", "score_own"} & set(plan)


def test_a_reward_model_that_is_not_kept_goes_once_it_has_scored_and_is_not_missed(fork):
    smoke = fork / "results" / "smoke"
    shutil.rmtree(smoke / "reward_models" / "scalar" / "seed2")
    # What it gave is enough for new scores; without that it is trained anew.
    (smoke / "evaluations" / "seed2.parquet").unlink()
    assert "train_reward_model" not in planned(fork)
    (smoke / "evaluations" / "seed2_own.parquet").unlink()
    (fork / "disk.yaml").write_text(yaml.safe_dump({"runtime": {"keep_reward_models": False}}))
    output = snakemake(fork, "results/smoke/evaluations/seed2.parquet", "--configfile", SMOKE, "disk.yaml")
    assert "rule train_reward_model" in output and (smoke / "evaluations" / "seed2.parquet").exists()
    assert not (smoke / "reward_models" / "scalar" / "seed2").exists()
    for folder in (smoke / "reward_models").glob("*/seed*/"):
        shutil.rmtree(folder)
    assert "train_reward_model" not in planned(fork, {"runtime": {"keep_reward_models": False}})


def test_a_judge_of_another_make_reads_the_responses_in_its_own_tokens(fork, tmp_path):
    import pandas as pd
    import torch
    from transformers import AutoModelForSequenceClassification, LlamaForCausalLM

    save_letter_model(tmp_path / "letters", LlamaForCausalLM)
    base = {"source": str(tmp_path / "letters"), "package": None, "weights": "loaded"}
    base |= dict.fromkeys(("revision", "tokenizer", "pad_token"))
    overlay = {
        "bases": {"letters": base},
        "reward_models": {"spelling": {"fold": "judge", "labels": "given", "head": "scalar", "base": "letters"}},
        "judges": {"spelling": [201]},
    }
    (fork / "make.yaml").write_text(yaml.safe_dump(overlay))
    results = fork / "results" / "smoke"
    output = snakemake(fork, "--configfile", SMOKE, "make.yaml")
    assert "rule train_reward_model" in output and "rule sample_responses" not in output
    for name in ("arms", "responses"):
        assert pd.read_csv(results / "statistics" / f"{name}.csv")["spelling"].notna().all()
    assert "By the judges `spelling`, of another make, " in (results / "statistics" / "verdict.txt").read_text()
    # By hand: prompt, line, response, letter by letter; EOS where the policy ended by itself and nowhere else.
    letters = letter_tokenizer()
    judge = AutoModelForSequenceClassification.from_pretrained(results / "reward_models" / "spelling" / "seed201")
    table = pd.read_parquet(results / "evaluations" / "seed2.parquet")
    for finished in (True, False):
        row = table[table["finished"] == finished].iloc[0]
        ids = letters(f"{row['prompt']}\n{row['response']}")["input_ids"] + [letters.eos_token_id] * finished
        with torch.no_grad():
            expected = judge(torch.tensor([ids])).logits.item()
        assert row["spelling_201"] == pytest.approx(expected, abs=1e-4)


def test_new_times_and_a_fresh_checkout_rebuild_nothing(project):
    later = time.time() + 10
    for path in project.rglob("*"):
        if path.is_file() and not {"results", ".snakemake"} & set(path.relative_to(project).parts):
            os.utime(path, (later, later))
    assert planned(project) == {}
    for name in ("workflow", "config.yaml", "Snakefile"):
        source, target = ROOT / name, project / name
        if source.is_dir():
            shutil.rmtree(target)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.unlink()
            shutil.copy(source, target)
    assert planned(project) == {}


def test_a_fresh_clone_runs_from_the_beginning(tmp_path):
    # Its report, statistics and figures are committed, and a checkout may give all files one time.
    project = copy_project(tmp_path / "project")
    shutil.copy(ROOT / "report.md", project)
    for name in ("statistics", "figures"):
        shutil.copytree(ROOT / "results" / "pocket" / name, project / "results" / "pocket" / name)
    for path in project.rglob("*"):
        os.utime(path, (1e9, 1e9))
    plan = snakemake(project, "--dry-run")
    for rule in (
        "make_pocket",
        "train_sft",
        "train_reward_model",
        "train_policy",
        "sample_responses",
        "score_own",
        "score_responses",
    ):
        assert re.search(rf"^{rule} +[1-9]", plan, re.MULTILINE), rule


def test_a_figures_setting_redraws_and_rewrites(project):
    names = (
        "answer",
        "training",
        "frontier",
        "contrasts",
        "reward_models",
        "matrix",
        "responses",
        "overoptimisation",
        "ladder",
    )
    plots = {f"plot_{name}": 1 for name in names}
    assert planned(project, {"figures": {"dpi": 90}}) == plots | {"write_report": 1}


def test_a_threshold_of_findings_says_things_anew(project):
    words = {"summarise_results": 1, "state_findings": 1, "write_report": 1}
    assert planned(project, {"findings": {"one_piece": 0.8}}) == words


def test_kl_coef_rebuilds_policies_onwards(project):
    # The control sets a kl_coef of its own, so that the common one does not concern it.
    assert planned(project, {"reinforce": {"kl_coef": 0.2}}) == {
        "train_policy": POLICIES - 1 + EARLY,
        "sample_responses": POLICIES - 1,
        "score_own": SEEDS,
        "score_responses": SEEDS,
        "rate_samples": 1,
        "study_gradients": 1,
        "compare_with_trl": 1,
        **STATISTICS_ONWARDS,
    }


def test_one_more_arm_is_that_arm_and_the_statistics(project):
    arms = list(yaml.safe_load((ROOT / SMOKE).read_text())["policies"])
    overlay = {"policies": [*arms, "level2_cvar"], "arms": {"level2_cvar": {"seeds": [1]}}}
    assert planned(project, overlay) == {
        "train_policy": 1,
        "sample_responses": 1,
        "score_own": 1,
        "score_responses": 1,
        "rate_samples": 1,
        # Its signal is screened before RL like the others'.
        "score_pool": 1,
        "measure_signals": 1,
        "measure_oracle": 1,
        **STATISTICS_ONWARDS,
    }


def test_level_1_alone_needs_no_other_contrasts(project):
    plan = snakemake(project, "--dry-run", "--configfile", "workflow/experiments/level1.yaml")
    # One of them for the gradient study.
    assert re.search(r"^train_policy +9$", plan, re.MULTILINE)
    assert re.search(r"^train_reward_model +11$", plan, re.MULTILINE)


def test_one_more_seed_is_that_seed_and_the_statistics(project):
    assert planned(project, {"seeds": [1, 2, 3]}) == {
        "train_reward_model": 1,
        "train_policy": 1,
        "sample_responses": 2,
        "score_own": 1,
        "score_responses": 1,
        "score_pool": 1,
        "measure_reward_models": 1,
        "measure_signals": 1,
        "measure_oracle": 1,
        "plot_reward_models": 1,
        **STATISTICS_ONWARDS,
    }


def test_one_more_judge_rescores_and_retrains_nothing(project):
    plan = planned(project, {"judges": {"judge": [101, 102]}})
    assert plan["train_reward_model"] == 1 and plan["score_responses"] == SEEDS + 1  # and the pool
    assert not {"train_policy", "sample_responses", "score_own"} & set(plan)


def test_an_edit_in_a_module_reruns_the_rules_that_import_it(project, edit):
    edit("workflow/scripts/align/reinforce.py", "\n# an edit\n")
    assert planned(project) == {
        "train_policy": POLICIES + EARLY,
        "sample_responses": POLICIES,
        "score_own": SEEDS,
        "score_responses": SEEDS,
        "rate_samples": 1,
        "study_gradients": 1,
        "compare_with_trl": 1,
        **STATISTICS_ONWARDS,
    }


def test_an_edit_in_the_modules_package_concerns_all_of_them(project, edit):
    edit("workflow/scripts/align/__init__.py", "\n# an edit\n")
    assert {"make_pocket", "train_sft", "train_policy", "compare_arms"} <= set(planned(project))


def test_an_edit_in_statistics_retrains_nothing(project, edit):
    edit("workflow/scripts/findings/evidence.py", "\n# an edit\n")
    plan = set(planned(project))
    assert {"compare_arms", "measure_reward_models", "measure_signals", "compare_at_equal_kl"} <= plan
    assert not plan & {"train_sft", "train_policy", "sample_responses", "score_responses", "score_pool"}


def test_an_edit_in_the_report_rewrites_it(project, edit):
    edit("workflow/report/report.md.j2", "\nMore.\n")
    assert planned(project) == {"write_report": 1}


def test_a_comment_in_an_unrelated_script_rebuilds_nothing(project, edit):
    edit("workflow/scripts/load_sources.py", "\n# an edit\n")
    edit("tests/test_pocket.py", "\n# an edit\n")
    assert planned(project) == {}


def test_the_html_report_holds_the_figures(project):
    snakemake(project, "--configfile", SMOKE, "--report", "report.html")
    html = (project / "report.html").read_text()
    for caption in ("training curves", "reward against KL", "contrasts", "calibration and ratings"):
        assert caption in html


@pytest.mark.parametrize(("overlay", "message"), WRONG_CONFIGS)
def test_a_wrong_config_is_refused_before_anything_runs(project, overlay, message):
    (project / "wrong.yaml").write_text(yaml.safe_dump({"experiment": "wrong", **overlay}))
    output = snakemake(project, "--dry-run", "--configfile", SMOKE, "wrong.yaml", check=False)
    assert message in output
    assert len(output.splitlines()) < 10
    assert not (project / "results" / "wrong").exists()


def test_a_source_that_changes_is_loaded_again(project, tmp_path):
    rows = [{"prompt": f"p{i}", "chosen": "a", "rejected": "b", "chosen_rating": 2, "rejected_rating": 1} for i in "12"]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = project / "results" / "smoke" / "models" / "sft"
    overlay = {"experiment": "changed", "data": {"source": str(path)}, "model": {"source": str(model)}}
    (project / "changed.yaml").write_text(yaml.safe_dump(overlay))
    command = ("load_sources", "--configfile", "changed.yaml")
    snakemake(project, *command)
    assert "Nothing to be done" in snakemake(project, "--dry-run", *command)
    path.write_text(json.dumps(rows[0]) + "\n")
    assert "Nothing to be done" not in snakemake(project, "--dry-run", *command)
    snakemake(project, *command)
    assert len((project / "results/changed/data/preferences.jsonl").read_text().splitlines()) == 1


def test_another_experiment_never_writes_pockets_report(project):
    (project / "mine.yaml").write_text("experiment: mine\n")
    output = snakemake(project, "--dry-run", "--configfile", "mine.yaml")
    assert "results/mine/report.md" in output
    assert not re.search(r"output:.* report\.md", output) and "results/pocket" not in output


def test_every_key_of_the_config_is_described():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())

    def check(node, path):
        assert node.get("description"), f"{path} is not described"
        if node.get("type") == "object":
            assert node.get("additionalProperties") is not None, f"{path} takes unknown keys"
            for key, child in node.get("properties", {}).items():
                check(child, f"{path}.{key}")
        for inner in (node.get("items"), node.get("additionalProperties")):
            if isinstance(inner, dict) and inner.get("type") == "object":
                check(inner, f"{path}[]")

    check(schema, "config")


# What statistics, figures and report read: of experiments of hours it is committed.
ROWS = ("evaluations/seed*", "evaluations/*/*_preferred.csv", "reward_models/*/*_validation.parquet")
ROWS += ("reward_models/pool/*", "training/*/seed?.csv", "data/*.json", "data/tokens/*.json", "studies/**/*")
ROWS += ("statistics/cost.csv",)
# What gold is computed from.
TRUTH = ("training/*/*_rollouts.parquet", "data/tokens/train.parquet", "data/validation.jsonl")


def test_an_overlay_may_say_seeds_alone(project):
    # Arms with seeds of their own run for those of them that the experiment has.
    (project / "overlay.yaml").write_text("seeds: [2, 9]\n")
    output = snakemake(project, "--dry-run", "--configfile", "overlay.yaml")
    assert "results/pocket/policies/no_kl_penalty/seed2" in output
    # Of those that name none of them there is none.
    assert not re.search("no_kl_penalty/seed[139]|level2_mean_convex/", output)


def test_a_killed_run_goes_on_by_the_same_command(tmp_path):
    project = copy_project(tmp_path / "project")
    target = "results/smoke/data/preferences.jsonl"
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", SMOKE, "--", target]
    # A job that the kill finds at work.
    script = project / "workflow" / "scripts" / "make_pocket.py"
    whole = script.read_text()
    script.write_text(
        whole.replace("def main(", "def main(argv=None):\n    import time; time.sleep(60)\n\n\ndef first_main(")
    )
    killed = subprocess.Popen(command, cwd=project, start_new_session=True, stdout=subprocess.PIPE, text=True)
    while not list((project / ".snakemake" / "incomplete").glob("*")):
        time.sleep(0.1)
        assert killed.poll() is None
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    (project / target).write_text("half")  # what a job without atomic writes would have left
    script.write_text(whole)
    snakemake(project, "--configfile", SMOKE, "--unlock")
    snakemake(project, "--configfile", SMOKE, "--", target)
    assert len((project / target).read_text().splitlines()) == 400


def test_a_report_is_made_anew_from_its_rows_alone(project, tmp_path):
    copy, made = copy_project(tmp_path / "copy"), project / "results" / "smoke"
    for pattern in (*ROWS, *TRUTH):
        for path in filter(os.path.isfile, made.glob(pattern)):
            target = copy / "results" / "smoke" / path.relative_to(made)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    output = snakemake(copy, "--configfile", SMOKE, "workflow/experiments/from_rows.yaml")
    assert not re.search("^rule (train|sample|score)_", output, re.MULTILINE)
    for name in (
        "report.md",
        "appendix/level1.md",
        "samples.html",
        "statistics/summary.json",
        "statistics/findings.json",
    ):
        assert (copy / "results/smoke" / name).read_text() == (made / name).read_text()


def test_the_rows_of_the_real_experiments_are_not_ignored():
    rows = {"smollm2_cpu": ROWS, "smollm2_instructions": (*ROWS, *TRUTH)}
    paths = [
        f"results/{experiment}/{pattern.replace('**/*', 'a.csv').replace('*', 'a')}"
        for experiment, patterns in rows.items()
        for pattern in patterns
    ]
    ignored = subprocess.run(["git", "check-ignore", *paths], cwd=ROOT, capture_output=True, text=True)
    assert ignored.stdout == ""
    heavy = ["models/sft/a.safetensors", "policies/a/seed1/a", "data/packages/a/b.gguf", "reward_models/a/seed1/a"]
    for experiment in rows:
        paths = [f"results/{experiment}/{name}" for name in heavy]
        ignored = subprocess.run(["git", "check-ignore", *paths], cwd=ROOT, capture_output=True, text=True)
        assert ignored.stdout.split() == paths
