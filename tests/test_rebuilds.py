"""What a change rebuilds, in a copy of the project in which the smoke experiment has run."""

import json
import os
import re
import shutil
import time

import pytest
import yaml
from conftest import ROOT
from runs import SMOKE, planned, snakemake

# Level 1 in two replicates, six other arms in one; beside them Level 1 after few steps, for the gradient study.
POLICIES, EARLY, SEEDS = 8, 1, 2
STATISTICS_ONWARDS = {
    "compare_arms": 1,
    "sum_costs": 1,
    "trace_training": 1,
    "quote_training": 1,
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


def test_run_again_there_is_nothing_to_do(project):
    assert planned(project) == {}


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
        "score_proxy": SEEDS,
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
        "score_proxy": 1,
        "score_responses": 1,
        "rate_samples": 1,
        # Its signal is screened before RL like the others'.
        "score_pool": 1,
        "measure_signals": 1,
        "measure_untrained": 1,
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
        "score_proxy": 1,
        "score_responses": 1,
        "score_pool": 1,
        "measure_reward_models": 1,
        "measure_signals": 1,
        "score_untrained": 1,
        "measure_untrained": 1,
        "measure_oracle": 1,
        "plot_reward_models": 1,
        **STATISTICS_ONWARDS,
    }


def test_what_is_not_asked_for_is_not_made(project):
    """A replicate that only judges read, no study of the gradient, no batch of TRL's."""
    studies = {"gradients": False, "trl": False}
    plan = planned(project, {"evaluation": {"proxy_seeds": [2]}, "studies": studies, "lengths": {"max_new_tokens": 11}})
    assert plan["score_proxy"] == plan["score_pool"] == 1 and plan["score_responses"] == SEEDS + 1
    assert not {"study_gradients", "compare_with_trl", "rate_samples"} & set(plan)
    assert plan["train_policy"] == POLICIES  # and none of few steps


def test_one_more_judge_rescores_and_retrains_nothing(project):
    plan = planned(project, {"judges": {"judge": [101, 102]}})
    assert plan["train_reward_model"] == 1 and plan["score_responses"] == SEEDS + 1  # and the pool
    assert not {"train_policy", "sample_responses", "score_proxy"} & set(plan)


def test_an_edit_in_a_module_reruns_the_rules_that_import_it(project, edit):
    edit("workflow/scripts/align/reinforce.py", "\n# an edit\n")
    assert planned(project) == {
        "train_policy": POLICIES + EARLY,
        "sample_responses": POLICIES,
        "score_proxy": SEEDS,
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
        "score_proxy",
        "score_responses",
        "rate_samples",
    }
    plan = planned(fork, fleeting | {"judges": {"judge": [101, 102]}})
    assert plan["train_reward_model"] == 1 and plan["score_responses"] == SEEDS + 1  # and the pool
    assert not {"train_policy", "sample_responses", "score_proxy"} & set(plan)


def test_a_reward_model_that_is_not_kept_goes_once_it_has_scored_and_is_not_missed(fork):
    smoke = fork / "results" / "smoke"
    shutil.rmtree(smoke / "reward_models" / "scalar" / "seed2")
    # What it gave is enough for new scores; without that it is trained anew.
    (smoke / "evaluations" / "seed2.parquet").unlink()
    assert "train_reward_model" not in planned(fork)
    (smoke / "evaluations" / "seed2_proxy.parquet").unlink()
    (fork / "disk.yaml").write_text(yaml.safe_dump({"runtime": {"keep_reward_models": False}}))
    output = snakemake(fork, "results/smoke/evaluations/seed2.parquet", "--configfile", SMOKE, "disk.yaml")
    assert "rule train_reward_model" in output and (smoke / "evaluations" / "seed2.parquet").exists()
    assert not (smoke / "reward_models" / "scalar" / "seed2").exists()
    for folder in (smoke / "reward_models").glob("*/seed*/"):
        shutil.rmtree(folder)
    assert "train_reward_model" not in planned(fork, {"runtime": {"keep_reward_models": False}})
