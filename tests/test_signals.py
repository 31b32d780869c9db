import pytest
import torch

from align.errors import InputError
from align.signals import Scale, fit_scale, scalar_reward


def test_scale_counts_only_differences_within_a_prompt():
    # Variances within the prompts: 2 and 8; the prompts' own means, 1 and 12, do not enter.
    scale = fit_scale(torch.tensor([[0.0, 2.0], [10.0, 14.0]]))
    assert scale.mean == pytest.approx(6.5)
    assert scale.deviation == pytest.approx(5.0**0.5)
    assert scale.apply(torch.tensor([6.5 + 5.0**0.5])).item() == pytest.approx(1.0)


def test_a_signal_that_never_differs_is_refused():
    with pytest.raises(InputError, match="nothing can be learned"):
        fit_scale(torch.ones(3, 4))


def test_scalar_reward_needs_one_output():
    assert scalar_reward(torch.tensor([[1.0], [2.0]])).tolist() == [1.0, 2.0]
    with pytest.raises(InputError, match="has 10 outputs"):
        scalar_reward(torch.zeros(2, 10))


def test_scale_is_frozen():
    with pytest.raises(AttributeError):
        Scale(0.0, 1.0).mean = 2.0
