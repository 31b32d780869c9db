"""Harm the smoke experiment in every way that machines do, and count what it survives. Not among the default tests.

    .venv/bin/python tests/faults/campaign.py --kills 50 --full-disks 20

Kills of the whole process group at random moments, each followed by the same command; a disk without space; two runs at
once; files that are cut off. After each harm no file may be there that is not whole, which means: without
the bytes of a run that nothing harmed. Prints a table; exits with 1 if anything failed.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_OUT = (".git", ".venv", ".snakemake", "__pycache__", ".pytest_cache", ".ruff_cache", "results")
SMOKE = ("--configfile", "workflow/experiments/smoke.yaml")
# What tells of times, or of where a run is; and a training's saved state, which is written by a rename of its own.
TIMED = (
    "logs/",
    "benchmarks/",
    "appendix/method.md",
    "statistics/cost.csv",
    "statistics/summary.json",
    "training/state/",
)


# What is cut off, and a rule that reads it.
BROKEN = {
    "data/references.parquet": "train_policy",
    "reward_models/scalar/seed1/model.safetensors": "score_proxy",
    "models/sft/tokenizer.json": "sample_references",
    "evaluations/sft/seed1_responses.parquet": "score_responses",
    "evaluations/seed1.parquet": "compare_arms",
    "training/level1_scalar/seed1_rollouts.parquet": "score_responses",
    "statistics/arms.csv": "summarise_results",
}


class Project:
    """A copy of the project, its results perhaps on a disk of their own."""

    def __init__(self, folder: Path, results: Path | None = None) -> None:
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
        self.folder, self.results = folder, folder / "results" / "smoke"
        if results:
            (folder / "results").mkdir()
            self.results.symlink_to(results)

    def start(self, *more: str) -> subprocess.Popen:
        words = [sys.executable, "-m", "snakemake", "--cores", "2", *more, *SMOKE]
        log = (self.folder / "log.txt").open("w")
        return subprocess.Popen(words, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def run(self, *more: str) -> int:
        return self.start(*more).wait()

    def unlock(self) -> None:
        words = [sys.executable, "-m", "snakemake", "--unlock", *SMOKE]
        subprocess.run(words, cwd=self.folder, check=True, capture_output=True)

    def said(self) -> str:
        return (self.folder / "log.txt").read_text()

    def digests(self) -> dict[str, str]:
        """A digest of each file that a reader would take for whole."""
        found = {}
        for file in sorted(self.results.rglob("*")):
            name = str(file.relative_to(self.results))
            hidden = any(part.startswith(".") for part in Path(name).parts)
            # A policy's metrics have a column of speeds.
            timed = name.startswith(TIMED) or (name.startswith("training/") and name.endswith(".csv"))
            if file.is_file() and not hidden and not timed:
                found[name] = hashlib.sha256(file.read_bytes()).hexdigest()
        return found


class Campaign:
    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.random, self.tried, self.bad = folder, random.Random(seed), {}, []
        reference = Project(folder / "reference")
        began = time.monotonic()
        if reference.run() != 0:
            sys.exit(f"the smoke experiment itself fails: {reference.folder / 'log.txt'}")
        self.seconds, self.whole = time.monotonic() - began, reference.digests()

    def count(self, what: str, problem: str | None) -> None:
        tried, survived = self.tried.get(what, (0, 0))
        self.tried[what] = (tried + 1, survived + (problem is None))
        print(f"{what}, {tried + 1}: {problem or 'survived'}", flush=True)
        self.bad += [f"{what}: {problem}"] if problem else []

    def check(self, project: Project, ended: bool) -> str | None:
        """What is wrong with a project's files: half-written ones, or, where it `ended`, missing ones; or None."""
        found = project.digests()
        other = [name for name, digest in found.items() if self.whole.get(name) != digest]
        lacking = sorted(self.whole.keys() - found.keys()) if ended else []
        return f"not whole: {other[:3]}" if other else f"missing: {lacking[:3]}" if lacking else None

    def kills(self, number: int) -> None:
        """Kill runs until so many were killed: one that ends by itself is compared, and another begins."""
        killed, project = 0, None
        while killed < number:
            project = project or Project(self.folder / f"killed-{killed}")
            work = project.start()
            try:
                work.wait(timeout=self.random.uniform(2, self.seconds / 4))
            except subprocess.TimeoutExpired:
                os.killpg(work.pid, signal.SIGKILL)
                work.wait()
                time.sleep(1)  # until the last of the group is gone
                killed += 1
                self.count("kill", self.check(project, ended=False))
                project.unlock()
                continue
            self.count("run to its end after kills", self.end(work, project))
            project = None
        if project:
            self.count("run to its end after kills", self.end(project.start(), project))

    def end(self, work: subprocess.Popen, project: Project) -> str | None:
        return f"status {work.returncode}" if work.wait() else self.check(project, ended=True)

    def full_disks(self, number: int) -> None:
        """Give a run so many growing disks (a tmpfs; needs root): at each it fails in a line, at last it ends."""
        size = sum(
            file.stat().st_size for file in (self.folder / "reference/results/smoke").rglob("*") if file.is_file()
        )
        disk = self.folder / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
        try:
            project = Project(self.folder / "full", disk)
            for step in range(number):
                room = int(size * (step + self.random.random()) / number) + 65536
                subprocess.run(["mount", "-o", f"remount,size={room}", disk], check=True)
                if project.run() == 0:
                    break
                told = "no space is left on the disk" in project.said() or "No space left on device" in project.said()
                problem = None if told else "it does not say that the disk is full"
                self.count("full disk", problem or self.check(project, ended=False))
            subprocess.run(["mount", "-o", f"remount,size={4 * size}", disk], check=True)
            self.count("run to its end after full disks", self.end(project.start(), project))
        finally:
            subprocess.run(["umount", "-l", disk], check=True)

    def two_at_once(self) -> None:
        project = Project(self.folder / "two")
        first = project.start()
        time.sleep(self.seconds / 4)
        log = self.folder / "two-log.txt"
        words = [sys.executable, "-m", "snakemake", "--cores", "2", *SMOKE]
        with log.open("w") as out:
            second = subprocess.run(words, cwd=project.folder, stdout=out, stderr=subprocess.STDOUT)
        told = second.returncode != 0 and "cannot be locked" in log.read_text()
        self.count("a second run at once", None if told else "it is not refused")
        self.count("the first of two runs", self.end(first, project))

    def broken_files(self) -> None:
        """Cut off what a rule reads, one after the other: the job names it; it is made anew when it is asked for."""
        for name, rule in BROKEN.items():
            project = Project(self.folder / f"broken-{Path(name).name}-{len(self.tried)}")
            shutil.copytree(self.folder / "reference/results", project.folder / "results")
            shutil.copytree(self.folder / "reference/.snakemake", project.folder / ".snakemake")
            file = project.results / name
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])
            status, said = project.run("--forcerun", rule), project.said()
            named = f"error: results/smoke/{name} is broken" in said and "Traceback" not in said
            self.count("broken file", None if status and named else f"{name} is not named (status {status})")
            made = file.parent if name.startswith(("reward_models", "models")) else file  # what its rule makes
            shutil.rmtree(made) if made.is_dir() else made.unlink()
            status = project.run(str(made.relative_to(project.folder)), "all")
            lacks = None if file.exists() else f"{name} is not made anew"
            problem = f"status {status}" if status else lacks or self.check(project, ended=False)
            self.count("run to its end after a broken file", problem)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--full-disks", type=int, default=20, help="needs root and Linux")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder), args.seed)
        campaign.kills(args.kills)
        if args.full_disks:
            campaign.full_disks(args.full_disks)
        campaign.two_at_once()
        campaign.broken_files()
    print(f"\n{'harm':40}{'tried':>8}{'survived':>10}")
    for what, (tried, survived) in campaign.tried.items():
        print(f"{what:40}{tried:8}{survived:10}")
    sys.exit("\n".join(campaign.bad) if campaign.bad else 0)


if __name__ == "__main__":
    main()
