import ast
import math
import re

import pytest
import torch
from conftest import ROOT

from align.errors import InputError
from align.losses import log_win_probability
from align.signals import (
    SCALAR_SIGNALS,
    SIGNALS,
    Scale,
    SignalOptions,
    as_one_model,
    compute_signal,
    confidence,
    fit_scale,
    grouped_signal,
    mean_and_deviation,
    rating_values,
)

# Four ratings with probabilities 1/2, 1/4, 1/8, 1/8, and one that is certain of 3.
OUTPUTS = torch.tensor([[0.5, 0.25, 0.125, 0.125], [1e-9, 1e-9, 1.0, 1e-9]]).log()
REFERENCES = torch.zeros(2, 2, 4)


def test_scale_by_hand():
    # Variances within the two prompts: 2 and 8; their mean is 5. The difference between prompts is no part of it.
    scale = fit_scale(torch.tensor([[1.0, 3.0], [100.0, 104.0]]))
    assert scale.mean == pytest.approx(52.0)
    assert scale.deviation == pytest.approx(5**0.5)
    assert scale.apply(torch.tensor([52.0, 52.0 + 5**0.5])).tolist() == pytest.approx([0.0, 1.0])


def test_responses_without_difference_are_refused():
    with pytest.raises(InputError, match="the same reward"):
        fit_scale(torch.tensor([[1.0, 1.0], [2.0, 2.0]]))


def test_scalar_signals_by_hand():
    outputs, references = torch.tensor([[1.5], [-2.0]]), torch.tensor([[[0.5], [1.5]], [[0.0], [0.0]]])
    assert compute_signal("reward", outputs, references).tolist() == [1.5, -2.0]
    assert compute_signal("centred", outputs, references).tolist() == [0.5, -2.0]
    # The mean of sigmoids, not the sigmoid of the mean: what Bradley-Terry has for the win probability.
    expected = [(1 / (1 + math.exp(-1.0)) + 0.5) / 2, 1 / (1 + math.exp(2.0))]
    assert compute_signal("bounded", outputs, references).tolist() == pytest.approx(expected)


def test_rating_signals_by_hand():
    mean = 0.5 + 0.5 + 0.375 + 0.5
    deviation = (0.5 + 1.0 + 1.125 + 2.0 - mean**2) ** 0.5
    assert compute_signal("mean", OUTPUTS, REFERENCES).tolist() == pytest.approx([mean, 3.0], abs=1e-5)
    risk = compute_signal("risk", OUTPUTS, REFERENCES, SignalOptions(risk_aversion=0.5))
    assert risk.tolist() == pytest.approx([mean - 0.5 * deviation, 3.0], abs=1e-3)
    # Against uniform ratings, rating i beats (i - 1 + 1/2) of 4.
    win = 0.5 * 0.125 + 0.25 * 0.375 + 0.125 * 0.625 + 0.125 * 0.875
    assert compute_signal("win", OUTPUTS, REFERENCES).tolist() == pytest.approx([win, 0.625], abs=1e-5)
    # From the third of four ratings up: 1/8 + 1/8. From the first up it is all, whatever the distribution.
    for threshold, expected in ((3, 0.25), (4, 0.125), (1, 1.0)):
        content = compute_signal("content", OUTPUTS, REFERENCES, SignalOptions(rating_threshold=threshold))
        assert content[0].item() == pytest.approx(expected, abs=1e-5)
    # The worst half is all 1; the worst 3/4 are two thirds 1 and one third 2.
    for share, expected in ((0.5, 1.0), (0.75, 4 / 3), (1.0, mean)):
        cvar = compute_signal("cvar", OUTPUTS, REFERENCES, SignalOptions(cvar_share=share))
        assert cvar[0].item() == pytest.approx(expected, abs=1e-5)


def test_a_sampled_rating_has_the_mean_of_the_distribution():
    torch.manual_seed(0)
    draws = compute_signal("sampled", OUTPUTS[:1].expand(20000, -1), REFERENCES[:1].expand(20000, -1, -1))
    assert set(draws.tolist()) == {1.0, 2.0, 3.0, 4.0}
    assert draws.mean().item() == pytest.approx(1.875, abs=0.03)


def test_confidence_is_1_where_certain_and_0_where_split_between_the_ends():
    split = torch.tensor([[0.5, 1e-9, 1e-9, 0.5]]).log()
    assert confidence(torch.cat([OUTPUTS[1:], split])).tolist() == pytest.approx([1.0, 0.0], abs=1e-3)


def test_relabelled_values_keep_order_and_ends():
    for name, middle in (("none", 6.0), ("convex", 3.5), ("concave", 1 + 10 * 0.5**0.5)):
        values = rating_values(11, name)
        assert values[0] == 1 and values[-1] == 11
        assert (values.diff() > 0).all()
        assert values[5].item() == pytest.approx(middle)


def test_relabelling_changes_the_mean_and_leaves_the_win_probability_to_the_bit():
    outputs = torch.randn(50, 10, generator=torch.Generator().manual_seed(1)) * 2
    references = torch.randn(50, 4, 10, generator=torch.Generator().manual_seed(2)) * 2
    plain = {name: compute_signal(name, outputs, references) for name in ("mean", "win")}
    for relabelling in ("convex", "concave"):
        options = SignalOptions(relabelling=relabelling)
        renamed = {name: compute_signal(name, outputs, references, options) for name in plain}
        assert torch.equal(plain["win"], renamed["win"])
        assert (plain["mean"].argsort() != renamed["mean"].argsort()).any()


def test_each_response_is_held_against_the_same_references():
    draw = torch.Generator().manual_seed(3)
    outputs, references = torch.randn(3, 2, 10, generator=draw), torch.randn(3, 4, 10, generator=draw)
    win = grouped_signal("win", outputs, references)
    by_hand = sum(log_win_probability(outputs[1, 0], other).exp().item() for other in references[1]) / 4
    assert win.shape == (3, 2) and win[1, 0].item() == pytest.approx(by_hand, abs=1e-6)
    assert torch.equal(grouped_signal("mean", outputs, references)[:, 1], mean_and_deviation(outputs[:, 1])[0])


@pytest.mark.parametrize("name", SIGNALS)
def test_fresh_sft_responses_have_a_deviation_of_one_in_every_signal(name):
    # As in training: responses that no scale was fitted on, held against the references that rewards are held against.
    torch.manual_seed(0)
    labels = 1 if name in SCALAR_SIGNALS else 10
    level = 2 * torch.randn(4000, 1, labels)
    compared, others, fresh = (level + torch.randn(4000, 4, labels) for _ in range(3))
    rewards = fit_scale(grouped_signal(name, others, compared)).apply(grouped_signal(name, fresh, compared))
    assert rewards.var(dim=1).mean().sqrt().item() == pytest.approx(1.0, abs=0.05)
    assert rewards.mean().item() == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("name", sorted(set(SIGNALS) - {"sampled"}))
def test_autocast_on_a_cpu_rounds_no_signal(name):
    torch.manual_seed(0)
    shape = (1,) if name in SCALAR_SIGNALS else (10,)
    outputs, references = 0.15 * torch.randn(50, *shape), 0.15 * torch.randn(50, 4, *shape)
    expected = compute_signal(name, outputs, references)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(compute_signal(name, outputs, references), expected)


# Three scalar members' rewards for one response, and for the two SFT responses to its prompt.
MEMBERS, BESIDE = torch.tensor([[[1.0], [2.0], [6.0]]]), torch.tensor([[[[0.0], [0.0], [3.0]], [[2.0], [0.0], [1.0]]]])


def test_an_ensembles_signal_is_its_members_mean_less_their_deviation_by_hand():
    assert compute_signal("reward", MEMBERS, BESIDE).tolist() == [3.0]
    # Less their own levels, 1, 0 and 2, members say 0, 2 and 4: a deviation of 2.
    assert compute_signal("reward", MEMBERS, BESIDE, SignalOptions(doubt_aversion=0.5)).tolist() == [2.0]
    # Centred, they say so in the mean too.
    assert compute_signal("centred", MEMBERS, BESIDE, SignalOptions(doubt_aversion=0.5)).tolist() == [1.0]
    # Against uniform ratings the two distributions win .34375 and .625: half the sum, less 1/4 of a deviation.
    outputs, references = OUTPUTS[None], torch.zeros(1, 2, 2, 4)
    win = compute_signal("win", outputs, references, SignalOptions(doubt_aversion=0.25)).item()
    assert win == pytest.approx((0.34375 + 0.625) / 2 - 0.25 * 0.28125 / 2**0.5, abs=1e-5)


def test_members_that_say_the_same_are_one_model_without_doubt():
    draw = torch.Generator().manual_seed(4)
    for labels in (1, 10):
        outputs, references = torch.randn(5, labels, generator=draw), torch.randn(5, 4, labels, generator=draw)
        for name in ("reward", "bounded") if labels == 1 else ("mean", "win", "risk", "cvar"):
            one = compute_signal(name, outputs, references)
            same = outputs[:, None].expand(-1, 3, -1), references[:, :, None].expand(-1, -1, 3, -1)
            three = compute_signal(name, *same, SignalOptions(doubt_aversion=2.0))
            assert torch.allclose(one, three, atol=1e-5)


def test_doubt_does_not_see_a_members_own_level_of_a_prompt():
    # Bradley-Terry knows rewards up to a level a prompt; members that differ in that alone agree on every choice.
    draw = torch.Generator().manual_seed(5)
    outputs, references = torch.randn(3, 4, 3, 1, generator=draw), torch.randn(3, 2, 3, 1, generator=draw)
    level = 9 * torch.randn(3, 1, 3, 1, generator=draw)
    doubtful = SignalOptions(doubt_aversion=1.0)
    plain = grouped_signal("reward", outputs, references, doubtful)
    moved = grouped_signal("reward", outputs + level, references + level, doubtful)
    assert plain.shape == (3, 4)
    assert torch.allclose(moved - plain, level.mean(dim=2)[..., 0].expand(3, 4), atol=1e-4)


def test_an_ensemble_as_one_model_by_hand():
    assert as_one_model(OUTPUTS) is OUTPUTS
    assert as_one_model(MEMBERS).tolist() == [[3.0]]
    # The second is certain of 3: mean probabilities are 1/4, 1/8, 9/16 and 1/16, in which doubt adds to the spread.
    merged = as_one_model(OUTPUTS[None])
    assert merged.exp()[0].tolist() == pytest.approx([1 / 4, 1 / 8, 9 / 16, 1 / 16], abs=1e-6)
    mean = 1 / 4 + 2 / 8 + 27 / 16 + 4 / 16
    deviation = (1 / 4 + 4 / 8 + 81 / 16 + 16 / 16 - mean**2) ** 0.5
    assert confidence(OUTPUTS[None]).tolist() == pytest.approx([1 - deviation / 1.5], abs=1e-5)


def test_a_single_model_has_no_doubt():
    with pytest.raises(InputError, match="doubt_aversion needs an ensemble"):
        compute_signal("mean", OUTPUTS, REFERENCES, SignalOptions(doubt_aversion=1.0))


def test_the_wrong_kind_of_reward_model_is_refused():
    with pytest.raises(InputError, match="needs a scalar reward model, this one has 4 outputs"):
        compute_signal("reward", OUTPUTS, REFERENCES)
    with pytest.raises(InputError, match="needs a reward model over ratings"):
        compute_signal("risk", OUTPUTS[:, :1], REFERENCES[:, :, :1])
    with pytest.raises(InputError, match="needs a reward model over ratings"):
        confidence(OUTPUTS[:, :1])


def test_scale_is_a_plain_standardisation():
    assert Scale(2.0, 4.0).apply(torch.tensor([2.0, 10.0])).tolist() == [0.0, 2.0]


def test_rules_know_which_signals_need_no_ratings():
    rules = (ROOT / "workflow" / "rules" / "config.smk").read_text()
    told = ast.literal_eval(re.search(r"^SCALAR_SIGNALS = (.*)$", rules, re.MULTILINE)[1])
    threshold = int(re.search(r"^RATING_THRESHOLD = (\d+)", rules, re.MULTILINE)[1])
    assert told == tuple(SCALAR_SIGNALS) and threshold == SignalOptions.rating_threshold
