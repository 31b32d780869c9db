import numpy as np
import pandas as pd
import pytest
import study_gradients
import torch
from study_gradients import ConstantBaselines, Moments, history_baseline

from align.rollout import TokenLogps


def test_moments_by_hand():
    moments = Moments()
    for vector in ([1.0, 0.0], [3.0, 2.0], [2.0, 4.0]):
        moments.add(torch.tensor(vector))
    # Variances 1 and 4; the mean is (2, 2), of which chance makes 5 / 3.
    assert moments.variance() == pytest.approx(5.0)
    assert moments.signal() == pytest.approx(8.0 - 5.0 / 3)


def test_every_constant_at_once_is_every_constant_by_itself():
    draws = np.random.default_rng(0)
    gradients, rewards = draws.normal(size=(40, 6)), draws.normal(2.0, 1.0, size=40)
    constants = ConstantBaselines()
    for reward, gradient in zip(rewards, gradients):
        constants.add(reward, torch.tensor(gradient))

    def variance(b):
        return ((rewards - b)[:, None] * gradients).var(axis=0, ddof=1).sum()

    for b in (0.0, 1.3, -2.0):
        assert constants.variance(b) == pytest.approx(variance(b))
    best = constants.best()
    assert variance(best) < min(variance(best - 0.1), variance(best + 0.1))


def test_the_history_is_that_of_the_training():
    metrics = pd.DataFrame({"shaped_reward": [1.0, 2.0, 6.0]})
    assert history_baseline("moving_average", metrics, 0.5) == pytest.approx(3.0)
    # 0 -> 0.5 -> 1.25 -> 3.625
    assert history_baseline("exponential", metrics, 0.5) == pytest.approx(3.625)


def test_a_response_has_its_own_gradient(policy):
    responses = [[4, 5], [6, 1]]
    one, other = (study_gradients.response_gradient(TokenLogps(policy), [2, 7], response) for response in responses)
    policy.zero_grad()
    TokenLogps(policy)([[2, 7]] * 2, responses)[0].sum().backward()
    both = torch.cat([part.grad.flatten() for part in policy.parameters()])
    policy.zero_grad()
    torch.testing.assert_close(one + other, both, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(one, other)


def test_the_study_of_a_real_policy(world):
    flags = ["--reference-policy", str(world / "sft"), "--reward-model", str(world / "rm")]
    flags += ["--references", str(world / "references.parquet"), "--scale", str(world / "policy.json")]
    flags += ["--signal", "reward", "--seed", "1", "--prompts", "6", "--batch-size", "8", "--kl-coef", "0.1"]
    flags += ["--baseline-decay", "0.9", "--max-new-tokens", "12", "--generation-batch-size", "10"]
    flags += ["--precision", "fp32", "--scoring-batch-size", "16", "--output", str(world / "gradients.csv")]
    flags += ["--phases", "early", "late", "--policies", str(world / "sft"), str(world / "policy")]
    study_gradients.main(flags + ["--metrics", str(world / "policy.csv"), str(world / "policy.csv")])
    table = pd.read_csv(world / "gradients.csv").set_index(["phase", "estimate"])
    assert len(table) == 2 * 7 and (table["variance"] > 0).all()
    for phase in ("early", "late"):
        part = table.loc[phase]
        assert part.loc["moving average", "relative_variance"] == pytest.approx(1.0)
        constants = part.loc[["none", "moving average", "exponential mean"], "variance"]
        assert part.loc["best constant", "variance"] <= constants.min() * (1 + 1e-6)
