"""Signals: from a reward model's outputs to one reward a response, on one scale for all arms.

Each is a pure function of the outputs for a response, (responses, labels), and of the same model's outputs for SFT
responses to the same prompt, (responses, responses, labels). Of an ensemble both have a dimension of members before
that of labels.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from align.errors import InputError
from align.losses import log_win_probability

RELABELLINGS = {"none": 1.0, "convex": 2.0, "concave": 0.5}


@dataclass(frozen=True)
class SignalOptions:
    """What an arm may add to its signal."""

    risk_aversion: float = 0.5  # standard deviations of the rating taken off its mean
    cvar_share: float = 0.25  # the worst share of ratings that is averaged
    rating_threshold: int = 8  # the rating, of 1..K, from which it counts as content
    relabelling: str = "none"  # another increasing naming of the ratings, which the loss cannot tell from 1..K
    doubt_aversion: float = 0.0  # standard deviations over an ensemble's members taken off their mean


def rating_values(bins: int, relabelling: str = "none") -> Tensor:
    """The ratings 1..K, or an increasing relabelling of them with the same ends, (ratings,)."""
    return 1 + (bins - 1) * torch.linspace(0, 1, bins) ** RELABELLINGS[relabelling]


def expectation(weights: Tensor, values: Tensor) -> Tensor:
    """sum_k weights_k values_k, (...), from (..., ratings) and (ratings,), in fp32.

    On a CPU, autocast would round a product of matrices to bf16: mean ratings to steps of 1/32.
    """
    with torch.autocast(weights.device.type, enabled=False):
        return weights.float() @ values


def mean_and_deviation(outputs: Tensor, relabelling: str = "none") -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the rating, both (responses,), from logits (responses, ratings)."""
    probs, values = outputs.softmax(-1), rating_values(outputs.shape[-1], relabelling)
    mean = expectation(probs, values)
    return mean, (expectation(probs, values.square()) - mean.square()).clamp(min=0).sqrt()


def scalar_reward(outputs: Tensor, sft_outputs: Tensor, options: SignalOptions) -> Tensor:
    """r."""
    return outputs[:, 0]


def centred_reward(outputs: Tensor, sft_outputs: Tensor, options: SignalOptions) -> Tensor:
    """r - mean_k r_k over SFT responses: each prompt's own level taken off, without a bound."""
    return outputs[:, 0] - sft_outputs[:, :, 0].mean(dim=1)


def bounded_reward(outputs: Tensor, sft_outputs: Tensor, options: SignalOptions) -> Tensor:
    """mean_k sigmoid(r - r_k) over SFT responses (PAR, Fu et al. 2025, arXiv 2502.18770): the scalar win rate."""
    return torch.sigmoid(outputs - sft_outputs[:, :, 0]).mean(dim=1)


def mean_rating(outputs: Tensor, sft_outputs: Tensor, options: SignalOptions) -> Tensor:
    """E[k]."""
    return mean_and_deviation(outputs, options.relabelling)[0]


def win_probability(outputs: Tensor, sft_outputs: Tensor, options: SignalOptions) -> Tensor:
    """P(the response beats an SFT response), mean over the responses."""
    return log_win_probability(outputs[:, None, :], sft_outputs).exp().mean(dim=1)


def risk_averse_rating(outputs: Tensor, sft_outputs: Tensor, options: SignalOptions) -> Tensor:
    """E[k] - lambda * std."""
    mean, deviation = mean_and_deviation(outputs, options.relabelling)
    return mean - options.risk_aversion * deviation


def worst_ratings(outputs: Tensor, sft_outputs: Tensor, options: SignalOptions) -> Tensor:
    """Conditional value at risk: the mean of the worst share of the distribution."""
    probs, values = outputs.softmax(-1), rating_values(outputs.shape[-1], options.relabelling)
    left = (options.cvar_share - (probs.cumsum(-1) - probs)).clamp(min=0)
    return expectation(torch.minimum(probs, left), values) / options.cvar_share


def content_share(outputs: Tensor, sft_outputs: Tensor, options: SignalOptions) -> Tensor:
    """P(k >= t): the share of the distribution that is at least the threshold, whatever the ratings' names."""
    return outputs.softmax(-1)[:, options.rating_threshold - 1 :].sum(-1)


def sampled_rating(outputs: Tensor, sft_outputs: Tensor, options: SignalOptions) -> Tensor:
    """One rating drawn from the distribution (Thompson): E[k] with noise, a negative control."""
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


def as_one_model(outputs: Tensor) -> Tensor:
    """Outputs (rows, labels) as they are; an ensemble's, (rows, members, labels), as those of one model.

    Of scalar members the mean reward; of members over ratings the logs of their mean probabilities.
    """
    if outputs.dim() == 2:
        return outputs
    if outputs.shape[-1] == 1:
        return outputs.mean(dim=1)
    return outputs.log_softmax(-1).logsumexp(dim=1) - math.log(outputs.shape[1])


def ensemble_signal(signal: Callable, outputs, sft_outputs, options):
    """mean_m s_m - lambda * std_m(s_m - mean_k s_mk), over members m and SFT responses k to the same prompt.

    Coste et al. 2023 (arXiv 2310.02743) subtract the variance; the deviation has the signal's own unit. Preferences fix
    differences of a scalar reward alone, so each member has a level of its own for each prompt. In the deviation these
    levels would pass for doubt: each member's mean over the SFT responses is subtracted there. Members are not
    standardised, so that a less certain one weighs less. Members over ratings may not share a scale of mean ratings:
    read such ensembles by their win probability.
    """
    members = list(zip(outputs.unbind(-2), sft_outputs.unbind(-2), strict=True))
    signals = torch.stack([signal(own, sft, options) for own, sft in members])
    if not options.doubt_aversion:
        return signals.mean(dim=0)
    levels = [torch.stack([signal(one, sft, options) for one in sft.unbind(dim=1)]).mean(dim=0) for _, sft in members]
    return signals.mean(dim=0) - options.doubt_aversion * (signals - torch.stack(levels)).std(dim=0)


def compute_signal(name: str, outputs: Tensor, sft_outputs: Tensor, options: SignalOptions = SignalOptions()) -> Tensor:
    """The signal of each response, (responses,). Raises InputError where the model has the wrong kind of outputs."""
    labels = outputs.shape[-1]
    if name in SCALAR_SIGNALS and labels != 1:
        raise InputError(f"the signal {name!r} needs a scalar reward model, this one has {labels} outputs")
    if name in RATING_SIGNALS and labels < 2:
        raise InputError(f"the signal {name!r} needs a reward model over ratings, this one is scalar")
    if outputs.dim() == 3:
        return ensemble_signal(SIGNALS[name], outputs, sft_outputs, options)
    if options.doubt_aversion:
        raise InputError("doubt_aversion needs an ensemble of reward models, this one is a single model")
    return SIGNALS[name](outputs, sft_outputs, options)


def grouped_signal(name: str, outputs: Tensor, sft_outputs: Tensor, options: SignalOptions = SignalOptions()) -> Tensor:
    """The signal of several responses to each prompt, (prompts, responses), from outputs (prompts, responses, labels).

    Each is compared with the same SFT responses to its prompt, `sft_outputs`, (prompts, samples, labels). They must not
    be those in `outputs`: r_i less the mean of the other K - 1 is K / (K - 1) times r_i less the mean of all K.
    """
    return torch.stack([compute_signal(name, each, sft_outputs, options) for each in outputs.unbind(dim=1)], dim=1)


def confidence(outputs: Tensor) -> Tensor:
    """1 where the rating is certain, 0 where its standard deviation is the largest possible; (responses,)."""
    if outputs.shape[-1] < 2:
        raise InputError("advantage_weight: confidence needs a reward model over ratings, this one is scalar")
    return 1 - mean_and_deviation(as_one_model(outputs))[1] / ((outputs.shape[-1] - 1) / 2)


@dataclass(frozen=True)
class Scale:
    """A frozen standardisation: (signal - mean) / deviation."""

    mean: float
    deviation: float

    def apply(self, signal: Tensor) -> Tensor:
        return (signal - self.mean) / self.deviation


def fit_scale(signal: Tensor) -> Scale:
    """Scale of a signal over SFT responses, (prompts, samples): mean, and pooled within-prompt standard deviation.

    Differences between prompts do not count: the policy can only choose among the responses to a prompt. Raises
    InputError where no prompt's responses differ.
    """
    deviation = signal.double().var(dim=1, unbiased=True).mean().sqrt().item()
    if deviation == 0:
        raise InputError("the signal gives all SFT responses to a prompt the same reward: nothing can be learned")
    return Scale(mean=signal.double().mean().item(), deviation=deviation)
