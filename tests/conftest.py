"""Fixtures that several tests share: a tiny chat model, built once, and folders of real files where they exist."""

from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "real"


@pytest.fixture(scope="session")
def tokenizer():
    """Pocket's own tokenizer over a few words, with its ChatML template."""
    from pocket.tokenizer import make_tokenizer

    return make_tokenizer(["please name two fruits apple pear plum , and . a b c d"])


def tiny_config(tokenizer, seed: int = 0, **more):
    """Shape of a Llama of some thousand parameters; seeds torch, so that weights made next are always the same."""
    from transformers import LlamaConfig

    torch.manual_seed(seed)
    config = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 64,
        "initializer_range": 0.3,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": False,
    }
    return LlamaConfig(**(config | more))


@pytest.fixture(scope="session")
def policy(tokenizer):
    from transformers import LlamaForCausalLM

    config = tiny_config(tokenizer)
    return LlamaForCausalLM(config).eval()


@pytest.fixture(scope="session")
def reward_model(tokenizer):
    from transformers import LlamaForSequenceClassification

    config = tiny_config(tokenizer, seed=1, num_labels=1)
    return LlamaForSequenceClassification(config).eval()


@pytest.fixture(scope="session")
def real():
    """The folder of real files beside the project."""
    if not REAL.is_dir():
        pytest.skip(f"no real files at {REAL}")
    return REAL
