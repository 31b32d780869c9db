import copy
import math

import pandas as pd
import pytest
import torch

from align.chat import encode_prompt, encode_response, pad
from align.losses import log_win_probability
from align.reward_models import (
    Ensemble,
    FullPrecisionHead,
    load_scorer,
    log_preference,
    replace_head,
    score,
    score_table,
)


@pytest.fixture(scope="module")
def texts(tokenizer):
    prompt = encode_prompt(tokenizer, [{"role": "user", "content": "please name two fruits"}])
    return [prompt + encode_response(tokenizer, text) for text in ("apple and pear .", "plum", "a b c d")]


def test_scores_are_read_at_the_eos_of_the_response(reward_model, tokenizer, texts):
    scores = score(reward_model, texts, tokenizer.pad_token_id, batch_size=3)
    for text, value in zip(texts, scores):
        hidden = reward_model.model(torch.tensor([text])).last_hidden_state[0]
        # The prompt holds an EOS of its own, at the end of the user's turn: that is not the place.
        assert text.count(tokenizer.eos_token_id) == 2
        assert value.item() == pytest.approx(reward_model.score(hidden[-1]).item(), abs=1e-5)
        assert value.item() != pytest.approx(reward_model.score(hidden[text.index(tokenizer.eos_token_id)]).item())


def test_batching_and_order_do_not_matter(reward_model, tokenizer, texts):
    whole = score(reward_model, texts, tokenizer.pad_token_id, batch_size=3)
    single = score(reward_model, texts[::-1], tokenizer.pad_token_id, batch_size=1).flip(0)
    assert whole.shape == (3, 1)
    assert torch.allclose(whole, single, atol=1e-5)


def test_a_truncated_response_is_scored_without_eos(reward_model, tokenizer, texts):
    scores = score(reward_model, [texts[0], texts[0][:-1]], tokenizer.pad_token_id, batch_size=2)
    assert scores[0].item() != pytest.approx(scores[1].item(), abs=1e-4)


def test_finished_texts_score_as_the_classifier_itself_does(reward_model, tokenizer, texts):
    ids, mask = pad(texts, tokenizer.pad_token_id, "right")
    own = reward_model(input_ids=ids, attention_mask=mask).logits
    assert torch.allclose(score(reward_model, texts, tokenizer.pad_token_id, batch_size=3), own, atol=1e-5)


def test_a_sampled_pad_token_is_read_like_any_other(reward_model, tokenizer, texts):
    # A policy can sample the pad token; a truncated response may even end in it.
    text = texts[0][:-1] + [tokenizer.pad_token_id]
    hidden = reward_model.model(torch.tensor([text])).last_hidden_state[0, -1]
    scores = score(reward_model, [text, texts[0] + texts[1]], tokenizer.pad_token_id, batch_size=2)
    assert scores[0].item() == pytest.approx(reward_model.score(hidden).item(), abs=1e-5)


@pytest.mark.parametrize("members", (1, 2))
def test_a_shared_prompt_is_read_once_and_the_scores_stay(reward_model, tokenizer, texts, members):
    prompt = texts[0][: texts[0].index(tokenizer.eos_token_id) + 3]
    responses = [text[len(prompt) :] for text in texts] + [texts[0][len(prompt) : -1], [tokenizer.pad_token_id]]
    # One prompt of five responses in three batches; one of a single response, between them; one that begins the first.
    prompts = [prompt, prompt, prompt[::-1], prompt, prompt, prompt, prompt[:4]]
    responses = [*responses[:2], texts[1], *responses[2:], texts[2]]
    table = pd.DataFrame({"prompt_ids": prompts, "response_ids": responses})
    model, read = reward_model, []
    if members > 1:
        torch.manual_seed(1)
        other = copy.deepcopy(reward_model)
        torch.nn.init.normal_(other.score.weight)
        model = Ensemble([reward_model, other])
    whole = score_table(model, table, tokenizer.pad_token_id, batch_size=2)
    hook = reward_model.model.embed_tokens.register_forward_pre_hook(lambda _, ids: read.append(ids[0].numel()))
    shared = score_table(model, table, tokenizer.pad_token_id, batch_size=2, share_prompts=True)
    hook.remove()
    assert torch.allclose(shared, whole, atol=1e-5) and whole.flatten().unique().numel() == whole.numel()
    assert sum(size == len(prompt) for size in read) == 1  # and not once a batch
    assert sum(read) < sum(map(len, prompts + responses))


def test_preferences_of_both_kinds():
    first, second = torch.tensor([[2.0], [0.0]]), torch.tensor([[1.0], [3.0]])
    expected = [-math.log(1 + math.exp(-1.0)), -math.log(1 + math.exp(3.0))]
    assert log_preference(first, second).tolist() == pytest.approx(expected)
    ratings = torch.randn(2, 4, 10)
    assert torch.equal(log_preference(*ratings), log_win_probability(*ratings))


def test_the_head_computes_in_fp32_under_autocast():
    torch.manual_seed(0)
    head, hidden = FullPrecisionHead(64, 10, bias=False), torch.randn(5, 64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        plain = torch.nn.functional.linear(hidden, head.weight)
        outputs = head(hidden)
    # Autocast would have made it bf16, with errors of a hundredth.
    assert plain.dtype == torch.bfloat16 and outputs.dtype == torch.float32
    assert torch.equal(outputs, hidden @ head.weight.T)


def test_a_loaded_models_rewards_are_fp32_under_autocast(reward_model, tokenizer, texts):
    # Loading gives a plain head, which autocast would compute in half precision.
    assert type(reward_model.score) is torch.nn.Linear
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rewards = score(reward_model, texts, tokenizer.pad_token_id, batch_size=3)
    assert rewards.dtype == torch.float32 and (rewards.bfloat16().float() != rewards).all()


def test_a_replaced_head_names_its_ratings_and_is_saved(reward_model, tokenizer, tmp_path):
    from transformers import AutoModelForSequenceClassification

    model = copy.deepcopy(reward_model)
    replace_head(model, 5)
    assert model.config.num_labels == 5 and list(model.config.id2label.values()) == ["1", "2", "3", "4", "5"]
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert torch.equal(loaded.score.weight, model.score.weight)
    table = pd.DataFrame({"prompt_ids": [[5, 6], [7]], "response_ids": [[8], [9, 1]]})
    expected = score(model, [[5, 6, 8], [7, 9, 1]], tokenizer.pad_token_id, 2)
    assert torch.equal(load_scorer(str(tmp_path), 2)(table), expected)
