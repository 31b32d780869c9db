"""Time one training step: ours beside the sum of its bare parts and beside a step of TRL's RLOOTrainer, on the CPU.

The three take turns in one process, so that their ratios hold on a machine whose speed drifts slowly. They do not hold
while other work competes for the cores: run it on a quiet machine. Peak memory is measured before, ours and TRL's each
in a process of its own.
"""

import argparse
import multiprocessing
import random
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean, median

import pandas as pd
import torch
from accelerate import Accelerator
from datasets import Dataset
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
)
from transformers.trainer_callback import PrinterCallback, TrainerCallback
from transformers.utils import logging
from trl import RLOOConfig, RLOOTrainer

from align.chat import encode_prompt, pad
from align.errors import InputError, run
from align.files import write_json
from align.loading import load_sft
from align.memory import AtOnce
from align.reinforce import Baseline
from align.rollout import TokenLogps, through_first
from align.signals import Scale
from align.training_step import Learner, Models, StepSettings, load_models, train_step
from pocket.tokenizer import make_tokenizer

PARTS = ("generate", "reference forward", "reward forward", "policy forward and backward")
SUM, OURS, TRL = "sum of the bare parts", "our step", "TRL's RLOOTrainer"
WORDS = "once upon a time there was little girl who had big red ball and she played with it in the park".split()
# Alike for ours and TRL's; too small a learning rate to change the lengths of what is sampled.
LEARNING_RATE, KL_COEF, MAX_GRAD_NORM = 1e-6, 0.05, 1.0


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="folder of a causal LM; default: a random Llama of 260k parameters")
    parser.add_argument("--batch-size", type=int, default=64, help="responses a step; even, TRL draws two a prompt")
    # Of 64, what attention makes no longer fits the processor's cache.
    parser.add_argument(
        "--micro-batch-size", type=int, default=16, help="responses that TRL and we take forward and back at once"
    )
    parser.add_argument("--max-new-tokens", type=int, default=64)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="of all three")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5, help="timed steps of each, after one to warm up")
    parser.add_argument("--output", help="JSON: the table and the settings")
    return parser.parse_args(argv)


def make_random_model():
    """A small Llama and a tokenizer of 512 words: it all but never samples EOS, so that responses have full length."""
    missing = 512 - len(make_tokenizer([" ".join(WORDS)]))
    tokenizer = make_tokenizer([" ".join([*WORDS, *(f"word{i}" for i in range(missing))])])
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    shape = {"hidden_size": 64, "intermediate_size": 172, "num_hidden_layers": 5, "num_attention_heads": 8}
    shape |= {"num_key_value_heads": 4, "max_position_embeddings": 512, "tie_word_embeddings": True}
    return LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **shape, **ids)), tokenizer


def prepare_folders(source: str | None, folder: Path) -> tuple[str, str]:
    """Write the SFT model and a scalar reward model made from it; returns their folders."""
    model, tokenizer = load_sft(source, None, None) if source else make_random_model()
    sft, reward = str(folder / "sft"), str(folder / "reward")
    model.save_pretrained(sft)
    tokenizer.save_pretrained(sft)
    AutoModelForSequenceClassification.from_pretrained(sft, num_labels=1).save_pretrained(reward)
    return sft, reward


def make_conversations(count: int) -> list[list[dict[str, str]]]:
    """Prompts of 8 to 16 words."""
    draw = random.Random(0)
    return [[{"role": "user", "content": " ".join(draw.choices(WORDS, k=draw.randint(8, 16)))}] for _ in range(count)]


def run_bare_parts(models: Models, prompts: list[list[int]], max_new_tokens: int, precision: torch.autocast) -> dict:
    """The least work that a step consists of, timed part by part, each on the batch in one piece."""
    tokenizer, policy, reference = models.tokenizer, models.policy.model, models.reference.model
    settings = GenerationConfig(max_new_tokens=max_new_tokens, do_sample=True, temperature=1.0, top_k=0)
    settings.eos_token_id, settings.pad_token_id = tokenizer.eos_token_id, tokenizer.pad_token_id
    ids, attention = pad(prompts, tokenizer.pad_token_id, "left")
    policy.eval()
    marks = [time.perf_counter()]
    with precision:
        out = policy.generate(input_ids=ids, attention_mask=attention, generation_config=settings)
    marks.append(time.perf_counter())
    responses = [through_first(row, tokenizer.eos_token_id) for row in out[:, ids.shape[1] :].tolist()]
    mask = pad(responses, tokenizer.pad_token_id, "right")[1]
    inputs = {"input_ids": out, "attention_mask": torch.cat([attention, mask], dim=1), "use_cache": False}
    policy.train()
    with torch.no_grad(), precision:
        reference(**inputs, logits_to_keep=mask.shape[1] + 1)
        marks.append(time.perf_counter())
        models.reward(**inputs)
        marks.append(time.perf_counter())
    with precision:
        logits = policy(**inputs, logits_to_keep=mask.shape[1] + 1).logits[:, :-1]
    logps = logits.log_softmax(dim=-1).gather(-1, out[:, -mask.shape[1] :].unsqueeze(-1)).squeeze(-1)
    (logps * mask).sum().backward()
    marks.append(time.perf_counter())
    policy.zero_grad()
    policy.eval()
    seconds = {part: after - before for part, before, after in zip(PARTS, marks, marks[1:])}
    seconds[SUM] = sum(seconds.values())
    return {"seconds": seconds, "lengths": {PARTS[0]: mask.sum(dim=1).float().mean().item()}}


def make_our_step(args: argparse.Namespace, sft: str, reward: str) -> Callable[[], dict]:
    """Our step with models, optimizer and baseline of its own, always on the same prompts."""
    accelerator = Accelerator(cpu=True, mixed_precision=mixed_precision(args))
    models = load_models(sft, reward, accelerator.device)
    optimizer = torch.optim.AdamW(models.policy.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
    models.policy, optimizer = accelerator.prepare(models.policy, optimizer)
    prompts = [encode_prompt(models.tokenizer, messages) for messages in make_conversations(args.batch_size)]
    references = torch.zeros(len(prompts), 2, 1)
    settings = StepSettings("reward", Scale(0.0, 1.0), KL_COEF, args.max_new_tokens, max_grad_norm=MAX_GRAD_NORM)
    learner = Learner(
        accelerator=accelerator,
        optimizer=optimizer,
        baseline=Baseline("moving_average"),
        micro_batch=AtOnce(args.micro_batch_size, "micro-batch"),
        generation_batch=AtOnce(args.batch_size, "generation batch"),
    )

    def run_step() -> dict:
        began = time.perf_counter()
        out = train_step(settings, models, learner, prompts, references)
        return {"seconds": {OURS: time.perf_counter() - began}, "lengths": {OURS: out["metrics"]["length"]}}

    return run_step


class TakeTurns(TrainerCallback):
    """Times TRL's steps, from batch to update, and runs the others between two of them."""

    def __init__(self, others: list[Callable[[], dict]]) -> None:
        self.others, self.turns, self.completions = others, [], []

    def record(self, completion_ids, **_) -> list[float]:
        """A reward function of weight 0 that notes the completions' lengths."""
        self.completions.append([len(ids) for ids in completion_ids])
        return [0.0] * len(completion_ids)

    def on_step_begin(self, args, state, control, **_) -> None:
        self.began = time.perf_counter()

    def on_step_end(self, args, state, control, **_) -> None:
        turn = {"seconds": {TRL: time.perf_counter() - self.began}, "lengths": {TRL: mean(self.completions[-1])}}
        for other in self.others:
            out = other()
            turn = {kind: turn[kind] | out[kind] for kind in turn}
        self.turns.append(turn)


def make_trainer(args: argparse.Namespace, sft: str, reward: str, turns: TakeTurns) -> RLOOTrainer:
    """TRL's trainer at our settings: a batch of new completions, one forward and backward and one update a step."""
    config = {"output_dir": f"{sft}-trl", "max_steps": args.repetitions + 1, "reward_weights": [1.0, 0.0]}
    parts = args.batch_size // args.micro_batch_size
    config |= {"per_device_train_batch_size": args.micro_batch_size, "gradient_accumulation_steps": parts}
    config |= {"num_generations": 2, "steps_per_generation": parts, "num_iterations": 1}
    config |= {"max_completion_length": args.max_new_tokens, "temperature": 1.0, "top_k": 0}
    config |= {"beta": KL_COEF, "learning_rate": LEARNING_RATE, "max_grad_norm": MAX_GRAD_NORM, "use_cpu": True}
    config |= {"bf16": args.precision == "bf16", "gradient_checkpointing": False}
    config |= {"save_strategy": "no", "logging_strategy": "no"}
    config = RLOOConfig(**config, report_to="none", disable_tqdm=True)
    data = Dataset.from_dict({"prompt": make_conversations(args.batch_size)})
    scorer, tokenizer = AutoModelForSequenceClassification.from_pretrained(reward), AutoTokenizer.from_pretrained(sft)
    parts = {"reward_funcs": [scorer, turns.record], "reward_processing_classes": [tokenizer, None]}
    parts |= {"processing_class": tokenizer, "callbacks": [turns]}
    trainer = RLOOTrainer(AutoModelForCausalLM.from_pretrained(sft), args=config, train_dataset=data, **parts)
    trainer.remove_callback(PrinterCallback)
    return trainer


def mixed_precision(args: argparse.Namespace) -> str:
    """Accelerate's name of the precision that was asked for, whether or not the CPU is fast in it."""
    return "no" if args.precision == "fp32" else args.precision


def measure_times(args: argparse.Namespace, sft: str, reward: str) -> list[dict]:
    """Seconds and mean response lengths of each repetition."""
    ours = make_our_step(args, sft, reward)
    # The bare parts and TRL have the models as the library loads them, with the attention that it chooses.
    policy, reference = (TokenLogps(AutoModelForCausalLM.from_pretrained(sft)) for _ in range(2))
    scorer, tokenizer = AutoModelForSequenceClassification.from_pretrained(reward), AutoTokenizer.from_pretrained(sft)
    prompts = [encode_prompt(tokenizer, messages) for messages in make_conversations(args.batch_size)]
    precision = torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.precision == "bf16")
    plain = Models(policy, reference, scorer, tokenizer)
    turns = TakeTurns([partial(run_bare_parts, plain, prompts, args.max_new_tokens, precision), ours])
    make_trainer(args, sft, reward, turns).train()
    # A reused batch would flatter TRL.
    assert [len(lengths) for lengths in turns.completions] == [args.batch_size] * len(turns.turns)
    return turns.turns[1:]


def measure_peak(row: str, args: argparse.Namespace, sft: str, reward: str) -> float:
    """Peak resident memory of this process, GiB, after two steps of one kind: the second has the optimizer's state."""
    set_up(args)
    if row == OURS:
        step = make_our_step(args, sft, reward)
        for _ in range(2):
            step()
    else:
        args.repetitions = 1  # after one to warm up
        make_trainer(args, sft, reward, TakeTurns([])).train()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)


def measure_peaks(args: argparse.Namespace, sft: str, reward: str) -> dict[str, float]:
    """`measure_peak` of ours and TRL's, each in a new process."""
    # Spawned, and before this process has grown: a child's peak starts at its parent's size.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        return {row: pool.apply(measure_peak, (row, args, sft, reward)) for row in (OURS, TRL)}


def summarise(turns: list[dict], peaks: dict[str, float], batch_size: int) -> list[dict]:
    """A row a part and a step: medians over repetitions."""
    seconds = {name: median(turn["seconds"][name] for turn in turns) for name in (*PARTS, SUM, OURS, TRL)}
    lengths = {name: mean(turn["lengths"][name] for turn in turns) for name in turns[0]["lengths"]}
    keys = ("row", "seconds", "samples_per_second", "ratio_to_bare_parts", "mean_tokens", "peak_gib")
    rows = (
        (name, s, batch_size / s, s / seconds[SUM], lengths.get(name), peaks.get(name)) for name, s in seconds.items()
    )
    return [dict(zip(keys, row)) for row in rows]


def set_up(args: argparse.Namespace) -> None:
    """Threads, seed and silence, the same in every process."""
    warnings.filterwarnings("ignore", category=FutureWarning)  # TRL uses names that transformers deprecates
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    if args.batch_size < 2 or args.batch_size % 2 or args.repetitions < 1:
        raise InputError("--batch-size must be even (TRL draws two responses a prompt) and --repetitions at least 1")
    args.micro_batch_size = min(args.micro_batch_size, args.batch_size)
    if args.micro_batch_size < 1 or args.batch_size % args.micro_batch_size:
        raise InputError("--batch-size must be a multiple of --micro-batch-size")
    set_up(args)
    with tempfile.TemporaryDirectory() as folder:
        folders = prepare_folders(args.model, Path(folder))
        peaks = measure_peaks(args, *folders)
        rows = summarise(measure_times(args, *folders), peaks, args.batch_size)
    seconds = {row["row"]: row["seconds"] for row in rows}
    to_bare, to_trl, memory = seconds[OURS] / seconds[SUM], seconds[TRL] / seconds[OURS], peaks[OURS] / peaks[TRL]
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format, na_rep=""))
    print(f"our step / sum of its bare parts: {to_bare:.2f}")
    print(f"samples a second, ours / TRL: {to_trl:.2f}")
    print(f"peak memory, ours / TRL: {memory:.2f}")
    if args.output:
        ratios = {"to_bare_parts": to_bare, "to_trl": to_trl, "memory_to_trl": memory}
        write_json(args.output, {"settings": vars(args), "rows": rows, **ratios})


if __name__ == "__main__":
    run(main)
