"""Give the workflow what is wrong, one kind after the other, and list what it says. Not among the default tests.

    .venv/bin/python tests/faults/bad_inputs.py > docs/bad_inputs.md

Each kind has to be refused in one line with a status other than 0, before anything of it is written. Exits with 1, and
tells of it on the error stream, if one is not. It takes some minutes.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "workflow" / "scripts")]
HEAD = """# What is refused, and what is said

Each of these was given to the smoke experiment, and refused in the line beside it: a config before anything is
written, a file before its pairs are tokenised. `python tests/faults/bad_inputs.py > docs/bad_inputs.md` makes the list.
The first are configs, the others files; `./rows.jsonl` are pairs, `./model` is a model, sound but for what is named.

| given | said |
| --- | --- |"""


def make_project(folder: Path) -> Path:
    """A copy of the project with nine pairs and a model that can be read."""
    from conftest import save_letter_model
    from transformers import LlamaForCausalLM

    left_out = (".git", ".venv", ".snakemake", "__pycache__", "results")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*left_out))
    save_letter_model(folder / "model", LlamaForCausalLM)
    ratings = {"chosen_rating": 2.0, "rejected_rating": 1.0}
    rows = [{"prompt": f"prompt {i}", "chosen": f"yes {i}", "rejected": "no"} | ratings for i in range(9)]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def run(project: Path, overlay: dict, *words: str) -> tuple[int, str]:
    """Snakemake's status and words in the project, with smoke changed by the overlay."""
    (project / "wrong.yaml").write_text(yaml.safe_dump({"experiment": "wrong", **overlay}))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *words, "--configfile"]
    done = subprocess.run(
        [*command, "workflow/experiments/smoke.yaml", "wrong.yaml"],
        cwd=project,
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    return done.returncode, done.stdout + done.stderr


def give_config(project: Path, overlay: dict) -> tuple[str, str | None]:
    """What is said of a config."""
    status, said = run(project, overlay, "--dry-run")
    return judge(status, said, [*project.glob("results/wrong")])


def give_files(project: Path, harm: Callable[[Path], None] | None, overlay: dict) -> tuple[str, str | None]:
    """What is said of pairs or a model."""
    if harm:
        harm(project)
    given = {"data": {"source": "./rows.jsonl", "validation_prompts": 3}, "model": {"source": "./model"}}
    merged = {key: given.get(key, {}) | overlay.get(key, {}) for key in {**given, **overlay}}
    status, said = run(project, merged, "results/wrong/data/tokens/train.parquet")
    return judge(status, said, [*project.glob("results/wrong/data/tokens/*")])


def judge(status: int, said: str, left: list[Path]) -> tuple[str, str | None]:
    """The one line that refuses, and what is wrong with the refusal, or None."""
    lines = [line for line in said.splitlines() if line.startswith(("error: ", "config: "))]
    line = lines[0] if lines else ""
    if status == 0 or len(lines) != 1 or "Traceback" in said or left:
        return line, f"status {status}, {len(lines)} lines, left {left}, said: {said[-500:]}"
    return line, None


def as_yaml(overlay: dict) -> str:
    return f"`{yaml.safe_dump(overlay, default_flow_style=True, width=999).strip()}`"


def main() -> None:
    from faults.wrong import WRONG_CONFIGS, WRONG_FILES

    bad = []
    print(HEAD)
    with tempfile.TemporaryDirectory() as name:
        configs = make_project(Path(name) / "configs")
        kinds = [(as_yaml(overlay), words, partial(give_config, configs, overlay)) for overlay, words in WRONG_CONFIGS]
        for number, (what, harm, overlay, words) in enumerate(WRONG_FILES):
            project = make_project(Path(name) / str(number))
            kinds.append((what, words, partial(give_files, project, harm, overlay)))
        for what, words, give in kinds:
            line, problem = give()
            line = re.sub(rf"{re.escape(name)}/\d+", ".", line)
            print(f"| {what} | {line.replace('|', '&#124;')} |", flush=True)
            if problem or words not in line:
                bad.append(f"{what}: {problem or f'does not say {words}'}")
    sys.exit("\n".join(bad) if bad else 0)


if __name__ == "__main__":
    main()
