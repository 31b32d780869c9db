"""PPO and Vanilla PG: each equation by hand, and what they have in common with REINFORCE, on a real model."""

import pandas as pd
import pytest
import torch
import train_policy
from test_training import kill_midway, read_weights, weights
from tiny_world import policy_flags

from align.actor_critic import (
    clipped_policy_loss,
    clipped_value_loss,
    gae,
    policy_gradient_loss,
    token_rewards,
    value_loss,
    whiten,
)
from align.critic import TokenValues
from align.reinforce import reinforce_loss, shape_reward
from align.rollout import TokenLogps

PPO = ["--method", "ppo", "--critic-learning-rate", "2e-3", "--discount", "1", "--gae-lambda", "0.95"]
PPO += ["--clip-range", "0.2", "--value-clip-range", "0.2", "--epochs", "2", "--minibatches", "2"]
PPO += ["--advantages", "whitened"]
VANILLA_PG = ["--method", "vanilla_pg", "--critic-learning-rate", "2e-3"]
PROMPTS, RESPONSES = [[5, 6, 7], [8, 9]], [[6, 7, 8, 3], [9, 3]]
MASK = torch.tensor([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]])


def test_the_reward_comes_at_the_last_token_and_kl_at_each():
    logps = torch.tensor([[-1.0, -2.0, -0.5], [-1.0, -3.0, 0.0]], requires_grad=True)
    ref_logps = torch.tensor([[-1.5, -1.0, -0.5], [-3.0, -2.0, 0.0]])
    mask = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
    rewards = token_rewards(torch.tensor([4.0, 5.0]), logps, ref_logps, mask, kl_coef=0.1)
    assert rewards[0].tolist() == pytest.approx([-0.05, 0.1, 4.0])
    assert rewards[1].tolist() == pytest.approx([-0.2, 5.1, 0.0])
    assert not rewards.requires_grad
    shaped = shape_reward(torch.tensor([4.0, 5.0]), logps, ref_logps, kl_coef=0.1)
    assert rewards.sum(dim=1).tolist() == pytest.approx(shaped.tolist())


def test_gae_of_an_episode_of_three_tokens_by_hand():
    rewards, values = torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([[0.5, 1.0, -1.0]])
    # deltas: 1 + .9 * 1 - .5 = 1.4; 0 - .9 - 1 = -1.9; 2 - -1 = 3. With gamma * lambda = .45:
    # A_3 = 3, A_2 = -1.9 + .45 * 3 = -.55, A_1 = 1.4 - .45 * .55 = 1.1525.
    advantages = gae(rewards, values, torch.ones(1, 3), discount=0.9, gae_lambda=0.5)
    assert advantages[0].tolist() == pytest.approx([1.1525, -0.55, 3.0])
    # lambda = 0: the one-step error. lambda = gamma = 1: what is still to come, less what was expected.
    assert gae(rewards, values, torch.ones(1, 3), 0.9, 0.0)[0].tolist() == pytest.approx([1.4, -1.9, 3.0])
    assert gae(rewards, values, torch.ones(1, 3), 1.0, 1.0)[0].tolist() == pytest.approx([2.5, 1.0, 3.0])


def test_padding_counts_nowhere():
    kept, noise = MASK.bool(), torch.full((2, 4), 7.0)
    draw = torch.Generator().manual_seed(0)
    logps, ref_logps, values, old = (torch.randn(2, 4, generator=draw) for _ in range(4))

    def numbers(logps, ref_logps, values, old):
        rewards = token_rewards(torch.tensor([1.0, -2.0]), logps, ref_logps, MASK, 0.1)
        advantages = gae(rewards, values, MASK, 0.9, 0.8)
        losses = clipped_policy_loss(advantages, logps, old, MASK, 0.2), policy_gradient_loss(advantages, logps, MASK)
        errors = clipped_value_loss(values, old, advantages, MASK, 0.2), value_loss(values, advantages, MASK)
        assert not rewards[~kept].any() and not advantages[~kept].any()
        return [*losses, *errors, *whiten(advantages, MASK).flatten()]

    clean = numbers(*(part * MASK for part in (logps, ref_logps, values, old)))
    dirty = numbers(*(torch.where(kept, part, noise) for part in (logps, ref_logps, values, old)))
    torch.testing.assert_close(torch.stack(dirty), torch.stack(clean))
    # And a short response beside a long one has the advantages that it has alone.
    rewards = token_rewards(torch.tensor([1.0, -2.0]), logps, ref_logps, MASK, 0.1)
    alone = gae(rewards[1:, :2], values[1:, :2], torch.ones(1, 2), 0.9, 0.8)
    torch.testing.assert_close(gae(rewards, values, MASK, 0.9, 0.8)[1:, :2], alone)


def test_whitening_by_hand():
    advantages = whiten(torch.tensor([[1.0, 3.0], [5.0, 9.0]]), torch.tensor([[1.0, 1.0], [1.0, 0.0]]))
    # 1, 3, 5: mean 3, variance 8/3.
    assert advantages.flatten().tolist() == pytest.approx([-1.2247, 0.0, 1.2247, 0.0], abs=1e-4)


@pytest.mark.parametrize(
    ("ratio", "advantage", "slope"),
    [
        (1.0, 2.0, -2.0),  # inside: -A * ratio
        (1.1, 2.0, -2.2),
        (1.1, -3.0, 3.3),
        (1.3, 2.0, 0.0),  # the good has become likely enough
        (0.7, -3.0, 0.0),  # the bad unlikely enough
        (1.3, -3.0, 3.9),  # outside on the wrong side: the way back is open
        (0.7, 2.0, -1.4),
    ],
)
def test_the_clipped_objectives_gradient(ratio, advantage, slope):
    logps = torch.tensor([[ratio]]).log().requires_grad_()
    loss = clipped_policy_loss(torch.tensor([[advantage]]), logps, torch.zeros(1, 1), torch.ones(1, 1), clip_range=0.2)
    kept = min(ratio * advantage, min(max(ratio, 0.8), 1.2) * advantage)
    assert loss.item() == pytest.approx(-kept)
    loss.backward()
    assert logps.grad.item() == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize(
    ("value", "loss", "slope"),
    [
        (1.1, 0.5 * 0.9**2, -0.9),  # within .2 of the old value, 1: V - G
        (1.5, 0.5 * 0.8**2, 0.0),  # moved too far towards the return, 2
        (0.5, 0.5 * 1.5**2, -1.5),  # moved away: the larger error counts
    ],
)
def test_the_clipped_value_loss_and_its_gradient(value, loss, slope):
    values = torch.tensor([[value]], requires_grad=True)
    found = clipped_value_loss(values, torch.ones(1, 1), torch.full((1, 1), 2.0), torch.ones(1, 1), clip_range=0.2)
    assert found.item() == pytest.approx(loss)
    found.backward()
    assert values.grad.item() == pytest.approx(slope)
    assert value_loss(values, torch.full((1, 1), 2.0), torch.ones(1, 1)).item() == pytest.approx((value - 2) ** 2 / 2)


def gradient(policy, loss):
    policy.zero_grad()
    loss.backward()
    return torch.cat([part.grad.flatten().clone() for part in policy.parameters()])


def test_with_an_ideal_critic_ppos_gradient_is_that_of_reinforce(policy):
    model, b = TokenLogps(policy), 0.3
    ref_logps = torch.tensor([[-1.0, -2.0, -0.5, -1.0], [-3.0, -0.2, 0.0, 0.0]])
    reward, old = torch.tensor([2.0, -1.0]), model(PROMPTS, RESPONSES)[0].detach()
    expected_loss = reinforce_loss(shape_reward(reward, old, ref_logps, 0.1) - b, model(PROMPTS, RESPONSES)[0])
    expected = gradient(policy, expected_loss)
    assert expected.norm() > 0.1
    rewards = token_rewards(reward, old, ref_logps, MASK, 0.1)
    # It expects b of the whole response, less what the tokens so far have already paid.
    values = (b - (rewards.cumsum(dim=1) - rewards)) * MASK
    advantages = gae(rewards, values, MASK, discount=1.0, gae_lambda=1.0)
    for loss in (
        clipped_policy_loss(advantages, model(PROMPTS, RESPONSES)[0], old, MASK, clip_range=0.2),
        policy_gradient_loss(advantages, model(PROMPTS, RESPONSES)[0], MASK),
    ):
        torch.testing.assert_close(gradient(policy, loss), expected, atol=1e-6, rtol=1e-4)


def test_the_critic_values_what_stands_before_each_token(policy, tokenizer):
    critic = TokenValues(policy)
    assert not critic(PROMPTS, RESPONSES).any()
    torch.nn.init.normal_(critic.head.weight)
    values = critic(PROMPTS, RESPONSES)
    for row, (prompt, response) in enumerate(zip(PROMPTS, RESPONSES)):
        for step in range(len(response)):
            before = torch.tensor([prompt + response[:step]])
            hidden = policy.model(input_ids=before).last_hidden_state[0, -1]
            assert values[row, step].item() == pytest.approx(critic.head(hidden).item(), abs=1e-5)
    assert not values[1, 2:].any()


def test_the_first_step_of_vanilla_pg_is_that_of_reinforce(world):
    # At the first step no KL is paid, and b_MA and the critic are both 0; so is PPO with one pass, not whitened.
    train_policy.main(policy_flags(world, "one", "--steps", "1"))
    plain = ["--gae-lambda", "1", "--epochs", "1", "--minibatches", "1", "--advantages", "plain"]
    for name, flags in {"one_pg": VANILLA_PG, "one_ppo": [*PPO, *plain]}.items():
        train_policy.main(policy_flags(world, name, "--steps", "1", "--micro-batch-size", "3", *flags))
        one, other = (pd.read_csv(world / f"{run}.csv").iloc[0] for run in ("one", name))
        for column in ("reward", "shaped_reward", "kl", "entropy", "length", "finished", "grad_norm"):
            assert other[column] == pytest.approx(one[column], rel=1e-4, abs=1e-5), column
        torch.testing.assert_close(read_weights(world / name), read_weights(world / "one"), atol=1e-5, rtol=0)


def test_a_batch_of_ppo_is_used_several_times_and_the_critic_learns(world):
    train_policy.main(policy_flags(world, "ppo", *PPO, "--steps", "12", "--epochs", "4"))
    metrics = pd.read_csv(world / "ppo.csv")
    assert metrics.notna().all(axis=None)
    assert metrics["baseline"].iloc[0] == 0 and metrics["baseline"].iloc[1:].ne(0).all()
    # Four passes of two steps move further than one step could, each weight by at most its learning rate.
    sft, policy = read_weights(world / "sft"), read_weights(world / "ppo")
    assert (policy - sft).abs().max() > 12 * 1e-3
    assert metrics["clipped_share"].max() > 0
    assert metrics["value_loss"].tail(4).mean() < metrics["value_loss"].head(4).mean()


@pytest.mark.parametrize("flags", [PPO, VANILLA_PG], ids=["ppo", "vanilla_pg"])
def test_killed_with_a_critic_it_ends_with_the_same_bytes(world, flags):
    # More steps than a kill needs: the critic and its optimizer come back too, or later steps would differ.
    runs = {name: policy_flags(world, name, *flags, "--steps", "30") for name in ("whole", "halved")}
    train_policy.main(runs["whole"])
    kill_midway("train_policy.py", runs["halved"], world / "state-halved")
    train_policy.main(runs["halved"])
    assert weights(world / "halved") == weights(world / "whole")
    tables = [pd.read_csv(world / f"{name}.csv").drop(columns="samples_per_second") for name in runs]
    pd.testing.assert_frame_equal(*tables)


def test_a_critic_needs_its_learning_rate_and_vanilla_pg_takes_nothing_else(world, capsys):
    for flags, said in (
        (["--method", "ppo"], "give --critic-learning-rate"),
        ([*VANILLA_PG, "--epochs", "2"], "vanilla_pg has none of ppo's settings"),
    ):
        with pytest.raises(SystemExit):
            train_policy.main(policy_flags(world, "refused", *flags))
        assert said in capsys.readouterr().err
