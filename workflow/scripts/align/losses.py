"""Losses of reward models that return a distribution over ratings 1..K, as K logits of a softmax; and of ties."""

import torch

# Of the scale 1..10, on which a scalar model is anchored.
SCALAR_MIDDLE = 5.5


def log_joint(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """log P(first has rating i, second has rating j), (..., ratings, ratings), from logits (..., ratings); fp32."""
    return first.float().log_softmax(-1)[..., :, None] + second.float().log_softmax(-1)[..., None, :]


def log_win_probability(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """log P(first > second), a tie counting one half, from logits (..., ratings) that broadcast; (...), fp32.

    P = sum_i p_first(i) * (sum_{j<i} p_second(j) + 1/2 p_second(i)). In logs throughout, so that certainty on either
    side gives neither NaN nor an infinite loss. P(first > second) + P(second > first) = 1;
    uniform ratings win half.
    """
    ratings = torch.arange(first.shape[-1], device=first.device)
    # Weight of "first has rating i, second has rating j": 1 where i > j, 1/2 on the diagonal, else 0.
    weight = (ratings[:, None] > ratings).float() + 0.5 * (ratings[:, None] == ratings).float()
    return (log_joint(first, second) + weight.log()).flatten(-2).logsumexp(-1)


def log_rating_outcomes(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """log P of a win, a tie and a loss of `first`, (..., 3), from logits (..., ratings) that broadcast; fp32.

    P(win) = sum_{i>j} p_first(i) p_second(j), P(tie) = sum_i p_first(i) p_second(i). How often raters tie tells how
    concentrated both distributions are; wins and losses hardly tell it. Uniform ratings tie once in K.
    """
    ratings = torch.arange(first.shape[-1], device=first.device)
    above = ratings[:, None] > ratings
    weight = torch.stack([above, ratings[:, None] == ratings, above.T]).float()
    return (log_joint(first, second)[..., None, :, :] + weight.log()).flatten(-2).logsumexp(-1)


def log_davidson_outcomes(first: torch.Tensor, second: torch.Tensor, log_nu: torch.Tensor) -> torch.Tensor:
    """log P of a win, a tie and a loss of `first`, (..., 3), from scalar rewards (...); fp32.

    Davidson (1970), the scalar control: P is in proportion to exp(r_first), nu exp((r_first + r_second) / 2) and
    exp(r_second). Of decided pairs it is Bradley-Terry's; a tie tells that rewards are near, and nothing of a spread.
    """
    half = (first - second).float() / 2
    return torch.stack([half, log_nu.float().expand_as(half), -half], dim=-1).log_softmax(-1)


def rating_loss(outputs: torch.Tensor, ratings: torch.Tensor) -> torch.Tensor:
    """How far a reward model is from the raters' own ratings, a mean over responses.

    `outputs` is (responses, ratings) or, of a scalar model, (responses, 1); `ratings` is (responses,), from 1 to K = 10
    where the model is scalar. Cross-entropy to the rating, shared by its two neighbouring bins, or the squared error of
    a scalar to the rating's distance from the middle of the scale.
    """
    bins = outputs.shape[-1]
    if bins == 1:
        return (outputs.float()[:, 0] - (ratings - SCALAR_MIDDLE)).pow(2).mean()
    # The share of the bin i is 1 - |rating - i|, where that is positive.
    places = torch.arange(1, bins + 1, device=ratings.device)
    target = (1 - (ratings[:, None] - places).abs()).clamp(min=0)
    return -(target * outputs.float().log_softmax(-1)).sum(-1).mean()
