"""One step of REINFORCE: sample, reward, subtract KL penalty and baseline, and follow the gradient."""

import argparse
from dataclasses import dataclass

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from align.devices import halve
from align.errors import InputError
from align.reinforce import Baseline, best_of_group, leave_one_out, reinforce_loss, shape_reward
from align.reward_models import score
from align.rollout import TokenLogps, generate, load_policy
from align.signal_flags import signal_options
from align.signals import Scale, compute_signal, confidence


@dataclass
class Models:
    """The four parties: the policy is trained, the others are frozen."""

    policy: TokenLogps
    reference: TokenLogps
    reward: torch.nn.Module
    tokenizer: object


def load_models(args: argparse.Namespace, device: torch.device) -> Models:
    reward = AutoModelForSequenceClassification.from_pretrained(args.reward_model, dtype=torch.float32)
    return Models(
        policy=load_policy(args.model, device),
        reference=load_policy(args.model, device).requires_grad_(False),
        reward=reward.to(device).eval().requires_grad_(False),
        tokenizer=AutoTokenizer.from_pretrained(args.model),
    )


def sample_responses(args, accelerator, models: Models, prompts) -> list[list[int]]:
    """A response to each prompt; where a GPU runs out of memory, half as many at once, from the same random numbers."""
    policy = accelerator.unwrap_model(models.policy).model
    responses: list[list[int]] = []
    while len(responses) < len(prompts):
        state, some = torch.get_rng_state(), prompts[len(responses) : len(responses) + args.generation_batch_size]
        try:
            responses += generate(policy, models.tokenizer, some, args.max_new_tokens)
        except torch.OutOfMemoryError:
            if accelerator.num_processes > 1:  # the other processes would wait for this one
                raise
        else:
            continue
        args.generation_batch_size = halve(args.generation_batch_size, "generation batch")
        torch.set_rng_state(state)
    return responses


def train_step(
    args, accelerator, models: Models, optimizer, baseline: Baseline, scale: Scale, prompts, references, step: int
) -> dict:
    """One step on a batch of tokenised prompts, a response each; returns the step's metrics and its responses.

    `references` are the reward model's outputs for SFT responses to the same prompts, (prompts, responses, labels).

    b_MA is made of earlier batches alone, so the batch may go through memory in parts without changing the gradient.
    Raises InputError, naming the step, if a reward or the loss is not a finite number.
    """
    tokenizer = models.tokenizer
    # In the precision of the log-probabilities below: what is sampled and what is learned from are one policy.
    with accelerator.autocast():
        responses = sample_responses(args, accelerator, models, prompts)
    texts = [prompt + response for prompt, response in zip(prompts, responses)]
    with accelerator.autocast():
        outputs = score(models.reward, texts, tokenizer.pad_token_id, args.micro_batch_size)
    signal = compute_signal(args.signal, outputs, references, signal_options(args))
    rewards = scale.apply(signal).to(accelerator.device)
    weights = confidence(outputs).to(accelerator.device) if args.advantage_weight == "confidence" else 1.0
    lengths = torch.tensor([len(response) for response in responses], device=accelerator.device, dtype=torch.float32)
    finished = [float(response[-1] == tokenizer.eos_token_id) for response in responses]

    b = baseline.value()
    optimizer.zero_grad()
    parts = []
    for start in range(0, len(prompts), args.micro_batch_size):
        part = slice(start, start + args.micro_batch_size)
        with torch.no_grad(), accelerator.autocast():
            ref_logps, _ = models.reference(prompts[part], responses[part])
        with accelerator.autocast():
            logps, entropy = models.policy(prompts[part], responses[part])
        shaped = shape_reward(rewards[part], logps, ref_logps, args.kl_coef)
        if args.method == "rloo":
            advantage = leave_one_out(shaped, args.samples_per_prompt)
        elif args.method == "raft":
            advantage = best_of_group(shaped, args.samples_per_prompt)
        else:
            advantage = shaped - b
        if args.advantage_weight:
            advantage = advantage * weights[part]
        loss = reinforce_loss(advantage, logps)
        if not (torch.isfinite(shaped).all() and torch.isfinite(loss)):
            raise InputError(
                f"step {step}: reward or loss is not finite. Nothing was written, and the last state that was saved is"
                " kept: lower reinforce.learning_rate, set runtime.precision to fp32, or look at the reward model"
            )
        accelerator.backward(loss * len(shaped) / len(prompts))
        kl = (logps.detach() - ref_logps).sum(dim=1)
        parts.append({"shaped_reward": shaped, "advantage": advantage, "kl": kl, "entropy": entropy.sum(dim=1)})
    try:
        grad_norm = accelerator.clip_grad_norm_(models.policy.parameters(), args.max_grad_norm)
        optimizer.step()
    except torch.OutOfMemoryError as error:
        # Neither could be repeated, and smaller micro-batches would not help.
        raise InputError(f"step {step}: the GPU's memory does not hold the optimizer's state: take another") from error

    rows = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    rows |= {"reward": rewards, "length": lengths, "finished": torch.tensor(finished, device=accelerator.device)}
    rows["entropy"] = rows["entropy"] / lengths  # a token
    rows = {name: accelerator.gather(value) for name, value in rows.items()}
    baseline.update(rows["shaped_reward"])
    advantage = rows.pop("advantage")
    metrics = {name: value.mean().item() for name, value in rows.items()}
    metrics |= {
        "baseline": b,
        "advantage_mean": advantage.mean().item(),
        "advantage_std": advantage.std().item(),
        "grad_norm": float(grad_norm),
        "skipped": int(accelerator.optimizer_step_was_skipped),
    }
    return {"metrics": metrics, "responses": responses, "rewards": rewards.tolist()}


def step_within_memory(args, accelerator, *rest) -> dict:
    """`train_step`; where a GPU runs out of memory, again with half the micro-batch and the same random numbers."""
    state = torch.get_rng_state()
    while True:
        try:
            return train_step(args, accelerator, *rest)
        except torch.OutOfMemoryError:
            if accelerator.num_processes > 1:
                raise
        args.micro_batch_size = halve(args.micro_batch_size, "micro-batch", args.samples_per_prompt)
        torch.set_rng_state(state)
