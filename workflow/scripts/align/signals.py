"""Signals: from a reward model's outputs to one reward a response, on one scale for all arms."""

from dataclasses import dataclass

import torch

from align.errors import InputError


def scalar_reward(outputs: torch.Tensor) -> torch.Tensor:
    """The reward, (texts,), from a scalar reward model's outputs, (texts, 1). Raises InputError for other shapes."""
    if outputs.ndim != 2 or outputs.shape[1] != 1:
        raise InputError(f"the signal 'reward' needs a scalar reward model, this one has {outputs.shape[-1]} outputs")
    return outputs[:, 0]


SIGNALS = {"reward": scalar_reward}


@dataclass(frozen=True)
class Scale:
    """A frozen standardisation: (signal - mean) / deviation."""

    mean: float
    deviation: float

    def apply(self, signal: torch.Tensor) -> torch.Tensor:
        return (signal - self.mean) / self.deviation


def fit_scale(signal: torch.Tensor) -> Scale:
    """Scale of a signal over SFT responses, (prompts, samples): mean, and pooled within-prompt standard deviation.

    Differences between prompts do not count: the policy can only choose among the answers to a prompt. Raises
    InputError where no prompt's answers differ.
    """
    deviation = signal.double().var(dim=1, unbiased=True).mean().sqrt().item()
    if deviation == 0:
        raise InputError("the signal gives all SFT answers to a prompt the same reward: nothing can be learned from it")
    return Scale(mean=signal.double().mean().item(), deviation=deviation)
