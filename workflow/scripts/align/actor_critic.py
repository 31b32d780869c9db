"""PPO and Vanilla PG: each token is an action, and a learned critic V is the baseline. Pure functions.

PPO is Schulman et al. 2017 (arXiv 1707.06347) as RLHF uses it (Ouyang et al. 2022, arXiv 2203.02155): the KL penalty is
part of the reward at each token, the reward model's word comes at the last one, and a batch is used several times.
Vanilla PG (Ahmadian et al. 2024, section 3) keeps the critic: lambda is 1, nothing is clipped, nothing is used twice.
All tensors are (batch, time) unless told otherwise; `mask` is 1 through a response's end and 0 on its padding.
"""

import torch

CRITIC_METHODS = ("vanilla_pg", "ppo")


def token_rewards(
    reward: torch.Tensor, logps: torch.Tensor, ref_logps: torch.Tensor, mask: torch.Tensor, kl_coef: float
) -> torch.Tensor:
    """r_t = -beta * log[pi(y_t)/pi_ref(y_t)], and `reward`, (batch,), at the last token; detached.

    A response's token rewards sum to its shaped reward, Eq. 3 of REINFORCE.
    """
    last = mask.sum(dim=1, keepdim=True).long() - 1
    at_last = torch.zeros_like(logps).scatter(1, last, reward.unsqueeze(1))
    return ((at_last - kl_coef * (logps - ref_logps)) * mask).detach()


def gae(
    rewards: torch.Tensor, values: torch.Tensor, mask: torch.Tensor, discount: float, gae_lambda: float
) -> torch.Tensor:
    """Generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438, Eq. 16), detached.

    A_t = sum_l (gamma * lambda)^l delta_{t+l} with delta_t = r_t + gamma * V_{t+1} - V_t, and V = 0 after the end.
    """
    values = (values * mask).detach()
    following = torch.nn.functional.pad(values[:, 1:], (0, 1))
    deltas = (rewards + discount * following - values) * mask
    advantages, later = torch.zeros_like(deltas), torch.zeros_like(deltas[:, 0])
    for t in reversed(range(deltas.shape[1])):
        later = deltas[:, t] + discount * gae_lambda * later
        advantages[:, t] = later
    return advantages


def whiten(advantages: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Advantages with mean 0 and variance 1 over the batch's response tokens, 0 on padding."""
    tokens = mask.sum()
    centred = (advantages - (advantages * mask).sum() / tokens) * mask
    return centred / (centred.pow(2).sum() / tokens).sqrt().clamp(min=1e-8)


def sum_tokens(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Sum over a response's tokens, mean over responses: as REINFORCE's loss, no division by length; a scalar."""
    return (values * mask).sum(dim=1).mean()


def policy_gradient_loss(advantages: torch.Tensor, logps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Vanilla PG: -(1/B) sum_i sum_t A_it * log pi(y_it), a scalar."""
    return -sum_tokens(advantages.detach() * logps, mask)


def clipped_policy_loss(
    advantages: torch.Tensor, logps: torch.Tensor, old_logps: torch.Tensor, mask: torch.Tensor, clip_range: float
) -> torch.Tensor:
    """PPO, Eq. 7: -min(ratio * A, clip(ratio, 1 - eps, 1 + eps) * A) with ratio = pi(y_t)/pi_old(y_t), a scalar."""
    ratio = (logps - old_logps).exp()
    clipped = ratio.clamp(1.0 - clip_range, 1.0 + clip_range)
    return -sum_tokens(torch.min(ratio * advantages, clipped * advantages), mask)


def value_loss(values: torch.Tensor, returns: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """1/2 (V_t - G_t)^2 with returns G = A + V_old, a scalar."""
    return 0.5 * sum_tokens((values - returns).pow(2), mask)


def clipped_value_loss(
    values: torch.Tensor, old_values: torch.Tensor, returns: torch.Tensor, mask: torch.Tensor, clip_range: float
) -> torch.Tensor:
    """1/2 max((V_t - G_t)^2, (clip(V_t, V_old - eps, V_old + eps) - G_t)^2), a scalar: the critic too moves little."""
    clipped = torch.clamp(values, old_values - clip_range, old_values + clip_range)
    return 0.5 * sum_tokens(torch.max((values - returns).pow(2), (clipped - returns).pow(2)), mask)
