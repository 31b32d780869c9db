"""Precision: half on a GPU, fp32 on a CPU, which says so; and what is loaded to score follows it."""

import pandas as pd
import pytest
import torch

from align import devices
from align.devices import autocast, resolve_precision
from align.reward_models import load_scorer


@pytest.fixture
def product():
    """A product of two matrices, which autocast turns to half precision."""
    return lambda: torch.ones(2, 2) @ torch.ones(2, 2)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_cpu_falls_back_to_fp32_and_says_so_once(product, capsys):
    resolve_precision.cache_clear()
    for _ in range(2):
        with autocast("fp16"):
            assert product().dtype == torch.float32
    assert capsys.readouterr().out == "no GPU: fp16 falls back to fp32\n"


def test_half_precision_is_that_of_the_block(product, monkeypatch):
    monkeypatch.setattr(devices, "pick_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(devices, "resolve_precision", lambda wanted: "bf16")
    precision = autocast("bf16")
    for _ in range(2):
        with precision:
            assert product().dtype == torch.bfloat16
    assert product().dtype == torch.float32
    monkeypatch.setattr(devices, "resolve_precision", lambda wanted: "no")
    with autocast("fp32"):
        assert product().dtype == torch.float32


def test_a_scorer_reads_in_half_precision_and_answers_in_full(reward_model, tokenizer, tmp_path, monkeypatch):
    reward_model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    table = pd.DataFrame({"prompt_ids": [[5, 6], [7]], "response_ids": [[8], [9, 1]]})
    full = load_scorer(str(tmp_path), 2)(table)
    monkeypatch.setattr(devices, "resolve_precision", lambda wanted: {"bf16": "bf16"}.get(wanted, "no"))
    half = load_scorer(str(tmp_path), 2, "bf16")(table)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, full, atol=0.05, rtol=0.05)
    assert not torch.equal(half, full)
