"""What statistics, figures and report read suffices to make them anew."""

import os
import re
import shutil
import subprocess

import pytest
from conftest import ROOT
from runs import SMOKE, copy_project, snakemake

# What statistics, figures and report read: of experiments of hours it is committed.
ROWS = ("evaluations/seed*", "evaluations/*/*_preferred.csv", "reward_models/*/*_validation.parquet")
ROWS += ("reward_models/pool/*", "training/*/seed?.csv", "data/*.json", "data/tokens/*.json", "studies/**/*")
ROWS += ("reward_models/untrained.parquet", "statistics/cost.csv", "training/*/*_rollouts.parquet")
# What gold is computed from.
TRUTH = ("data/tokens/train.parquet", "data/validation.jsonl")


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


def test_the_default_report_is_written_anew_from_its_committed_statistics_alone(tmp_path):
    listed = subprocess.run(["git", "ls-files", "results"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a git checkout with committed results")
    copy = copy_project(tmp_path / "copy")
    for name in listed.stdout.splitlines():
        if not name.endswith(".parquet"):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    page = (ROOT / "docs" / "running.md").read_text()
    words = re.search(r"^snakemake (--cores 1 --allowed-rules .*)$", page, re.MULTILINE)[1].split()
    output = snakemake(copy, *words)
    assert {*re.findall("^(?:local)?rule (.*):", output, re.MULTILINE)} == {"state_findings", "write_report"}
    for name in ("report.md", "results/pocket/appendix/level2.md", "results/pocket/statistics/findings.json"):
        assert (copy / name).read_text() == (ROOT / name).read_text()


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
