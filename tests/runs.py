"""Copies of the project, and Snakemake run in them."""

import re
import shutil
import subprocess
import sys

import yaml
from conftest import ROOT

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
