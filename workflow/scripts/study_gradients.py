"""What a baseline buys: variance and signal of the policy gradient at fixed parameters, early and late in training.

All estimates have the same mean, the true gradient; they differ in their variance. One with a value for all prompts
treats each response by itself; leave-one-out treats the k responses to a prompt together, so that its variance is
that of groups, k responses each.
"""

import argparse
from dataclasses import dataclass, field

import pandas as pd
import torch
from transformers import AutoTokenizer

from align.devices import autocast, pick_device
from align.errors import InputError, run
from align.files import read_json, write_csv
from align.progress import Progress
from align.reinforce import Baseline, leave_one_out, shape_reward
from align.reward_models import load_reward_model, score_references
from align.rollout import TokenLogps, load_policy
from align.sampling import read_in_batches, sample_in_batches
from align.seeds import derive_seed
from align.signal_flags import add_signal_flags, signal_options
from align.signals import Scale, grouped_signal
from align.tables import split_references, token_lists
from align.training_step import Models, StepSettings, reward_responses

SAMPLES = 4  # responses a prompt: two groups of 2, or one of 4


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phases", nargs="+", required=True, help="names of the moments of training")
    parser.add_argument("--policies", nargs="+", required=True, help="folders of the policies at these moments")
    parser.add_argument("--metrics", nargs="+", required=True, help="CSV of the training up to each")
    parser.add_argument("--reference-policy", required=True, help="folder of the SFT model")
    parser.add_argument("--reward-model", required=True)
    parser.add_argument("--references", required=True, help="parquet: training prompts with SFT responses")
    parser.add_argument("--scale", required=True, help="JSON of the signal's standardisation")
    add_signal_flags(parser)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--prompts", type=int, required=True, help="training prompts, each with 4 responses")
    parser.add_argument("--batch-size", type=int, required=True, help="responses a step, for which variance is given")
    parser.add_argument("--kl-coef", type=float, required=True)
    parser.add_argument("--baseline-decay", type=float, required=True, help="of the exponential mean")
    parser.add_argument("--max-new-tokens", type=int, required=True)
    parser.add_argument("--generation-batch-size", type=int, required=True)
    parser.add_argument("--scoring-batch-size", type=int, required=True)
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True, help="of all but gradients")
    parser.add_argument("--output", required=True, help="CSV: a row a phase and estimate")
    return parser.parse_args(argv)


@dataclass
class Moments:
    """Mean and total variance (the trace of the covariance) of gradient contributions, one vector at a time."""

    total: torch.Tensor | None = None
    squares: float = 0.0
    count: int = 0

    def add(self, vector: torch.Tensor) -> None:
        self.total = vector.clone() if self.count == 0 else self.total.add_(vector)
        self.squares += float(vector @ vector)
        self.count += 1

    def variance(self) -> float:
        return (self.squares - float(self.total @ self.total) / self.count) / (self.count - 1)

    def signal(self) -> float:
        """Squared norm of the mean; what chance adds to it is taken off."""
        return float(self.total @ self.total) / self.count**2 - self.variance() / self.count


@dataclass
class ConstantBaselines:
    """Moments of (R - b) g for every constant b at once: all are quadratic in b."""

    rewarded: Moments = field(default_factory=Moments)  # R g
    plain: Moments = field(default_factory=Moments)  # g
    product: float = 0.0

    def add(self, reward: float, gradient: torch.Tensor) -> None:
        self.rewarded.add(reward * gradient)
        self.plain.add(gradient)
        self.product += reward * float(gradient @ gradient)

    def covariance(self) -> float:
        count = self.plain.count
        return (self.product - float(self.rewarded.total @ self.plain.total) / count) / (count - 1)

    def variance(self, b: float) -> float:
        return self.rewarded.variance() - 2 * b * self.covariance() + b * b * self.plain.variance()

    def best(self) -> float:
        """The constant of least variance, which no one knows beforehand."""
        return self.covariance() / self.plain.variance()


def history_baseline(kind: str, metrics: pd.DataFrame, decay: float) -> float:
    """The baseline of the step after those in `metrics`."""
    baseline = Baseline(kind, decay=decay)
    for shaped in metrics["shaped_reward"]:
        baseline.update(torch.tensor([shaped]))
    return baseline.value()


@dataclass(frozen=True)
class Drawn:
    """Responses of one moment's policy to prompts, each SAMPLES times in a row, and their shaped rewards."""

    prompts: list[list[int]]
    responses: list[list[int]]
    shaped: torch.Tensor  # (responses,)


def draw(settings: StepSettings, models: Models, prompts, sft_outputs, generated: int, scored: int) -> Drawn:
    """What the policy samples and what it is worth; `generated` and `scored` responses are in memory at once.

    `sft_outputs` are the reward model's for SFT responses to the same prompts, (prompts, responses, labels).
    """
    responses = sample_in_batches(models.policy.model, models.tokenizer, prompts, settings.max_new_tokens, generated)
    rewards, _ = reward_responses(settings, models, prompts, responses, sft_outputs, scored)
    both = (models.policy, models.reference)
    logps, ref_logps = (read_in_batches(model, prompts, responses, generated)[0] for model in both)
    return Drawn(prompts, responses, shape_reward(rewards, logps[:, None], ref_logps[:, None], settings.kl_coef))


def response_gradient(policy: TokenLogps, prompt: list[int], response: list[int]) -> torch.Tensor:
    """Gradient of log pi(response | prompt), (parameters,)."""
    policy.zero_grad()
    policy([prompt], [response])[0].sum().backward()
    return torch.cat([part.grad.flatten() for part in policy.parameters() if part.grad is not None])


def measure(policy: TokenLogps, drawn: Drawn, expected: list[float], history, batch_size: int, progress) -> list[dict]:
    """A row an estimate: its variance in a batch, and the squared norm of the gradient itself.

    `expected` is the mean reward of SFT responses to each prompt; `history` are the constants known from training.
    """
    constants, by_prompt, groups = ConstantBaselines(), Moments(), {2: Moments(), 4: Moments()}
    advantages = {size: (leave_one_out(drawn.shaped, size) / size).tolist() for size in groups}
    pending: dict[int, torch.Tensor] = {}
    # One gradient at a time: a model's own size each.
    for number, (prompt, response, reward) in enumerate(zip(drawn.prompts, drawn.responses, drawn.shaped.tolist())):
        gradient = response_gradient(policy, prompt, response)
        constants.add(reward, gradient)
        by_prompt.add((reward - expected[number // SAMPLES]) * gradient)
        for size, moments in groups.items():
            part = advantages[size][number] * gradient
            pending[size] = part if number % size == 0 else pending[size].add_(part)
            if number % size == size - 1:
                moments.add(pending[size])
        progress.report(number + 1)
    known = {"none": 0.0, **history, "best constant": constants.best()}
    variances = {name: constants.variance(b) / batch_size for name, b in known.items()}
    variances["mean of SFT responses"] = by_prompt.variance() / batch_size
    variances |= {f"leave one out, k = {k}": m.variance() * k / batch_size for k, m in groups.items()}
    # The gradient is the same for all: taken where it is seen best.
    signal = min((by_prompt, *groups.values()), key=lambda moments: moments.variance() / moments.count).signal()
    return [
        {"estimate": name, "baseline": known.get(name), "variance": variance}
        | {"signal": signal, "relative_variance": variance / variances["moving average"]}
        for name, variance in variances.items()
    ]


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    device, options = pick_device(), signal_options(args)
    settings = StepSettings(
        signal=args.signal,
        scale=Scale(**read_json(args.scale)),
        kl_coef=args.kl_coef,
        max_new_tokens=args.max_new_tokens,
        options=options,
    )
    tokenizer = AutoTokenizer.from_pretrained(args.reference_policy)
    reward_model = load_reward_model(args.reward_model).to(device)
    reference = load_policy(args.reference_policy, device)
    table = pd.read_parquet(args.references)
    with autocast(args.precision):
        sft_outputs, others = (
            score_references(reward_model, some, tokenizer.pad_token_id, args.scoring_batch_size)
            for some in split_references(table)
        )
    signal = settings.scale.apply(grouped_signal(args.signal, others, sft_outputs, options))
    expected = signal.mean(dim=1)[: args.prompts].tolist()
    if len(expected) < 2:
        raise InputError("studies.gradients.prompts: a variance over prompts needs at least 2")
    prompts = [ids for ids in token_lists(table["prompt_ids"].head(len(expected))) for _ in range(SAMPLES)]
    compared = sft_outputs[: len(expected)].repeat_interleave(SAMPLES, dim=0)
    drawn = []
    for folder in args.policies:
        models = Models(load_policy(folder, device), reference, reward_model, tokenizer)
        torch.manual_seed(derive_seed(args.seed, "gradients"))
        with autocast(args.precision):
            drawn.append(draw(settings, models, prompts, compared, args.generation_batch_size, args.scoring_batch_size))
    del reference, reward_model, models  # their room is wanted for gradients
    rows = []
    for phase, folder, path, some in zip(args.phases, args.policies, args.metrics, drawn, strict=True):
        metrics = pd.read_csv(path)
        history = {
            "moving average": history_baseline("moving_average", metrics, args.baseline_decay),
            "exponential mean": history_baseline("exponential", metrics, args.baseline_decay),
        }
        progress = Progress(f"gradients {phase}, seed {args.seed}", len(prompts), unit="response")
        measured = measure(load_policy(folder, device), some, expected, history, args.batch_size, progress)
        rows += [{"phase": phase, "seed": args.seed} | row for row in measured]
    write_csv(args.output, pd.DataFrame(rows))


if __name__ == "__main__":
    run(main)
