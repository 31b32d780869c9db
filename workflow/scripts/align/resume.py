"""State of an unfinished training, kept outside the rule's outputs: Snakemake deletes those of a failed job."""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path


def state_folder(base: str | Path, args: argparse.Namespace, inputs: list[str | Path], processes: int = 1) -> Path:
    """The folder for the state of the run that `args`, the contents of `inputs` and the imported code define.

    State that other settings, data, models, code or numbers of processes left behind under `base` is removed, never
    resumed. How often state is saved does not change a run, but for how often a loss is logged.
    """
    settings = {name: value for name, value in vars(args).items() if name != "save_steps"}
    settings["processes"] = processes
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for path in [*inputs, *imported_code()]:
        for file in [Path(path)] if Path(path).is_file() else sorted(Path(path).rglob("*")):
            # Snakemake's own time stamp in a folder is no content.
            if file.is_file() and not file.name.startswith("."):
                digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    folder = Path(base) / digest.hexdigest()[:16]
    if Path(base).is_dir():
        for other in Path(base).iterdir():
            if other != folder:
                shutil.rmtree(other)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def imported_code() -> list[Path]:
    """Files of this project's modules that the process has imported."""
    scripts = Path(__file__).resolve().parents[1]
    files = [Path(module.__file__).resolve() for module in [*sys.modules.values()] if getattr(module, "__file__", None)]
    return sorted({file for file in files if scripts in file.parents})


def save_state(folder: Path, accelerator, progress: dict) -> None:
    """Save model, optimizer, scheduler, scaler and random states with `progress`, JSON, as the newest state."""
    draft, newest, older = folder / "draft", folder / "newest", folder / "older"
    if accelerator.is_main_process:
        shutil.rmtree(draft, ignore_errors=True)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(draft))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        (draft / "progress.json").write_text(json.dumps(progress), encoding="utf-8")
        if newest.exists():
            shutil.rmtree(older, ignore_errors=True)  # of a run that was killed before it could
            os.replace(newest, older)
        os.replace(draft, newest)
        shutil.rmtree(older, ignore_errors=True)


def load_state(folder: Path, accelerator) -> dict | None:
    """Restore the newest whole state; returns its `progress`, or None if there is none."""
    for name in ("newest", "older"):
        if (folder / name / "progress.json").exists():
            accelerator.load_state(str(folder / name))
            return json.loads((folder / name / "progress.json").read_text(encoding="utf-8"))
    return None


def forget_state(folder: Path) -> None:
    """Remove the state of a finished run, and its parent if nothing else is there."""
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()
