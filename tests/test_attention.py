"""Grouped heads on an old GPU: repeated, with the same result; left to torch elsewhere."""

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


@pytest.mark.parametrize(("capability", "grouped"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_heads_are_repeated_where_no_kernel_takes_groups(tokenizer, asked, monkeypatch, capability, grouped):
    config = tiny_config(tokenizer, num_attention_heads=4, num_key_value_heads=2, attn_implementation="sdpa")
    model, ids = LlamaForCausalLM(config).eval(), torch.arange(4, 14).view(2, 5)
    expected = model(ids, use_cache=False).logits
    asked.clear()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    avoid_unfused_attention()
    logits = model(ids, use_cache=False).logits
    assert set(asked) == {(4, 2, True) if grouped else (4, 4, False)}
    torch.testing.assert_close(logits, expected)


def test_without_a_gpu_nothing_changes(asked, monkeypatch):
    before = sdpa_attention.use_gqa_in_sdpa
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    avoid_unfused_attention()
    assert sdpa_attention.use_gqa_in_sdpa is before
