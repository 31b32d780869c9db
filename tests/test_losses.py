"""The loss over ratings, against a brute-force double sum, known values and its analytic gradient."""

import math

import pytest
import torch

from align.losses import log_win_probability, rating_loss


def brute_force(first, second):
    """P(first > second), half ties, as a double sum over probabilities."""
    p, q = first.softmax(-1).tolist(), second.softmax(-1).tolist()
    return sum(p[i] * q[j] * (1.0 if i > j else 0.5 if i == j else 0.0) for i in range(len(p)) for j in range(len(q)))


@pytest.fixture
def logits():
    return torch.randn(2, 6, 10, generator=torch.Generator().manual_seed(0)) * 2


def test_win_probability_is_the_double_sum(logits):
    for first, second, log_p in zip(*logits, log_win_probability(*logits)):
        assert log_p.exp().item() == pytest.approx(brute_force(first, second), abs=1e-6)


def test_both_orders_sum_to_one(logits):
    total = log_win_probability(*logits).exp() + log_win_probability(*logits.flip(0)).exp()
    assert torch.allclose(total, torch.ones(6), atol=1e-6)


def test_the_higher_rating_wins():
    # With an inverted mask the low rating would.
    high, low = torch.full((1, 10), -20.0), torch.full((1, 10), -20.0)
    high[0, 8], low[0, 1] = 20.0, 20.0
    assert log_win_probability(high, low).exp().item() == pytest.approx(1.0, abs=1e-6)
    assert log_win_probability(low, high).exp().item() == pytest.approx(0.0, abs=1e-6)


def test_uniform_is_a_coin():
    zeros = torch.zeros(3, 10)
    assert log_win_probability(zeros, zeros).tolist() == pytest.approx([-math.log(2)] * 3, abs=1e-6)


def test_gradient_is_probability_less_posterior(logits):
    chosen, rejected = (part.clone().requires_grad_() for part in logits)
    (-log_win_probability(chosen, rejected).mean()).backward()
    p, q = chosen.detach().softmax(-1), rejected.detach().softmax(-1)
    ranks = torch.arange(10)
    weight = (ranks[:, None] > ranks).float() + 0.5 * torch.eye(10)
    joint = p[:, :, None] * weight * q[:, None, :]
    joint = joint / joint.sum((1, 2), keepdim=True)
    # Given that the chosen one wins, what are the ratings?
    assert torch.allclose(chosen.grad * len(p), p - joint.sum(2), atol=1e-6)
    assert torch.allclose(rejected.grad * len(p), q - joint.sum(1), atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_extreme_logits_give_no_nan(dtype):
    sure, other = torch.zeros(1, 10, dtype=dtype), torch.zeros(1, 10, dtype=dtype)
    sure[0, 9], other[0, 0] = 6e4, 6e4
    for pair in ((sure, other), (other, sure), (sure, sure)):
        chosen, rejected = (part.clone().requires_grad_() for part in pair)
        loss = -log_win_probability(chosen, rejected).mean()
        loss.backward()
        assert torch.isfinite(loss)
        assert torch.isfinite(chosen.grad).all() and torch.isfinite(rejected.grad).all()


def test_rating_loss_by_hand():
    outputs = torch.tensor([[0.0, 0.0, math.log(2.0)], [0.0, 0.0, 0.0]])  # probabilities 1/4 1/4 1/2, and thirds
    ratings = torch.tensor([3.0, 1.5])  # a bin of its own, and one shared by the first two
    assert rating_loss(outputs, ratings).item() == pytest.approx((math.log(2) + math.log(3)) / 2, abs=1e-6)
    # A scalar is held against the distance from the middle of 1..10.
    assert rating_loss(torch.tensor([[1.0], [0.0]]), torch.tensor([5.5, 7.5])).item() == pytest.approx((1 + 4) / 2)
