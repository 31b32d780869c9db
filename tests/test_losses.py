"""The loss over ratings, against a brute-force double sum, known values and its analytic gradient."""

import math

import pytest
import torch

from align.losses import log_davidson_outcomes, log_rating_outcomes, log_win_probability, rating_loss


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


@pytest.fixture
def two_bins():
    """Logits of the probabilities 1/4, 3/4 and 1/2, 1/2, which can be worked by hand."""
    return [torch.tensor([p]).log().requires_grad_() for p in ([0.25, 0.75], [0.5, 0.5])]


def test_win_tie_and_loss_by_hand(two_bins):
    # Wins by rating 2 over 1, 3/4 * 1/2; ties at 1, 1/8, and at 2, 3/8; loses by 1 under 2, 1/4 * 1/2.
    assert log_rating_outcomes(*two_bins).exp()[0].tolist() == pytest.approx([3 / 8, 1 / 2, 1 / 8], abs=1e-6)


@pytest.mark.parametrize(
    ("outcome", "first", "second"),
    [
        # Probability less posterior. A win is 2 over 1 for certain, a loss 1 under 2; a tie is at 1 or at 2, as 1 to 3.
        (0, [1 / 4, -1 / 4], [-1 / 2, 1 / 2]),
        (1, [0.0, 0.0], [1 / 4, -1 / 4]),
        (2, [-3 / 4, 3 / 4], [1 / 2, -1 / 2]),
    ],
)
def test_gradients_of_the_outcomes_by_hand(two_bins, outcome, first, second):
    (-log_rating_outcomes(*two_bins)[0, outcome]).backward()
    assert two_bins[0].grad[0].tolist() == pytest.approx(first, abs=1e-6)
    assert two_bins[1].grad[0].tolist() == pytest.approx(second, abs=1e-6)


def test_outcomes_sum_to_one_and_half_a_tie_is_a_win(logits):
    win, tie, loss = log_rating_outcomes(*logits).exp().unbind(-1)
    assert torch.allclose(win + tie + loss, torch.ones(6), atol=1e-6)
    assert torch.allclose(win + tie / 2, log_win_probability(*logits).exp(), atol=1e-6)
    assert torch.allclose(log_rating_outcomes(*logits.flip(0)).exp()[:, 0], loss, atol=1e-6)
    # Uniform ratings tie once in ten; what is certain ties with itself always.
    sure = torch.full((1, 10), -20.0)
    sure[0, 4] = 20.0
    assert log_rating_outcomes(torch.zeros(1, 10), torch.zeros(1, 10))[0, 1].exp().item() == pytest.approx(0.1)
    assert log_rating_outcomes(sure, sure)[0, 1].exp().item() == pytest.approx(1.0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_extreme_outcomes_give_no_nan(dtype):
    sure, other = torch.zeros(1, 10, dtype=dtype), torch.zeros(1, 10, dtype=dtype)
    sure[0, 9], other[0, 0] = 6e4, 6e4
    for pair in ((sure, other), (other, sure), (sure, sure)):
        for outcome in range(3):
            chosen, rejected = (part.clone().requires_grad_() for part in pair)
            loss = -log_rating_outcomes(chosen, rejected)[0, outcome]
            loss.backward()
            assert torch.isfinite(loss)
            assert torch.isfinite(chosen.grad).all() and torch.isfinite(rejected.grad).all()


def test_davidsons_outcomes_and_gradients_by_hand():
    # With nu = 1/2 and a difference of 2 ln 2 they are as 2 : 1/2 : 1/2.
    first = torch.tensor([3 * math.log(2)], requires_grad=True)
    second = torch.tensor([math.log(2)], requires_grad=True)
    log_nu = torch.tensor(math.log(0.5), requires_grad=True)
    outcomes = log_davidson_outcomes(first, second, log_nu)
    win, tie, loss = outcomes[0].exp().tolist()
    assert (win, tie, loss) == pytest.approx((2 / 3, 1 / 6, 1 / 6), abs=1e-6)
    # Of decided pairs it is Bradley-Terry's: sigmoid(2 ln 2) = 4/5.
    assert win / (win + loss) == pytest.approx(4 / 5, abs=1e-6)
    (-outcomes[0, 1]).backward()
    # A tie pulls rewards together, by half of P(win) - P(loss), and nu up, by 1 - P(tie).
    assert (first.grad.item(), second.grad.item()) == pytest.approx((1 / 4, -1 / 4), abs=1e-6)
    assert log_nu.grad.item() == pytest.approx(-5 / 6, abs=1e-6)
