"""TRL's DPOTrainer on the workflow's own tokens, and rollouts of the policy on its way."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from transformers import TrainerCallback
from trl import DPOTrainer

from align.files import write_json

# What of TRL's log goes into the metrics, under which name.
LOGGED = {"loss": "loss", "grad_norm": "grad_norm", "rewards/accuracies": "accuracy", "rewards/margins": "margin"}


class TokenisedDPOTrainer(DPOTrainer):
    """DPOTrainer on rows of prompt_ids, chosen_ids and rejected_ids: those that every other training reads too."""

    def _prepare_dataset(self, dataset, *_):
        return dataset


class TracingCallback(TrainerCallback):
    """Has the policy sampled at the first step and every `every` steps, and keeps what came of it beside checkpoints.

    DPO samples nothing; where it stands on its way can be compared with what the others sampled. `sample` returns a
    step's metrics and rollouts. No random number of the training is used up.
    """

    def __init__(self, sample: Callable[[int], dict], every: int, texts: int, path: Path) -> None:
        self.sample, self.every, self.texts, self.path = sample, every, texts, path
        self.traced: list[dict] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        self.skipped = 0

    def on_train_begin(self, args, state, control, **kwargs) -> None:
        # Steps that a kill took back are traced again.
        self.traced = [row for row in self.traced if row["step"] <= state.global_step]

    def on_step_begin(self, args, state, control, **kwargs) -> None:
        if state.global_step % self.every == 0:
            self.traced.append({"step": state.global_step + 1, **self.sample(state.global_step + 1)})
        self.began = time.perf_counter()

    def on_step_end(self, args, state, control, optimizer=None, **kwargs) -> None:
        self.skipped += bool(getattr(optimizer, "step_was_skipped", False))
        if self.traced[-1]["step"] == state.global_step:
            speed = self.texts / (time.perf_counter() - self.began)
            self.traced[-1]["metrics"] |= {"skipped": self.skipped, "samples_per_second": speed}
            self.skipped = 0
            write_json(self.path, self.traced)

    def history(self, log: list[dict]) -> dict[str, list]:
        """Metrics, a row a traced step, and rollouts, from what was traced and the trainer's log of each step."""
        logged = {
            row["step"]: row for row in log if "loss" in row
        }  # the last row sums up the training, and has no loss of a step
        metrics = [
            {"step": row["step"]} | {name: logged[row["step"]][key] for key, name in LOGGED.items()} | row["metrics"]
            for row in self.traced
        ]
        return {"metrics": metrics, "rollouts": [one for row in self.traced for one in row["rollouts"]]}
