"""Grouped heads on a GPU: repeated, with the same result."""

import pytest
import torch
from conftest import tiny_config
from transformers import LlamaForCausalLM
from transformers.integrations import sdpa_attention

from align.attention import avoid_unfused_attention


@pytest.fixture
def asked(monkeypatch):
    """What torch's attention is asked: its key heads and whether they are groups."""
    attend, asked = torch.nn.functional.scaled_dot_product_attention, []

    def listen(query, key, value, **more):
        asked.append((query.shape[1], key.shape[1], more.get("enable_gqa", False)))
        return attend(query, key, value, **more)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", listen)
    monkeypatch.setattr(sdpa_attention, "use_gqa_in_sdpa", sdpa_attention.use_gqa_in_sdpa)  # put back at the end
    return asked


@pytest.mark.parametrize("gpu", [True, False])
def test_heads_are_repeated_on_a_gpu(tokenizer, asked, monkeypatch, gpu):
    config = tiny_config(tokenizer, num_attention_heads=4, num_key_value_heads=2, attn_implementation="sdpa")
    model, ids = LlamaForCausalLM(config).eval(), torch.arange(4, 14).view(2, 5)
    expected = model(ids, use_cache=False).logits
    asked.clear()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    avoid_unfused_attention()
    logits = model(ids, use_cache=False).logits
    assert set(asked) == {(4, 4, False) if gpu else (4, 2, True)}
    torch.testing.assert_close(logits, expected)
