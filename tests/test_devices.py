"""Precision: half on a GPU, bf16 on a CPU that has it, else fp32, said aloud; what is loaded to score follows it."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from trl import RewardConfig

from align import devices
from align.devices import autocast, has_bf16_instructions, resolve_precision
from align.reward_models import load_scorer
from align.supervised import training_settings


@pytest.fixture
def product():
    """A product of two matrices, which autocast turns to half precision."""
    return lambda: torch.ones(2, 2) @ torch.ones(2, 2)


@pytest.fixture
def cpu(monkeypatch):
    """A machine without a GPU, on which nothing has been said yet."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    resolve_precision.cache_clear()
    yield
    resolve_precision.cache_clear()


@pytest.mark.parametrize(
    ("wanted", "bf16", "got", "said"),
    [
        ("fp32", True, torch.float32, ""),
        ("bf16", True, torch.bfloat16, ""),
        ("bf16", False, torch.float32, "the CPU has no instructions for bf16: bf16 falls back to fp32\n"),
        ("fp16", True, torch.float32, "no GPU: fp16 falls back to fp32\n"),
    ],
)
def test_a_cpu_falls_back_to_fp32_and_says_so_once(cpu, product, monkeypatch, capsys, wanted, bf16, got, said):
    monkeypatch.setattr(devices, "has_bf16_instructions", lambda: bf16)
    for _ in range(2):
        with autocast(wanted):
            assert product().dtype == got
    assert capsys.readouterr().out == said


@pytest.mark.parametrize("bf16", [True, False])
def test_trls_trainer_trains_in_the_same_precision(cpu, monkeypatch, tmp_path, bf16):
    monkeypatch.setattr(devices, "has_bf16_instructions", lambda: bf16)
    config = RewardConfig(**training_settings("bf16", tmp_path, save_steps=10))
    assert (config.bf16, config.fp16, config.use_cpu) == (bf16, False, True)


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="needs Linux, which lists a CPU's instructions")
def test_bf16_instructions_are_those_that_linux_lists():
    assert has_bf16_instructions() == ("avx512_bf16" in Path("/proc/cpuinfo").read_text().split())


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
