"""Signals: from a reward model's outputs to one reward a response, on one scale for all arms.

Each is a pure function of the outputs for a response, (responses, labels), and of the same model's outputs for SFT
responses to the same prompt, (responses, responses, labels). Of an ensemble both have a dimension of members before
that of labels.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from align.errors import InputError
from align.losses import log_win_probability

RELABELLINGS = {"none": 1.0, "convex": 2.0, "concave": 0.5}


@dataclass(frozen=True)
class Options:
    """What an arm may add to its signal."""

    risk_aversion: float = 0.5  # standard deviations of the rating taken off its mean
    cvar_share: float = 0.25  # the worst share of ratings that is averaged
    rating_threshold: int = 8  # the rating, of 1..K, from which it counts as content
    relabelling: str = "none"  # another increasing naming of the ratings, which the loss cannot tell from 1..K
    doubt_aversion: float = 0.0  # standard deviations over an ensemble's members taken off their mean


def rating_values(bins: int, relabelling: str = "none") -> torch.Tensor:
    """The ratings 1..K, or an increasing relabelling of them with the same ends, (ratings,)."""
    return 1 + (bins - 1) * torch.linspace(0, 1, bins) ** RELABELLINGS[relabelling]


def expectation(weights: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """sum_k weights_k values_k, (...), from (..., ratings) and (ratings,), in fp32.

    On a CPU, autocast would round a product of matrices to bf16: mean ratings to steps of 1/32.
    """
    with torch.autocast(weights.device.type, enabled=False):
        return weights.float() @ values


def mean_and_deviation(outputs: torch.Tensor, relabelling: str = "none") -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of the rating, both (responses,), from logits (responses, ratings)."""
    probs, values = outputs.softmax(-1), rating_values(outputs.shape[-1], relabelling)
    mean = expectation(probs, values)
    return mean, (expectation(probs, values.square()) - mean.square()).clamp(min=0).sqrt()


def scalar_reward(outputs, references, options):
    """r."""
    return outputs[:, 0]


def centred_reward(outputs, references, options):
    """r - mean_k r_k over SFT responses: each prompt's own level taken off, without a bound."""
    return outputs[:, 0] - references[:, :, 0].mean(dim=1)


def bounded_reward(outputs, references, options):
    """mean_k sigmoid(r - r_k) over SFT responses (PAR, Fu et al. 2025, arXiv 2502.18770): the scalar win rate."""
    return torch.sigmoid(outputs - references[:, :, 0]).mean(dim=1)


def mean_rating(outputs, references, options):
    """E[s]."""
    return mean_and_deviation(outputs, options.relabelling)[0]


def win_probability(outputs, references, options):
    """P(the response beats an SFT response), mean over the responses."""
    return log_win_probability(outputs[:, None, :], references).exp().mean(dim=1)


def risk_averse_rating(outputs, references, options):
    """E[s] - lambda * std."""
    mean, deviation = mean_and_deviation(outputs, options.relabelling)
    return mean - options.risk_aversion * deviation


def worst_ratings(outputs, references, options):
    """Conditional value at risk: the mean of the worst share of the distribution."""
    probs, values = outputs.softmax(-1), rating_values(outputs.shape[-1], options.relabelling)
    left = (options.cvar_share - (probs.cumsum(-1) - probs)).clamp(min=0)
    return expectation(torch.minimum(probs, left), values) / options.cvar_share


def content_share(outputs, references, options):
    """P(s >= t): the share of the distribution that is at least the threshold, whatever the ratings' names."""
    return outputs.softmax(-1)[:, options.rating_threshold - 1 :].sum(-1)


def sampled_rating(outputs, references, options):
    """One rating drawn from the distribution (Thompson): E[s] with noise, a negative control."""
    return rating_values(outputs.shape[-1], options.relabelling)[torch.multinomial(outputs.softmax(-1), 1)[:, 0]]


SCALAR_SIGNALS: dict[str, Callable] = {"reward": scalar_reward, "centred": centred_reward, "bounded": bounded_reward}
RATING_SIGNALS: dict[str, Callable] = {
    "mean": mean_rating,
    "win": win_probability,
    "risk": risk_averse_rating,
    "cvar": worst_ratings,
    "content": content_share,
    "sampled": sampled_rating,
}
SIGNALS = SCALAR_SIGNALS | RATING_SIGNALS


def as_one_model(outputs: torch.Tensor) -> torch.Tensor:
    """Outputs (rows, labels) as they are; an ensemble's, (rows, members, labels), as those of one model.

    Of scalar members the mean reward; of members over ratings the logs of their mean probabilities.
    """
    if outputs.dim() == 2:
        return outputs
    if outputs.shape[-1] == 1:
        return outputs.mean(dim=1)
    return outputs.log_softmax(-1).logsumexp(dim=1) - math.log(outputs.shape[1])


def ensemble_signal(signal: Callable, outputs, references, options):
    """mean_m s_m - lambda * std_m(s_m - mean_k s_mk), over members m and SFT responses k to the same prompt.

    Coste et al. 2023 (arXiv 2310.02743) take off the variance; the deviation has the signal's own unit. Choices give a
    scalar member its scale, log-odds, but no level a prompt, which cancels in them. A level shifts the mean of all
    responses to a prompt alike; in the deviation it would pass for doubt, and so each member's own, that of SFT
    responses, is taken off there. Signals that compare have the level 1/2 and one scale. So members are averaged as
    they are, none standardised by itself: who is less sure weighs less. A mean rating's scale is a convention, which
    members need not share: read ensembles over ratings by what they win.
    """
    members = list(zip(outputs.unbind(-2), references.unbind(-2), strict=True))
    signals = torch.stack([signal(own, beside, options) for own, beside in members])
    if not options.doubt_aversion:
        return signals.mean(dim=0)
    levels = [
        torch.stack([signal(one, beside, options) for one in beside.unbind(dim=1)]).mean(dim=0) for _, beside in members
    ]
    return signals.mean(dim=0) - options.doubt_aversion * (signals - torch.stack(levels)).std(dim=0)


def compute_signal(
    name: str, outputs: torch.Tensor, references: torch.Tensor, options: Options = Options()
) -> torch.Tensor:
    """The signal of each response, (responses,). Raises InputError where the model has the wrong kind of outputs."""
    labels = outputs.shape[-1]
    if name in SCALAR_SIGNALS and labels != 1:
        raise InputError(f"the signal {name!r} needs a scalar reward model, this one has {labels} outputs")
    if name in RATING_SIGNALS and labels < 2:
        raise InputError(f"the signal {name!r} needs a reward model over ratings, this one is scalar")
    if outputs.dim() == 3:
        return ensemble_signal(SIGNALS[name], outputs, references, options)
    if options.doubt_aversion:
        raise InputError("doubt_aversion needs an ensemble of reward models, this one is a single model")
    return SIGNALS[name](outputs, references, options)


def signal_of(name: str, outputs: torch.Tensor, references: torch.Tensor, options: Options = Options()) -> torch.Tensor:
    """The signal of several responses to each prompt, (prompts, responses), from outputs (prompts, responses, labels).

    Each is held against the same SFT responses to its prompt, `references`, (prompts, samples, labels), which must be
    others: a response held against the rest of its own group of K differs from it K / (K - 1) times as much.
    """
    return torch.stack([compute_signal(name, each, references, options) for each in outputs.unbind(dim=1)], dim=1)


def confidence(outputs: torch.Tensor) -> torch.Tensor:
    """1 where the rating is certain, 0 where its standard deviation is the largest possible; (responses,)."""
    if outputs.shape[-1] < 2:
        raise InputError("advantage_weight: confidence needs a reward model over ratings, this one is scalar")
    return 1 - mean_and_deviation(as_one_model(outputs))[1] / ((outputs.shape[-1] - 1) / 2)


@dataclass(frozen=True)
class Scale:
    """A frozen standardisation: (signal - mean) / deviation."""

    mean: float
    deviation: float

    def apply(self, signal: torch.Tensor) -> torch.Tensor:
        return (signal - self.mean) / self.deviation


def fit_scale(signal: torch.Tensor) -> Scale:
    """Scale of a signal over SFT responses, (prompts, samples): mean, and pooled within-prompt standard deviation.

    Differences between prompts do not count: the policy can only choose among the responses to a prompt. Raises
    InputError where no prompt's responses differ.
    """
    deviation = signal.double().var(dim=1, unbiased=True).mean().sqrt().item()
    if deviation == 0:
        raise InputError("the signal gives all SFT responses to a prompt the same reward: nothing can be learned")
    return Scale(mean=signal.double().mean().item(), deviation=deviation)
