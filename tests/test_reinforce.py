import pytest
import torch

from align.reinforce import Baseline, best_of_group, leave_one_out, reinforce_loss, shape_reward


def test_shaped_reward_by_hand_and_detached():
    logps = torch.tensor([[-1.0, -2.0], [-0.5, 0.0]], requires_grad=True)
    ref_logps = torch.tensor([[-1.5, -3.0], [-0.25, 0.0]])
    shaped = shape_reward(torch.tensor([1.0, 2.0]), logps, ref_logps, kl_coef=0.1)
    # log-ratios 1.5 and -0.25
    assert shaped.tolist() == pytest.approx([0.85, 2.025])
    assert not shaped.requires_grad


def test_loss_and_gradient_by_hand():
    logps = torch.tensor([[-1.0, -2.0], [-0.5, 0.0]], requires_grad=True)
    loss = reinforce_loss(torch.tensor([2.0, -1.0]), logps)
    assert loss.item() == pytest.approx(-(2.0 * -3.0 + -1.0 * -0.5) / 2)
    loss.backward()
    # Minus the advantage over the batch size for every token: no division by length.
    assert logps.grad.tolist() == [[-1.0, -1.0], [0.5, 0.5]]


def test_gradient_estimates_that_of_the_expected_reward():
    # A policy over three one-token responses: the mean REINFORCE gradient is the gradient of -E[r], baseline or not.
    torch.manual_seed(0)
    logits = torch.tensor([0.2, -0.4, 0.1], requires_grad=True)
    rewards = torch.tensor([1.0, 0.0, 3.0])
    exact = torch.autograd.grad(-(logits.softmax(0) * rewards).sum(), logits)[0]
    responses = torch.multinomial(logits.detach().softmax(0), 200_000, replacement=True)
    logps = logits.log_softmax(0)[responses].unsqueeze(1)
    for baseline in (0.0, 1.2):
        loss = reinforce_loss(rewards[responses] - baseline, logps)
        estimate = torch.autograd.grad(loss, logits, retain_graph=True)[0]
        assert estimate.tolist() == pytest.approx(exact.tolist(), abs=0.01)


def test_moving_average_is_the_mean_of_all_earlier_rewards():
    baseline = Baseline("moving_average", initial=6.0)
    assert baseline.value() == 6.0  # the SFT responses' mean, not 0, where there is no history
    baseline.update(torch.tensor([1.0, 3.0]))
    assert baseline.value() == pytest.approx(2.0)  # and it has no weight afterwards
    baseline.update(torch.tensor([8.0]))
    assert baseline.value() == pytest.approx((1 + 3 + 8) / 3)  # every reward counts the same, not every batch


def test_exponential_forgets():
    baseline = Baseline("exponential", initial=1.0, decay=0.9)
    baseline.update(torch.tensor([2.0, 4.0]))
    assert baseline.value() == pytest.approx(0.9 * 1.0 + 0.1 * 3.0)


def test_none_is_zero():
    baseline = Baseline("none", initial=6.0)
    baseline.update(torch.tensor([5.0]))
    assert baseline.value() == 0.0


def test_unknown_baseline_is_refused():
    with pytest.raises(ValueError, match="give one of moving_average"):
        Baseline("ema")


def test_leave_one_out_by_hand():
    shaped = torch.tensor([1.0, 2.0, 6.0, 0.0, 0.0, 3.0])
    assert leave_one_out(shaped, 3).tolist() == [-3.0, -1.5, 4.5, -1.5, -1.5, 3.0]
    # With two it is their difference.
    assert leave_one_out(shaped[:2], 2).tolist() == [-1.0, 1.0]


def test_raft_imitates_the_best_response_of_each_prompt():
    advantage = best_of_group(torch.tensor([1.0, 3.0, 2.0, -1.0]), 2)
    assert advantage.tolist() == [0.0, 2.0, 2.0, 0.0]
    logps = torch.tensor([[-1.0], [-2.0], [-5.0], [-7.0]])
    assert reinforce_loss(advantage, logps).item() == pytest.approx((2.0 + 5.0) / 2)
