"""Train a policy from the SFT model with DPO (Rafailov et al. 2023, arXiv 2305.18290), by TRL's DPOTrainer.

A step takes pairs of the train fold: -log sigmoid(beta * (log-ratio of the chosen - log-ratio of the rejected)). It
learns from no reward model; the arm's own only reads what the policy, sampled every few steps, says on its way, so that
the training can be held beside those that sample.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from datasets import Dataset
from trl import DPOConfig

from align.chat import decode_response
from align.devices import autocast, pick_device
from align.errors import run
from align.policy_runs import add_output_flags, fit_signal_scale, label_of, learning_rate_share, write_outputs
from align.preference_policy import TokenisedDPOTrainer, TracingCallback
from align.resume import forget_state, state_folder
from align.sampling import read_in_batches, sample_in_batches
from align.seeds import derive_seed
from align.signal_flags import add_signal_flags, signal_options
from align.supervised import train_resumably, training_settings
from align.tables import read_training_pairs, token_lists
from align.training_step import Models, StepSettings, describe_rows, load_models, reward_responses


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    files = parser.add_argument_group("files")
    files.add_argument("--model", required=True, help="folder of the SFT model: start and reference")
    files.add_argument("--tokens", required=True, help="parquet of the fold to learn from")
    files.add_argument("--reward-model", required=True, help="the arm's, for the rewards that are logged")
    files.add_argument("--references", required=True, help="parquet: prompts to sample, with SFT responses")
    files.add_argument("--state", required=True, help="folder for the state of an unfinished run")
    add_output_flags(files)
    what = parser.add_argument_group("what is trained")
    what.add_argument("--arm", required=True, help="name of the arm, for messages")
    what.add_argument("--pairs", choices=("balanced", "raw"), required=True, help="balanced in length, or all")
    add_signal_flags(what)
    what.add_argument("--seed", type=int, required=True)
    how = parser.add_argument_group("how")
    how.add_argument("--steps", type=int, required=True)
    how.add_argument("--batch-size", type=int, required=True, help="responses a step, two a pair")
    how.add_argument("--micro-batch-size", type=int, required=True, help="responses held in memory at once")
    how.add_argument("--generation-batch-size", type=int, required=True, help="responses sampled at once")
    how.add_argument("--learning-rate", type=float, required=True, help="constant after the warm-up")
    how.add_argument("--warmup-share", type=float, required=True, help="share of the steps, linear")
    how.add_argument("--kl-coef", type=float, required=True, help="beta")
    how.add_argument("--max-grad-norm", type=float, default=float("inf"), help="default: no clipping")
    how.add_argument("--max-new-tokens", type=int, required=True)
    how.add_argument("--trace-every", type=int, required=True, help="steps between two at which it is sampled")
    how.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    how.add_argument("--save-steps", type=int, required=True, help="steps between two resumable states")
    args = parser.parse_args(argv)
    args.micro_batch_size = min(args.micro_batch_size, args.batch_size)
    if args.batch_size % args.micro_batch_size or args.micro_batch_size % 2:
        parser.error("--batch-size must be a multiple of --micro-batch-size, and both be even: a pair is two responses")
    return args


def load_pairs(path: str, pairs: str) -> Dataset:
    """Tokens of prompts and both responses. Raises InputError if no pairs are balanced, and they should."""
    table = read_training_pairs(path, pairs)
    return Dataset.from_dict({name: token_lists(table[name]) for name in ("prompt_ids", "chosen_ids", "rejected_ids")})


def sample_policy(args, settings: StepSettings, models: Models, prompts: pd.DataFrame, sft_outputs, step: int) -> dict:
    """Metrics and rollouts of a batch of responses by the policy as it is before `step`, named as in train_policy."""
    with torch.random.fork_rng(), torch.no_grad(), autocast(args.precision):
        torch.manual_seed(derive_seed(args.seed, "rollouts", step))
        drawn = torch.randint(len(prompts), (args.batch_size,)).tolist()
        asked = [token_lists(prompts["prompt_ids"].iloc[[i]])[0] for i in drawn]
        size = args.generation_batch_size
        responses = sample_in_batches(models.policy.model, models.tokenizer, asked, args.max_new_tokens, size)
        at_once = args.micro_batch_size
        rewards, _ = reward_responses(settings, models, asked, responses, sft_outputs[drawn], at_once)
        logps, entropy = read_in_batches(models.policy, asked, responses, at_once)
        ref_logps, _ = read_in_batches(models.reference, asked, responses, at_once)
    rewards, kl = rewards.cpu(), logps - ref_logps
    rows = {"reward": rewards, "shaped_reward": rewards - args.kl_coef * kl, "kl": kl, "entropy": entropy}
    metrics = {name: row.mean().item() for name, row in describe_rows(rows, models, responses).items()}
    rollouts = [
        [step, str(prompts["prompt_id"].iloc[i]), response, decode_response(models.tokenizer, response), reward]
        for i, response, reward in zip(drawn, responses, rewards.tolist())
    ]
    return {"metrics": metrics, "rollouts": rollouts}


def train(args, models: Models, sample: Callable[[int], dict], state: Path) -> dict:
    """Take all steps, from the last saved state if there is one; returns metrics and rollouts of the traced ones."""
    config = DPOConfig(
        **training_settings(args.precision, state, args.save_steps) | {"logging_steps": 1},
        seed=derive_seed(args.seed, "dpo"),
        max_steps=args.steps,
        per_device_train_batch_size=args.micro_batch_size // 2,
        gradient_accumulation_steps=args.batch_size // args.micro_batch_size,
        beta=args.kl_coef,
        max_grad_norm=args.max_grad_norm,
        gradient_checkpointing=False,
        remove_unused_columns=False,
        max_length=None,  # what is too long was dropped, and counted, when the data were tokenised
    )
    # Optimizer and schedule are those of the other methods.
    optimizer = torch.optim.AdamW(models.policy.parameters(), lr=args.learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(learning_rate_share, args))
    tracing = TracingCallback(sample, args.trace_every, args.batch_size, state / "trace.json")
    trainer = TokenisedDPOTrainer(
        models.policy.model,
        models.reference.model,
        config,
        train_dataset=load_pairs(args.tokens, args.pairs),
        processing_class=models.tokenizer,
        callbacks=[tracing],
        optimizers=(optimizer, schedule),
    )
    train_resumably(trainer, label_of(args), ["loss"])
    return tracing.history(trainer.state.log_history)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    models = load_models(args.model, args.reward_model, pick_device())
    references = pd.read_parquet(args.references)
    prompts = references[references["sample"] == 0]
    with autocast(args.precision):
        sft_outputs, scale = fit_signal_scale(args, models, references)
    settings = StepSettings(
        signal=args.signal,
        options=signal_options(args),
        scale=scale,
        kl_coef=args.kl_coef,
        max_new_tokens=args.max_new_tokens,
    )
    sample = partial(sample_policy, args, settings, models, prompts, sft_outputs)
    state = state_folder(args.state, args, [args.model, args.tokens, args.reward_model, args.references])
    history = train(args, models, sample, state)
    write_outputs(args, models.policy.model, models.tokenizer, scale, history)
    forget_state(state)


if __name__ == "__main__":
    run(main)
