"""Hold TRL's RLOOTrainer against the paper's REINFORCE: one batch of TRL's own, through its loss and through ours.

What is a difference of recipe (baseline, samples a prompt, schedule, scoring) is measured on the installed TRL and told
with the file and line where it is written; what is the same is told too.
"""

import argparse
import importlib.metadata
import inspect
import logging
import re
import tempfile
from copy import deepcopy
from pathlib import Path

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer, TrainerCallback
from transformers.trainer_callback import PrinterCallback
from trl import RLOOConfig, RLOOTrainer

from align.attention import avoid_unfused_attention
from align.errors import run
from align.files import read_jsonl, write_json
from align.reinforce import leave_one_out, reinforce_loss, shape_reward
from align.reward_models import score
from align.rollout import TokenLogps
from align.tables import read_prompts

SAMPLES = 2  # the fewest that RLOO can do with
# What is looked for in TRL's source, by what it shows.
SOURCES = {
    "baseline": (RLOOTrainer, "baselines = (grouped_sum - grouped_rewards)"),
    "samples": (RLOOConfig, "if self.num_generations < 2"),
    "loss": (RLOOTrainer, "per_sequence_loss = -torch.min(per_sequence_loss1, per_sequence_loss2)"),
    "iterations": (RLOOConfig, "num_iterations: int"),
    "scoring": (RLOOTrainer, "rewards_per_func[:, i] = reward_func(**reward_inputs)"),
    "decoding": (RLOOTrainer, "batch_decode(completion_ids, skip_special_tokens=True)"),
    "precision": (RLOOConfig.__mro__[1], "self.bf16 = not (self.fp16)"),
    "kl": (RLOOTrainer, "per_token_kl = old_per_token_logps - ref_per_token_logps"),
    "sum": (RLOOTrainer, "logps = (per_token_logps * completion_mask).sum(1)"),
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the SFT model")
    parser.add_argument("--reward-model", required=True, help="folder of a scalar reward model")
    parser.add_argument("--pairs", required=True, help="JSON lines of the training fold, for its prompts")
    parser.add_argument("--tokens", required=True, help="parquet of that fold, which lacks what is too long")
    parser.add_argument("--lock", required=True, help="requirements file that names the TRL this was written for")
    parser.add_argument("--prompts", type=int, required=True, help="prompts of the batch, with 2 responses each")
    parser.add_argument("--max-new-tokens", type=int, required=True)
    parser.add_argument("--kl-coef", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", required=True, help="JSON")
    return parser.parse_args(argv)


def find_line(owner: type, text: str) -> str | None:
    """file:line, relative to the package's folder, where `text` stands in a class's source; None if it does not."""
    lines, first = inspect.getsourcelines(owner)
    at = next((number for number, line in enumerate(lines) if text in line), None)
    path = Path(inspect.getsourcefile(owner))
    return None if at is None else f"{path.relative_to(path.parents[2])}:{first + at}"


class Recorder(RLOOTrainer):
    """TRL's trainer, which keeps its batch, its rewards and its loss."""

    def _calculate_rewards(self, inputs, prompts, completions, completion_ids_list):
        self.rewards = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
        self.asked = (inputs, prompts, completions)
        return self.rewards

    def _generate_and_score_completions(self, inputs):
        # Here the rows still stand in the rewards' order: TRL shuffles them afterwards.
        self.batch = super()._generate_and_score_completions(inputs)
        return dict(self.batch)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        loss = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        self.loss = loss.item()
        return loss


class KeepGradient(TrainerCallback):
    """Keeps the gradient as it is before the optimizer's step."""

    def on_pre_optimizer_step(self, args, state, control, model=None, **_) -> None:
        self.gradient = flat_gradient(model)


def flat_gradient(model) -> torch.Tensor:
    return torch.cat([part.grad.flatten() for part in model.parameters() if part.grad is not None]).cpu()


def run_trl(args, policy, reward_model, tokenizer, conversations, folder: str) -> tuple[Recorder, torch.Tensor]:
    """One step of TRL's; returns the trainer and the gradient that it took."""
    batch = SAMPLES * len(conversations)
    config = {"output_dir": folder, "max_steps": 1, "per_device_train_batch_size": batch, "num_generations": SAMPLES}
    config |= {"max_completion_length": args.max_new_tokens, "beta": args.kl_coef, "seed": args.seed}
    config |= {"bf16": False, "gradient_checkpointing": False, "use_cpu": not torch.cuda.is_available()}
    # What is recorded must be the whole gradient.
    config |= {"max_grad_norm": 1e9, "save_strategy": "no", "report_to": "none", "disable_tqdm": True}
    keep = KeepGradient()
    trainer = Recorder(
        policy,
        args=RLOOConfig(**config),
        train_dataset=Dataset.from_dict({"prompt": conversations}),
        reward_funcs=reward_model,
        reward_processing_classes=tokenizer,
        processing_class=tokenizer,
        callbacks=[keep],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return trainer, keep.gradient


def unpad(ids: torch.Tensor, mask: torch.Tensor) -> list[list[int]]:
    return [row[keep.bool()].tolist() for row, keep in zip(ids, mask)]


def gradient_of(policy: TokenLogps, prompts, responses, advantage: torch.Tensor) -> torch.Tensor:
    policy.zero_grad()
    reinforce_loss(advantage, policy(prompts, responses)[0]).backward()
    return flat_gradient(policy)


def cosine(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(one.double(), other.double(), dim=0))


def compare_gradients(args, trainer: Recorder, theirs: torch.Tensor, policy, reference, rewards: torch.Tensor) -> dict:
    """TRL's gradient beside ours on TRL's batch, with its baseline and with the paper's."""
    batch = trainer.batch
    prompts = unpad(batch["prompt_ids"], batch["prompt_mask"])
    responses = unpad(batch["completion_ids"], batch["completion_mask"])
    with torch.no_grad():
        logps, ref_logps = policy(prompts, responses)[0], reference(prompts, responses)[0]
    # By TRL's rewards, which are another question.
    shaped = shape_reward(rewards.to(logps.device), logps, ref_logps, args.kl_coef)
    left_out = gradient_of(policy, prompts, responses, leave_one_out(shaped, SAMPLES))
    # Before the first batch b_MA is the mean reward of SFT responses, which these are.
    moving = gradient_of(policy, prompts, responses, shaped - shaped.mean())
    return {
        "loss": trainer.loss,
        "cosine_same_baseline": cosine(theirs, left_out),
        "norm_same_baseline": float(theirs.norm() / left_out.norm()),
        "cosine_moving_average": cosine(theirs, moving),
    }


def compare_scoring(trainer: Recorder, reward_model, tokenizer) -> dict:
    """The reward of finished responses, and of the same ones with their EOS cut off, by TRL and by ours.

    Where no response is finished there is nothing to compare: only their number, 0.
    """
    batch, (inputs, texts, completions) = trainer.batch, trainer.asked
    prompts = unpad(batch["prompt_ids"], batch["prompt_mask"])
    responses = unpad(batch["completion_ids"], batch["completion_mask"])
    eos = tokenizer.eos_token_id
    finished = [i for i, response in enumerate(responses) if response[-1] == eos and len(response) > 1]
    if not finished:
        return {"finished": 0}
    whole = [prompts[i] + responses[i] for i in finished]
    ours, ours_cut = (
        score(reward_model, some, tokenizer.pad_token_id, len(whole))[:, 0]
        for some in (whole, [ids[:-1] for ids in whole])
    )
    # TRL hands the reward model the completions' text: it is asked again for what it asked itself, with the text that
    # it makes of the ids without EOS.
    told = trainer.rewards[:, 0].cpu()
    again = []
    for i in finished:
        text = tokenizer.decode(responses[i][:-1], skip_special_tokens=True)
        again.append([{"role": "assistant", "content": text}] if isinstance(completions[i], list) else text)
    inputs, texts = ([rows[i] for i in finished] for rows in (inputs, texts))
    cut = RLOOTrainer._calculate_rewards(trainer, inputs, texts, again, [responses[i][:-1] for i in finished])
    return {
        "finished": len(finished),
        "ours_cut": float((ours - ours_cut).abs().mean()),
        "trl_cut": float((told[finished] - cut[:, 0].cpu()).abs().mean()),
        "same_text": float((told[finished] - ours).abs().mean()),
        "reward_deviation": float(ours.std(correction=0)),
    }


def ask_for_one_sample() -> str:
    """What TRL says to a single response a prompt."""
    try:
        RLOOConfig(output_dir="unused", num_generations=1, per_device_train_batch_size=2, use_cpu=True, bf16=False)
    except ValueError as error:
        return str(error).split(".")[0]
    return "accepted"


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    pinned = re.search(r"^trl==(\S+)", Path(args.lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    avoid_unfused_attention()
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    policy = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32)
    reward_model = AutoModelForSequenceClassification.from_pretrained(args.reward_model, dtype=torch.float32)
    kept = set(read_prompts(args.tokens)["prompt_id"])
    conversations = [row["chosen"][:-1] for row in read_jsonl(args.pairs) if row["prompt_id"] in kept][: args.prompts]
    torch.manual_seed(args.seed)
    ours = TokenLogps(deepcopy(policy)).eval()
    with tempfile.TemporaryDirectory() as folder:
        trainer, gradient = run_trl(args, policy, reward_model, tokenizer, conversations, folder)
    device = trainer.accelerator.device
    reference = TokenLogps(deepcopy(ours.model)).eval().to(device)
    rewards = trainer.rewards[:, 0]
    measured = compare_gradients(args, trainer, gradient, ours.to(device), reference, rewards)
    measured |= compare_scoring(trainer, reward_model.to(device), tokenizer)
    plain = RLOOConfig(output_dir="unused", use_cpu=True, bf16=False)
    defaults = {name: getattr(plain, name) for name in ("beta", "num_generations", "num_iterations", "learning_rate")}
    defaults |= {"schedule": str(getattr(plain.lr_scheduler_type, "value", plain.lr_scheduler_type))}
    defaults |= {"warmup_steps": plain.warmup_steps, "epsilon": plain.epsilon, "bf16": RLOOConfig.bf16 is None}
    write_json(
        args.output,
        {
            "version": importlib.metadata.version("trl"),
            "pinned": pinned.group(1) if pinned else None,
            "responses": len(rewards),
            "one_sample": ask_for_one_sample(),
            "defaults": defaults,
            "measured": measured,
            "lines": {name: find_line(*where) for name, where in SOURCES.items()},
        },
    )


if __name__ == "__main__":
    run(main)
