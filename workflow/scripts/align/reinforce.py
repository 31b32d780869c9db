"""REINFORCE with a baseline, as in "Back to Basics" (Ahmadian et al. 2024, arXiv 2402.14740), section 3.

The whole response, EOS included, is one action. One response a prompt, one gradient step a batch: there is no
importance ratio, no clipping, no critic, no whitening of advantages and no division by length. The paper's two rivals
that draw several responses a prompt, RLOO and RAFT, differ in the advantage alone.
"""

from dataclasses import dataclass

import torch

GROUP_METHODS = ("rloo", "raft")  # those that compare a prompt's responses
METHODS = ("reinforce", *GROUP_METHODS)
BASELINES = ("moving_average", "exponential", "none")


def shape_reward(reward: torch.Tensor, logps: torch.Tensor, ref_logps: torch.Tensor, kl_coef: float) -> torch.Tensor:
    """Eq. 3: R = r(x, y) - beta * log[pi(y|x) / pi_ref(y|x)], (batch,), detached.

    `reward` is (batch,); `logps` and `ref_logps` are (batch, time), 0 where masked. Left attached, the log-ratio would
    add a spurious entropy term to the gradient.
    """
    log_ratio = (logps - ref_logps).sum(dim=1)
    return (reward - kl_coef * log_ratio).detach()


def reinforce_loss(advantage: torch.Tensor, logps: torch.Tensor) -> torch.Tensor:
    """Eq. 7: -(1/B) sum_i A_i * sum_t log pi(y_it | x_i, y_i<t), a scalar.

    `advantage` is (batch,) and is held constant; `logps` is (batch, time), 0 where masked.
    """
    return -(advantage.detach() * logps.sum(dim=1)).mean()


def leave_one_out(shaped: torch.Tensor, samples: int) -> torch.Tensor:
    """RLOO's advantage: each reward less the mean of the others of its prompt, (batch,).

    `shaped` is (batch,), the `samples` responses of a prompt one after the other.
    """
    groups = shaped.view(-1, samples)
    others = (groups.sum(dim=1, keepdim=True) - groups) / (samples - 1)
    return (groups - others).flatten()


def best_of_group(shaped: torch.Tensor, samples: int) -> torch.Tensor:
    """RAFT (Dong et al. 2023, arXiv 2304.06767) as an advantage: `samples` for a prompt's best response, 0 for others.

    With it reinforce_loss is the mean negative log-likelihood of the best responses. In and out as in leave_one_out.
    """
    best = shaped.view(-1, samples).argmax(dim=1)
    return samples * torch.nn.functional.one_hot(best, samples).flatten().to(shaped.dtype)


def compute_advantage(method: str, shaped: torch.Tensor, baseline: float, samples: int) -> torch.Tensor:
    """What each response's log-probability is multiplied by, (batch,), from shaped rewards, (batch,).

    "reinforce": less the baseline; "rloo" and "raft" compare the `samples` responses of a prompt instead.
    """
    if method == "rloo":
        return leave_one_out(shaped, samples)
    if method == "raft":
        return best_of_group(shaped, samples)
    return shaped - baseline


@dataclass
class Baseline:
    """What is subtracted from the shaped reward: one scalar for all prompts, made of *earlier* batches only.

    - "moving_average": Eq. 8, b_MA, the arithmetic mean of all shaped rewards before this batch;
    - "exponential": an exponential mean of batch means, which forgets; a deviation from the paper;
    - "none": 0.

    Before the first batch there is no history: `initial`, the mean reward of SFT responses, stands in for it. The
    moving average gives it no weight afterwards.
    """

    kind: str
    initial: float = 0.0
    decay: float = 0.95
    count: int = 0
    mean: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in BASELINES:
            raise ValueError(f"unknown baseline {self.kind!r}: give one of {', '.join(BASELINES)}")

    def value(self) -> float:
        if self.kind == "none":
            return 0.0
        return self.mean if self.count else self.initial

    def update(self, shaped: torch.Tensor) -> None:
        """Take the shaped rewards of a batch, (batch,), into the history."""
        batch_mean = shaped.double().mean().item()
        if self.kind == "exponential":
            self.mean = self.decay * self.value() + (1.0 - self.decay) * batch_mean
        else:
            self.mean += (batch_mean - self.mean) * len(shaped) / (self.count + len(shaped))
        self.count += len(shaped)
