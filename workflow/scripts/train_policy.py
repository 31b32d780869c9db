"""Train a policy from the SFT model with REINFORCE and a baseline (Ahmadian et al. 2024), one arm and one seed.

A step: draw prompts, sample one response each from exactly the policy, reward each whole response, subtract the KL
penalty and the baseline, and take one gradient step on -(advantage * log-probability). Its rivals sample and reward
alike: RLOO and RAFT differ in the advantage, PPO and Vanilla PG in a critic and what they do with it.
"""

import argparse
import time
from dataclasses import asdict, fields
from pathlib import Path

import pandas as pd
import torch
from accelerate.utils import GradScalerKwargs

from align.actor_critic import CRITIC_METHODS
from align.chat import decode_response
from align.critic import load_critic
from align.critic_step import critic_train_step
from align.devices import resolve_precision
from align.errors import InputError, run
from align.memory import AtOnce
from align.policy_runs import add_output_flags, fit_signal_scale, label_of, learning_rate_share, write_outputs
from align.processes import check_processes, make_accelerator
from align.progress import Progress
from align.reinforce import BASELINES, GROUP_METHODS, METHODS, Baseline
from align.resume import forget_state, load_state, save_state, state_folder
from align.seeds import derive_seed
from align.signal_flags import add_signal_flags, signal_options
from align.tables import token_lists
from align.training_step import CriticSettings, Learner, Models, StepSettings, load_models, train_step


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    files = parser.add_argument_group("files")
    files.add_argument("--model", required=True, help="folder of the SFT model: start and reference")
    files.add_argument("--reward-model", required=True)
    files.add_argument("--references", required=True, help="parquet: the prompts to train on, with SFT responses")
    files.add_argument("--state", required=True, help="folder for the state of an unfinished run")
    add_output_flags(files)
    what = parser.add_argument_group("what is trained")
    what.add_argument("--arm", required=True, help="name of the arm, for messages")
    add_signal_flags(what)
    what.add_argument("--advantage-weight", choices=("confidence",), help="default: none")
    what.add_argument(
        "--cut-off-reward", type=float, help="of a response that did not end by itself; default: the signal's"
    )
    what.add_argument("--seed", type=int, required=True)
    how = parser.add_argument_group("how")
    how.add_argument("--steps", type=int, required=True)
    how.add_argument("--method", choices=(*METHODS, *CRITIC_METHODS), default="reinforce")
    how.add_argument("--samples-per-prompt", type=int, default=1, help="responses a prompt; rloo and raft compare them")
    how.add_argument("--batch-size", type=int, required=True, help="responses a step")
    how.add_argument("--micro-batch-size", type=int, required=True, help="responses held in memory at once")
    how.add_argument("--generation-batch-size", type=int, required=True, help="responses sampled at once")
    how.add_argument("--learning-rate", type=float, required=True, help="constant after the warm-up")
    how.add_argument("--warmup-share", type=float, required=True, help="share of the steps, linear")
    how.add_argument("--kl-coef", type=float, required=True, help="beta of Eq. 3")
    how.add_argument("--baseline", choices=BASELINES, required=True)
    how.add_argument("--baseline-decay", type=float, required=True, help="of the exponential baseline")
    how.add_argument("--max-grad-norm", type=float, default=float("inf"), help="default: no clipping")
    how.add_argument("--max-new-tokens", type=int, required=True)
    how.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    how.add_argument("--save-steps", type=int, required=True, help="steps between two resumable states")
    critic = parser.add_argument_group("the critic of vanilla_pg and ppo; but for its learning rate, of ppo alone")
    critic.add_argument("--critic-learning-rate", type=float, help="as the policy's: constant after the warm-up")
    critic.add_argument("--discount", type=float, default=CriticSettings.discount, help="gamma; default: none")
    critic.add_argument("--gae-lambda", type=float, default=CriticSettings.gae_lambda)
    critic.add_argument("--clip-range", type=float, default=CriticSettings.clip_range, help="of pi/pi_old, around 1")
    critic.add_argument("--value-clip-range", type=float, default=CriticSettings.value_clip_range)
    critic.add_argument("--epochs", type=int, default=CriticSettings.epochs, help="passes over a batch")
    critic.add_argument("--minibatches", type=int, default=CriticSettings.minibatches, help="gradient steps a pass")
    critic.add_argument("--advantages", choices=("plain", "whitened"), default=CriticSettings.advantages)
    args = parser.parse_args(argv)
    if args.method in CRITIC_METHODS and args.critic_learning_rate is None:
        parser.error(f"--method {args.method} has a critic: give --critic-learning-rate")
    if args.method == "vanilla_pg" and critic_settings(args) != CriticSettings():
        parser.error("--method vanilla_pg has none of ppo's settings")
    if args.batch_size % args.samples_per_prompt or args.micro_batch_size % args.samples_per_prompt:
        parser.error("--batch-size and --micro-batch-size must be multiples of --samples-per-prompt")
    if args.method in GROUP_METHODS and args.samples_per_prompt < 2:
        parser.error(f"--method {args.method} compares a prompt's responses: give --samples-per-prompt of 2 or more")
    return args


def critic_settings(args: argparse.Namespace) -> CriticSettings:
    return CriticSettings(**{field.name: getattr(args, field.name) for field in fields(CriticSettings)})


def prompt_order(prompts: int, draws: int, seed: int) -> list[int]:
    """Which prompt each draw takes: every prompt once, in random order, before any comes again."""
    generator = torch.Generator().manual_seed(seed)
    rounds = -(-draws // prompts)
    return torch.cat([torch.randperm(prompts, generator=generator) for _ in range(rounds)])[:draws].tolist()


def train(args, settings: StepSettings, models: Models, learner: Learner, table, sft_outputs, state: Path) -> dict:
    """Take all steps, from the last saved state if there is one; returns their metrics and responses, as rows.

    `table` has a row a prompt; `sft_outputs` are the reward model's for SFT responses to them, (prompts, responses,
    labels).
    """
    accelerator = learner.accelerator
    prompts, samples = token_lists(table["prompt_ids"]), settings.samples_per_prompt
    draws = args.batch_size // samples
    order = prompt_order(len(prompts), args.steps * draws, derive_seed(args.seed, "prompts"))
    torch.manual_seed(derive_seed(args.seed, "rollouts"))  # in each of several processes: they share the draws
    metrics, rollouts = [], []
    saved = load_state(state, accelerator)
    if saved:
        metrics, rollouts, learner.baseline = saved["metrics"], saved["rollouts"], Baseline(**saved["baseline"])
        accelerator.print(f"[{label_of(args)}] continues from step {len(metrics)}")

    progress = Progress(label_of(args), args.steps, done=len(metrics))
    take_step = critic_train_step if settings.critic else train_step
    for step in range(len(metrics), args.steps):
        began = time.perf_counter()
        for group in learner.optimizer.param_groups:
            group["lr"] = group["peak"] * learning_rate_share(args, step)
        # A prompt's responses stand one after the other.
        drawn = [i for i in order[step * draws : (step + 1) * draws] for _ in range(samples)]
        try:
            out = take_step(settings, models, learner, [prompts[i] for i in drawn], sft_outputs[drawn])
        except InputError as error:
            raise type(error)(f"step {step + 1}: {error}") from error
        speed = args.batch_size / (time.perf_counter() - began)
        metrics.append({"step": step + 1, **out["metrics"], "samples_per_second": speed})
        for i, response, reward in zip(drawn, out["responses"], out["rewards"]):
            text = decode_response(models.tokenizer, response)
            rollouts.append([step + 1, table["prompt_id"].iloc[i], response, text, reward])
        if accelerator.is_main_process:
            progress.report(step + 1, reward=out["metrics"]["reward"], kl=out["metrics"]["kl"])
        if (step + 1) % args.save_steps == 0 and step + 1 < args.steps:
            done = {"metrics": metrics, "rollouts": rollouts, "baseline": asdict(learner.baseline)}
            save_state(state, accelerator, done)
    return {"metrics": metrics, "rollouts": rollouts}


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    # A response's log-probability is a sum over its tokens: at the scaler's usual first scale, 2^16, its gradient
    # overflows in fp16, and the first steps would be skipped.
    scaler = GradScalerKwargs(init_scale=2.0**12)
    accelerator = make_accelerator(mixed_precision=resolve_precision(args.precision), kwargs_handlers=[scaler])
    check_processes(accelerator, args.batch_size // args.samples_per_prompt, args.method, args.signal)
    models = load_models(args.model, args.reward_model, accelerator.device)
    groups = [{"params": list(models.policy.parameters()), "peak": args.learning_rate}]
    if args.method in CRITIC_METHODS:
        models.critic = load_critic(args.model, accelerator.device)
        groups.append({"params": list(models.critic.parameters()), "peak": args.critic_learning_rate})
    optimizer = torch.optim.AdamW(groups, lr=args.learning_rate, weight_decay=0.0)
    models.policy, models.critic, optimizer = accelerator.prepare(models.policy, models.critic, optimizer)
    references = pd.read_parquet(args.references)
    with accelerator.autocast():
        sft_outputs, scale = fit_signal_scale(args, models, references)
    settings = StepSettings(
        signal=args.signal,
        options=signal_options(args),
        scale=scale,
        method=args.method,
        samples_per_prompt=args.samples_per_prompt,
        kl_coef=args.kl_coef,
        advantage_weight=args.advantage_weight,
        cut_off_reward=args.cut_off_reward,
        max_grad_norm=args.max_grad_norm,
        max_new_tokens=args.max_new_tokens,
        critic=critic_settings(args) if args.method in CRITIC_METHODS else None,
    )
    learner = Learner(
        accelerator=accelerator,
        optimizer=optimizer,
        # The signal is standardised on SFT responses, so that their mean reward is 0.
        baseline=Baseline(args.baseline, initial=0.0, decay=args.baseline_decay),
        micro_batch=AtOnce(args.micro_batch_size, "micro-batch", multiple_of=args.samples_per_prompt),
        generation_batch=AtOnce(args.generation_batch_size, "generation batch"),
    )
    with accelerator.main_process_first():
        inputs = [args.model, args.reward_model, args.references]
        state = state_folder(args.state, args, inputs, accelerator.num_processes)
    prompts = references[references["sample"] == 0]
    history = train(args, settings, models, learner, prompts, sft_outputs, state)
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        write_outputs(args, accelerator.unwrap_model(models.policy).model, models.tokenizer, scale, history)
        forget_state(state)
    accelerator.end_training()


if __name__ == "__main__":
    run(main)
