"""Loading preference rows and models from the Hugging Face hub, a local folder or a file."""

import difflib
from pathlib import Path
from typing import Any

from align.chat import PLAIN_TEMPLATE
from align.errors import InputError

COLUMNS = ("prompt", "chosen", "rejected", "chosen_rating", "rejected_rating")
FILE_READERS = {".jsonl": "json", ".json": "json", ".parquet": "parquet", ".csv": "csv"}


def load_preferences(source: str, split: str | None, revision: str | None) -> list[dict[str, Any]]:
    """Rows with HelpSteer2_binarized's columns from a hub id, a folder or a file.

    Raises InputError, saying what to do, if the source, the split or a column is missing.
    """
    from datasets import load_dataset

    path = Path(source)
    try:
        if path.is_file():
            if path.suffix not in FILE_READERS:
                raise InputError(f"{source}: cannot read {path.suffix!r}; give one of {', '.join(FILE_READERS)}")
            rows = load_dataset(FILE_READERS[path.suffix], data_files=str(path), split="train")
        else:
            _check_local(source, "data.source")
            rows = load_dataset(source, revision=revision)
            if split not in rows:
                guess = difflib.get_close_matches(split or "", rows, n=1)
                hint = f"; did you mean {guess[0]!r}?" if guess else ""
                raise InputError(f"{source} has no split {split!r}, it has {', '.join(sorted(rows))}{hint}")
            rows = rows[split]
    except (OSError, ConnectionError) as error:
        raise InputError(_offline_message(source, "data.source", error)) from error
    missing = [name for name in COLUMNS if name not in rows.column_names]
    if missing:
        raise InputError(f"{source} lacks the columns {', '.join(missing)}; it has {', '.join(rows.column_names)}")
    return [dict(row) for row in rows.select_columns(list(COLUMNS))]


def load_sft(source: str, revision: str | None, pad_token: str | None):
    """A causal language model in fp32 and its tokenizer, fit for what follows: a pad token that is not EOS, a template.

    A base model without a chat template gets `PLAIN_TEMPLATE`. Raises InputError if the model cannot be had.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    _check_local(source, "model.source")
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, revision=revision)
        # The checkpoint's bf16 would swallow steps of 1e-6: weights stay in fp32, autocast does the rest.
        model = AutoModelForCausalLM.from_pretrained(source, revision=revision, dtype=torch.float32)
    except (OSError, ConnectionError) as error:
        raise InputError(_offline_message(source, "model.source", error)) from error
    if tokenizer.eos_token_id is None:
        raise InputError(f"{source}: the tokenizer has no EOS token, so that no response could end")
    if tokenizer.chat_template is None:
        tokenizer.chat_template = PLAIN_TEMPLATE
    set_pad_token(tokenizer, model, pad_token)
    return model, tokenizer


def set_pad_token(tokenizer, model, pad_token: str | None) -> None:
    """Give tokenizer and model a pad token that is not EOS: `pad_token`, or the tokenizer's own, or a new one.

    Were padding EOS, the reward model would be read before the response's own EOS.
    """
    own = tokenizer.pad_token if tokenizer.pad_token != tokenizer.eos_token else None
    chosen = pad_token or own or "<|pad|>"
    if chosen == tokenizer.eos_token:
        raise InputError(f"model.pad_token {chosen!r} is the EOS token: choose another")
    # Setting `pad_token` alone would give a token that is not in the vocabulary the id of <unk>.
    tokenizer.add_special_tokens({"pad_token": chosen})
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer))
    model.config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.eos_token_id = tokenizer.eos_token_id


def _check_local(source: str, key: str) -> None:
    """A source that looks like a path must exist: the hub would answer with a puzzle."""
    looks_local = source.startswith((".", "/", "~")) or source.count("/") > 1
    if looks_local and not Path(source).exists():
        raise InputError(f"{key}: there is no {source}")


def _offline_message(source: str, key: str, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return f"{key}: could not load {source} ({reason}); with no network, download it and set {key} to its folder"
