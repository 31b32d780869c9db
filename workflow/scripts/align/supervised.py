"""What trainings by Hugging Face's Trainer share: arguments, progress, resuming."""

import json
import math
import shutil
import warnings
from pathlib import Path

import torch
from transformers import TrainerCallback

from align.devices import resolve_precision
from align.progress import Progress


def training_settings(precision: str, state: Path, save_steps: int) -> dict:
    """Settings of Hugging Face's Trainer that do not depend on what is trained."""
    # TRL's own default trips this one, whatever is given.
    warnings.filterwarnings("ignore", message=".*gradient_checkpointing.*")
    mixed = resolve_precision(precision)
    return {
        "output_dir": str(state),
        "use_cpu": not torch.cuda.is_available(),
        "fp16": mixed == "fp16",
        "bf16": mixed == "bf16",
        "save_steps": save_steps,
        "save_total_limit": 1,
        "logging_first_step": True,
        # A logged loss is a mean since the last one: a state saved between two would change what is logged next.
        "logging_steps": math.gcd(10, save_steps),
        "disable_tqdm": True,
        "report_to": [],
        "dataloader_pin_memory": torch.cuda.is_available(),
    }


class ProgressCallback(TrainerCallback):
    """Prints the trainer's logs as progress lines, not as bare dictionaries, and how many steps fp16 skipped."""

    def __init__(self, label: str, metrics: list[str]) -> None:
        self.label, self.metrics = label, metrics
        self.progress: Progress | None = None
        self.skipped = 0

    def on_train_begin(self, args, state, control, **kwargs) -> None:
        self.progress = Progress(self.label, state.max_steps, state.global_step)

    def on_step_end(self, args, state, control, optimizer=None, **kwargs) -> None:
        self.skipped += bool(getattr(optimizer, "step_was_skipped", False))

    def on_train_end(self, args, state, control, **kwargs) -> None:
        if self.skipped:
            print(f"[{self.label}] fp16 skipped {self.skipped} steps, whose gradient overflowed", flush=True)

    def on_log(self, args, state, control, logs=None, **kwargs) -> None:
        shown = {name: float(logs[name]) for name in self.metrics if name in (logs or {})}
        if shown and self.progress:
            self.progress.report(state.global_step, **shown)


def train_resumably(trainer, label: str, metrics: list[str]) -> None:
    """Train to the end, from the last checkpoint in the trainer's own folder if there is one."""
    from transformers.trainer_callback import PrinterCallback

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(ProgressCallback(label, metrics))
    last = last_whole_checkpoint(Path(trainer.args.output_dir))
    if last:
        print(f"[{label}] continues from {last.name}", flush=True)
    trainer.train(resume_from_checkpoint=str(last) if last else None)


def last_whole_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end, or None; what a kill left half-written is removed."""
    whole = []
    for checkpoint in folder.glob("checkpoint-*"):
        # Trainer writes a checkpoint in place, and this file last.
        try:
            json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
            whole.append(checkpoint)
        except (OSError, json.JSONDecodeError):
            shutil.rmtree(checkpoint, ignore_errors=True)  # another process may be removing it too
    return max(whole, key=lambda path: int(path.name.split("-")[1]), default=None)
