import pytest
import torch

from align.errors import InputError
from align.rollout import generate, token_logps

PROMPTS = [[2, 4, 5, 6], [2, 7], [2, 8, 9]]


def naive_logps(model, prompt, response):
    """Log-probabilities of a response, token by token, without padding, cache or batch."""
    logps = []
    for t in range(len(response)):
        logits = model(torch.tensor([prompt + response[:t]])).logits[0, -1]
        logps.append(logits.log_softmax(-1)[response[t]].item())
    return logps


@pytest.fixture(scope="module")
def rollout(policy, tokenizer):
    torch.manual_seed(0)
    rollout = generate(policy, tokenizer, PROMPTS, max_new_tokens=12)
    # Lengths differ, so that padding on both sides is at work.
    assert len({len(response) for response in rollout.responses()}) > 1
    return rollout


def test_logps_are_those_of_the_response_alone(policy, rollout):
    with torch.no_grad():
        logps, _ = token_logps(policy, rollout)
        for row, (prompt, response) in enumerate(zip(PROMPTS, rollout.responses())):
            assert logps[row, : len(response)].tolist() == pytest.approx(
                naive_logps(policy, prompt, response), abs=1e-4
            )
            # Nothing of the padding after EOS counts.
            assert logps[row, len(response) :].tolist() == [0.0] * (logps.shape[1] - len(response))


def test_entropy_by_hand(policy, rollout):
    with torch.no_grad():
        _, entropy = token_logps(policy, rollout)
        probs = policy(torch.tensor([PROMPTS[0]])).logits[0, -1].softmax(-1)
    assert entropy[0, 0].item() == pytest.approx(-(probs * probs.log()).sum().item(), abs=1e-4)


def test_responses_stop_at_their_first_eos(policy, tokenizer, rollout):
    eos = tokenizer.eos_token_id
    for response, done in zip(rollout.responses(), rollout.finished(eos)):
        assert response.count(eos) == int(done)
        assert (response[-1] == eos) == bool(done)


def test_greedy_is_the_argmax_of_the_plain_model(policy, tokenizer):
    responses = generate(policy, tokenizer, PROMPTS, max_new_tokens=6, sample=False).responses()
    for prompt, response in zip(PROMPTS, responses):
        for t, token in enumerate(response):
            logits = policy(torch.tensor([prompt + response[:t]])).logits[0, -1]
            assert logits.argmax().item() == token


def test_sampling_is_from_exactly_the_policy(policy, tokenizer):
    # The first token's frequencies over many draws; a top_k or a temperature from the checkpoint would show.
    policy.generation_config.top_k, policy.generation_config.temperature = 3, 0.2
    torch.manual_seed(1)
    draws = 20000
    first = generate(policy, tokenizer, [PROMPTS[0]] * draws, max_new_tokens=1).ids[:, -1]
    seen = torch.bincount(first, minlength=len(tokenizer)) / draws
    expected = policy(torch.tensor([PROMPTS[0]])).logits[0, -1].softmax(-1)
    error = 4 * (expected * (1 - expected) / draws).sqrt() + 1e-3
    assert ((seen - expected).abs() < error).all()


def test_a_prompt_beyond_the_context_is_refused(policy, tokenizer):
    with pytest.raises(InputError, match="exceed the model's context of 64"):
        generate(policy, tokenizer, [[2] * 60], max_new_tokens=5)
