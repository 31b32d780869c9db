from collections import Counter

import pytest
import torch
from conftest import tiny_config
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import GenerationConfig, LlamaForCausalLM

from align.chat import pad
from align.errors import InputError
from align.rollout import TokenLogps, draw, generate, load_policy, through_first

PROMPTS = [[2, 4, 5, 6], [2, 7], [2, 8, 9]]


def naive_logps(model, prompt, response):
    """Log-probabilities of a response, token by token, without padding, cache or batch."""
    logps = []
    for t in range(len(response)):
        logits = model(torch.tensor([prompt + response[:t]])).logits[0, -1]
        logps.append(logits.log_softmax(-1)[response[t]].item())
    return logps


@pytest.fixture(scope="module")
def responses(policy, tokenizer):
    torch.manual_seed(0)
    responses = generate(policy, tokenizer, PROMPTS, max_new_tokens=12)
    # Lengths differ, so that padding on both sides is at work.
    assert len(set(map(len, responses))) > 1
    return responses


def test_logps_are_those_of_the_response_alone(policy, responses):
    with torch.no_grad():
        logps, _ = TokenLogps(policy)(PROMPTS, responses)
        for row, prompt, response in zip(logps, PROMPTS, responses):
            assert row[: len(response)].tolist() == pytest.approx(naive_logps(policy, prompt, response), abs=1e-4)
            # Nothing beyond its end counts.
            assert row[len(response) :].tolist() == [0.0] * (len(row) - len(response))


def test_logits_in_parts_change_nothing(policy, responses, monkeypatch):
    def values_and_gradient():
        policy.zero_grad()
        logps, entropy = TokenLogps(policy)(PROMPTS, responses)
        (logps.sum(dim=1) * torch.tensor([1.0, -2.0, 3.0])).sum().backward()
        return logps.detach(), entropy, torch.cat([part.grad.flatten() for part in policy.parameters()])

    whole = values_and_gradient()
    sizes = []
    monkeypatch.setattr("align.rollout.LOGITS_AT_ONCE", 4 * policy.config.vocab_size)
    head = policy.get_output_embeddings()
    handle = head.register_forward_hook(lambda module, given, out: sizes.append(len(out)))
    parts = values_and_gradient()
    handle.remove()
    policy.zero_grad()
    # Never more than four tokens' logits, and each part once more on the way back.
    assert max(sizes) == 4 and sum(sizes) == 2 * sum(map(len, responses))
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_entropy_by_hand(policy, responses):
    with torch.no_grad():
        _, entropy = TokenLogps(policy)(PROMPTS, responses)
        probs = policy(torch.tensor([PROMPTS[0]])).logits[0, -1].softmax(-1)
    assert entropy[0, 0].item() == pytest.approx(-(probs * probs.log()).sum().item(), abs=1e-4)
    assert (entropy != 0).sum().item() == sum(map(len, responses))


def test_responses_stop_at_their_first_eos(tokenizer, responses):
    eos = tokenizer.eos_token_id
    assert any(response[-1] == eos for response in responses)
    for response in responses:
        assert len(response) == 12 or response.index(eos) == len(response) - 1


@pytest.mark.parametrize(
    ("ids", "kept"),
    [
        ([7, 8, 1, 9, 1], [7, 8, 1]),  # EOS within, and again
        ([1, 7, 7], [1]),  # first
        ([7, 8, 1], [7, 8, 1]),  # last
        ([7, 8, 9], [7, 8, 9]),  # absent
    ],
)
def test_a_response_ends_with_its_first_eos(ids, kept):
    assert through_first(ids, 1) == kept


def test_greedy_is_the_argmax_of_the_plain_model(policy, tokenizer):
    responses = generate(policy, tokenizer, PROMPTS, max_new_tokens=6, sample=False)
    for prompt, response in zip(PROMPTS, responses):
        for t, token in enumerate(response):
            logits = policy(torch.tensor([prompt + response[:t]])).logits[0, -1]
            assert logits.argmax().item() == token


def test_greedy_is_the_librarys_own_greedy(policy, tokenizer):
    # Many prompts of several lengths: rows end at several steps, and the finished are dropped on the way.
    draws = torch.Generator().manual_seed(0)
    lengths = torch.randint(2, 20, (60,), generator=draws).tolist()
    prompts = [torch.randint(4, len(tokenizer), (n,), generator=draws).tolist() for n in lengths]
    ours = generate(policy, tokenizer, prompts, max_new_tokens=20, sample=False)
    assert len(set(map(len, ours))) > 4
    ids, attention = pad(prompts, tokenizer.pad_token_id, "left")
    settings = GenerationConfig(max_new_tokens=20, do_sample=False, eos_token_id=tokenizer.eos_token_id)
    settings.pad_token_id = tokenizer.pad_token_id
    theirs = policy.generate(input_ids=ids, attention_mask=attention, generation_config=settings)
    assert ours == [through_first(row, tokenizer.eos_token_id) for row in theirs[:, ids.shape[1] :].tolist()]


def test_a_response_does_not_depend_on_the_company(policy, tokenizer):
    # The same numbers for the first row, whatever else is in the batch and whenever it ends.
    torch.manual_seed(5)
    together = generate(policy, tokenizer, PROMPTS * 10, max_new_tokens=12)
    torch.manual_seed(5)
    assert generate(policy, tokenizer, PROMPTS[:1], max_new_tokens=12) == together[:1]


def test_drawing_inverts_the_distribution_function():
    logits = torch.tensor([[0.5, 0.25, 0.25]]).log().repeat(6, 1)
    uniforms = torch.tensor([0.0, 0.49999, 0.50001, 0.74999, 0.75001, 1 - 2**-53], dtype=torch.float64)
    assert draw(logits, uniforms).tolist() == [0, 0, 1, 1, 2, 2]
    # A token of probability 0 is never drawn, wherever it stands.
    assert draw(torch.tensor([[-torch.inf, 0.0, -torch.inf]]).repeat(2, 1), uniforms[[0, 5]]).tolist() == [1, 1]


def test_sampling_is_from_exactly_the_policy(policy, tokenizer, monkeypatch):
    # The first token's frequencies over many draws; a top_k or a temperature from the checkpoint would show.
    monkeypatch.setattr(policy, "generation_config", GenerationConfig(do_sample=True, top_k=3, temperature=0.2))
    torch.manual_seed(1)
    draws = 20000
    first = torch.tensor(generate(policy, tokenizer, [PROMPTS[0]] * draws, max_new_tokens=1)).flatten()
    seen = torch.bincount(first, minlength=len(tokenizer)) / draws
    expected = policy(torch.tensor([PROMPTS[0]])).logits[0, -1].softmax(-1)
    error = 4 * (expected * (1 - expected) / draws).sqrt() + 1e-3
    assert ((seen - expected).abs() < error).all()


class Casts(TorchDispatchMode):
    """Counts how often each tensor, by its address, is turned to another type."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._to_copy.default:
            self.counts[args[0].data_ptr()] += 1
        return func(*args, **(kwargs or {}))


def test_half_precision_casts_the_weights_once_and_not_at_every_token(policy, tokenizer):
    weights = [module.weight.data_ptr() for module in policy.modules() if type(module) is torch.nn.Linear]
    with Casts() as casts, torch.autocast("cpu", dtype=torch.bfloat16):
        responses = generate(policy, tokenizer, PROMPTS, max_new_tokens=12, sample=False)
    assert max(map(len, responses)) > 2
    assert [casts.counts[weight] for weight in weights] == [1] * len(weights)


def test_decoding_leaves_the_models_attention_as_it_was(policy, tokenizer):
    policy.set_attn_implementation("sdpa")
    with pytest.raises(IndexError):
        generate(policy, tokenizer, [[10**6]], max_new_tokens=2)  # no such token
    assert policy.config._attn_implementation == "sdpa"


@pytest.mark.parametrize(("small", "attention"), [(10**6, "eager"), (10**3, "sdpa")])
def test_on_a_cpu_a_small_model_attends_by_plain_products(tokenizer, tmp_path, monkeypatch, small, attention):
    LlamaForCausalLM(tiny_config(tokenizer)).save_pretrained(tmp_path)
    monkeypatch.setattr("align.rollout.SMALL_MODEL", small)
    assert load_policy(str(tmp_path), torch.device("cpu")).model.config._attn_implementation == attention


def test_a_prompt_beyond_the_context_is_refused(policy, tokenizer):
    with pytest.raises(InputError, match="exceed the model's context of 64"):
        generate(policy, tokenizer, [[2] * 60], max_new_tokens=5)
