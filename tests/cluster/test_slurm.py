"""The smoke experiment through a real Slurm of two nodes, one of which dies: the same bytes as without a cluster.

Where Slurm is not installed this is skipped. Debian's packages, and the plugin into .venv:
    apt-get install slurmctld slurmd slurm-client munge
    .venv/bin/python -m pip install -r envs/requirements-slurm.txt
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml
from runs import SMOKE, copy_project

SLURM = Path(__file__).with_name("slurm.sh")
NEEDED = ("slurmctld", "slurmd", "munged", "sbatch", "srun")
# Enough for every kind of job: a model's, one after others, in a group, from data to scores.
OVERLAY = {
    "policies": ["level1_scalar", "level2_win"],
    "arms": {"level1_early": {"seeds": [1]}, "level2_win": {"seeds": [1, 2]}},
}
TARGETS = [f"results/smoke/evaluations/seed{seed}.parquet" for seed in (1, 2)]


def missing():
    path = os.environ["PATH"] + ":/usr/sbin"
    programs = [name for name in NEEDED if shutil.which(name, path=path) is None]
    plugin = importlib.util.find_spec("snakemake_executor_plugin_slurm")
    return ", ".join(programs + ([] if plugin else ["snakemake-executor-plugin-slurm"]))


pytestmark = pytest.mark.skipif(bool(missing()), reason=f"no Slurm here: {missing()}")


@pytest.fixture
def cluster(tmp_path):
    """The environment of a running Slurm's user."""
    folder = tmp_path / "slurm"
    subprocess.run([SLURM, "start", folder], check=True)
    yield os.environ | {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{folder}/bin:{os.environ['PATH']}"}
    subprocess.run([SLURM, "stop", folder], check=True)


def command(*words):
    return [sys.executable, "-m", "snakemake", *TARGETS, *words, "--configfile", SMOKE, "overlay.yaml"]


def project(folder):
    path = copy_project(folder)
    (path / "overlay.yaml").write_text(yaml.safe_dump(OVERLAY))
    return path


def digests(folder):
    """A digest a file that the workflow made, but for what tells of times."""
    results = folder / "results" / "smoke"
    files = [path for path in sorted(results.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    timed = ("logs", "benchmarks")
    # A policy's metrics have a column of speeds.
    return {
        str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.relative_to(results).parts[0] not in timed
        and not (path.parts[-3] == "training" and path.suffix == ".csv")
    }


def wait_for(cluster, work, what, seconds=600):
    """Slurm's number of the first running job whose comment has `what`, and its node."""
    for _ in range(seconds):
        shown = subprocess.run(
            ["squeue", "--noheader", "--states=R", "--format=%i|%N|%k"], env=cluster, capture_output=True, text=True
        )
        for line in shown.stdout.splitlines():
            job, node, comment = line.split("|", 2)
            if what in comment:
                return job, node
        assert work.poll() is None, f"it ended before a job of {what} ran"
        time.sleep(1)
    raise AssertionError(f"no job of {what} ran within {seconds} s")


def kill_node(cluster, node):
    """Kill a node's daemon, and all that it runs, without warning."""
    shown = subprocess.run(
        ["squeue", "--noheader", "-w", node, "--format=%i"], env=cluster, capture_output=True, text=True
    )
    jobs = shown.stdout.split()
    pid_file = Path(cluster["SLURM_CONF"]).with_name(f"{node}.pid")
    os.kill(int(pid_file.read_text()), 9)
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if any(f"slurmstepd: [{job}." in words for job in jobs):
            for child in [*process.children(recursive=True), process]:
                child.kill()


def test_a_cluster_that_loses_a_job_and_a_node_makes_the_same_bytes(tmp_path, cluster):
    alone, spread = project(tmp_path / "alone"), project(tmp_path / "spread")
    subprocess.run([*command("--cores", "2")], cwd=alone, check=True, capture_output=True)
    quick = ["--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2"]
    profile = ["--workflow-profile", "workflow/profiles/slurm", "--slurm-status-command", "squeue"]
    # Nodes of two cores hold two policies.
    words = command(*profile, *quick, "--group-components", "policies=2")
    with (tmp_path / "log").open("w") as log:
        work = subprocess.Popen(words, cwd=spread, env=cluster, stdout=log, stderr=subprocess.STDOUT)
        job, _ = wait_for(cluster, work, "train_reward_model")
        subprocess.run(["scancel", job], env=cluster, check=True)
        _, node = wait_for(cluster, work, "policies")
        kill_node(cluster, node)
        work.wait(timeout=1500)
    said = (tmp_path / "log").read_text()
    assert work.returncode == 0, said[-4000:]
    assert "Trying to restart job" in said
    assert digests(spread) == digests(alone)
