"""One step of REINFORCE: sample, reward, subtract KL penalty and baseline, and follow the gradient."""

from dataclasses import dataclass

import torch
from transformers import AutoTokenizer

from align.critic import TokenValues
from align.errors import InputError, NotFiniteError
from align.memory import AtOnce
from align.processes import gather_rows, own_rows, share_gradient
from align.reinforce import Baseline, compute_advantage, reinforce_loss, shape_reward
from align.reward_models import load_reward_model, score
from align.rollout import TokenLogps, draw_uniforms, generate, load_policy
from align.signals import Scale, SignalOptions, compute_signal, confidence


@dataclass
class Models:
    """The parties: policy and critic, if the method has one, are trained, the others are frozen."""

    policy: TokenLogps
    reference: TokenLogps
    reward: torch.nn.Module
    tokenizer: object
    critic: TokenValues | None = None


@dataclass(frozen=True)
class CriticSettings:
    """How PPO uses its critic and its batch; the defaults are Vanilla PG."""

    discount: float = 1.0  # gamma
    gae_lambda: float = 1.0
    clip_range: float = float("inf")  # of the ratio of probabilities, around 1
    value_clip_range: float = float("inf")  # around what the critic said before
    epochs: int = 1  # passes over a batch
    minibatches: int = 1  # gradient steps a pass
    advantages: str = "plain"  # or whitened


@dataclass(frozen=True)
class StepSettings:
    """What is the same at every step."""

    signal: str
    scale: Scale  # the signal's standardisation
    kl_coef: float  # beta of Eq. 3
    max_new_tokens: int
    options: SignalOptions = SignalOptions()
    method: str = "reinforce"
    samples_per_prompt: int = 1
    advantage_weight: str | None = None
    cut_off_reward: float | None = None  # of a response that did not end by itself, instead of the signal
    max_grad_norm: float = float("inf")
    critic: CriticSettings | None = None  # of the methods that have one


@dataclass
class Learner:
    """What a step changes beside the policy: its optimizer, the baseline's history, and what memory holds at once."""

    accelerator: object
    optimizer: object
    baseline: Baseline
    micro_batch: AtOnce
    generation_batch: AtOnce


def load_models(model: str, reward_model: str, device: torch.device) -> Models:
    """The policy and its reference, both from the folder `model`, and the reward model."""
    return Models(
        policy=load_policy(model, device),
        reference=load_policy(model, device).requires_grad_(False),
        reward=load_reward_model(reward_model).to(device).eval().requires_grad_(False),
        tokenizer=AutoTokenizer.from_pretrained(model),
    )


def train_step(settings: StepSettings, models: Models, learner: Learner, prompts, sft_outputs: torch.Tensor) -> dict:
    """One step on a batch of tokenised prompts, a response each; returns the step's metrics, responses and rewards.

    `sft_outputs` are the reward model's for SFT responses to the same prompts, (prompts, responses, labels). Each of
    several processes gets the whole batch, works on its own rows, and returns the rows of all.
    Raises InputError if a reward or the loss is not a finite number.
    """
    accelerator, batch_size = learner.accelerator, len(prompts)
    uniforms = draw_uniforms(batch_size, settings.max_new_tokens)
    own = own_rows(batch_size, settings.samples_per_prompt, accelerator)
    prompts, sft_outputs, uniforms = [prompts[i] for i in own], sft_outputs[own], uniforms[own]
    # In the precision of the log-probabilities below: what is sampled and what is learned from are one policy.
    with accelerator.autocast():
        responses = sample_responses(models, learner, prompts, settings.max_new_tokens, uniforms)
    batch, b = (prompts, responses, sft_outputs), learner.baseline.value()
    rows = learner.micro_batch.run(
        lambda at_once: accumulate_gradient(settings, models, learner, batch, batch_size, at_once)
    )
    grad_norm = update_policy(settings, models, learner)
    rows = describe_rows(rows, models, responses)
    rows, responses = gather_rows(own, rows, responses, accelerator)
    rewards = rows["reward"].tolist()
    learner.baseline.update(rows["shaped_reward"])
    advantage = rows.pop("advantage")
    metrics = {name: row.mean().item() for name, row in rows.items()}
    metrics |= {"baseline": b, "advantage_mean": advantage.mean().item(), "advantage_std": advantage.std().item()}
    metrics |= {"grad_norm": grad_norm, "skipped": int(accelerator.optimizer_step_was_skipped)}
    return {"metrics": metrics, "responses": responses, "rewards": rewards}


def accumulate_gradient(
    settings: StepSettings, models: Models, learner: Learner, batch: tuple, batch_size: int, at_once: int
) -> dict[str, torch.Tensor]:
    """Add up the gradient of a batch part by part, the same as in one piece; returns columns, each (responses,).

    `batch` are prompts, a response to each, and the reward model's outputs for SFT's; `batch_size` counts the responses
    of all processes. Raises NotFiniteError if a reward or the loss is not a finite number.
    """
    (prompts, responses, sft_outputs), accelerator = batch, learner.accelerator
    b = learner.baseline.value()  # Eq. 8: one number, of earlier batches alone, so that a batch may go in parts
    learner.optimizer.zero_grad()  # of a try for which memory did not suffice, too
    with accelerator.autocast():
        rewards, weights = reward_responses(settings, models, prompts, responses, sft_outputs, at_once)
    parts = []
    for start in range(0, len(prompts), at_once):
        part = slice(start, start + at_once)
        with accelerator.autocast(), torch.no_grad():
            ref_logps, _ = models.reference(prompts[part], responses[part])
        with share_gradient(accelerator, models.policy, last=part.stop >= len(prompts)):
            with accelerator.autocast():
                logps, entropy = models.policy(prompts[part], responses[part])
            shaped = shape_reward(rewards[part], logps, ref_logps, settings.kl_coef)  # Eq. 3
            advantage = compute_advantage(settings.method, shaped, b, settings.samples_per_prompt) * weights[part]
            loss = reinforce_loss(advantage, logps)  # Eq. 7
            check_finite(shaped, loss)
            # Processes' gradients are averaged: so each response weighs the same, whoever has it.
            accelerator.backward(loss * len(shaped) * accelerator.num_processes / batch_size)
        kl = (logps.detach() - ref_logps).sum(dim=1)
        parts.append({"shaped_reward": shaped, "advantage": advantage, "kl": kl, "entropy": entropy.sum(dim=1)})
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]} | {"reward": rewards}


def check_finite(*numbers: torch.Tensor) -> None:
    """Raises NotFiniteError if one of them is not a finite number."""
    if not all(torch.isfinite(some).all() for some in numbers):
        raise NotFiniteError(
            "a reward, the loss or its gradient is not finite. Nothing was written, and the last saved state is"
            " kept: lower reinforce.learning_rate, set runtime.precision to fp32, or look at the reward model"
        )


def sample_responses(models: Models, learner: Learner, prompts, max_new_tokens: int, uniforms) -> list[list[int]]:
    """A response to each prompt, from exactly the policy; `uniforms` are draw_uniforms' for them."""
    policy = learner.accelerator.unwrap_model(models.policy).model
    responses: list[list[int]] = []

    def sample_next(count: int) -> list[list[int]]:
        some = slice(len(responses), len(responses) + count)
        return generate(policy, models.tokenizer, prompts[some], max_new_tokens, uniforms=uniforms[some])

    while len(responses) < len(prompts):
        responses += learner.generation_batch.run(sample_next)
    return responses


def ended_by_themselves(models: Models, responses: list[list[int]]) -> list[bool]:
    """Whether a response ends with EOS; the others were cut off."""
    return [response[-1] == models.tokenizer.eos_token_id for response in responses]


def reward_responses(settings: StepSettings, models: Models, prompts, responses, sft_outputs, at_once: int):
    """The standardised signal of each whole response, and the weight of its advantage; both (prompts,).

    What is cut off may get a fixed reward instead: no reward model saw such responses (Huang et al. 2024,
    arXiv 2403.17031).
    """
    texts = [prompt + response for prompt, response in zip(prompts, responses)]
    outputs = score(models.reward, texts, models.tokenizer.pad_token_id, at_once)
    signal = compute_signal(settings.signal, outputs, sft_outputs, settings.options)
    weights = confidence(outputs) if settings.advantage_weight == "confidence" else torch.ones(len(prompts))
    device = next(models.reward.parameters()).device
    rewards = settings.scale.apply(signal).to(device)
    if settings.cut_off_reward is not None:
        ended = torch.tensor(ended_by_themselves(models, responses), device=device)
        rewards = rewards.where(ended, settings.cut_off_reward)
    return rewards, weights.to(device)


def update_policy(settings: StepSettings, models: Models, learner: Learner) -> float:
    """Take the optimizer's step; returns the norm of the policy's gradient, which alone is clipped, before that.

    Raises NotFiniteError if it is not a finite number.
    """
    try:
        norm = learner.accelerator.clip_grad_norm_(models.policy.parameters(), settings.max_grad_norm)
        if learner.accelerator.scaler is None:  # fp16's scaler skips such a step by itself
            check_finite(norm)
        learner.optimizer.step()
    except torch.OutOfMemoryError as error:
        # Neither could be repeated, and smaller micro-batches would not help.
        raise InputError("the GPU's memory does not hold the optimizer's state: take another") from error
    return float(norm)


def describe_rows(rows: dict[str, torch.Tensor], models: Models, responses: list[list[int]]) -> dict[str, torch.Tensor]:
    """The rows with lengths, whether a response ended by itself, and entropy a token."""
    device = rows["reward"].device
    lengths = torch.tensor([len(response) for response in responses], device=device, dtype=torch.float32)
    finished = list(map(float, ended_by_themselves(models, responses)))
    rows = rows | {"entropy": rows["entropy"] / lengths, "length": lengths}
    return rows | {"finished": torch.tensor(finished, device=device)}
