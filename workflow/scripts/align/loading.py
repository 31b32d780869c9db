"""Loading preference rows and models from the Hugging Face hub, a local folder or a file."""

import contextlib
import difflib
import math
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from align.chat import PLAIN_TEMPLATE
from align.errors import InputError
from align.formats import COLUMNS, canonical, rename_columns

FILE_READERS = {".jsonl": "json", ".json": "json", ".parquet": "parquet"}
# What a model's folder holds, and the files that it may lie in.
MODEL_PARTS = {
    "config.json": ("config.json",),
    "weights (model.safetensors)": ("*.safetensors", "pytorch_model*.bin"),
    "tokenizer (tokenizer.json)": ("tokenizer.json", "*.model", "vocab.*"),
}


class HubError(InputError):
    """What is not here could not be had from the hub."""


def use_cache_if_unreachable() -> None:
    """Where the hub does not answer, use what was downloaded before, and fail at once if that is nothing.

    The libraries would try for more than a minute.
    """
    import datasets
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=10)
    # The client's errors have had several bases over its versions.
    except Exception as error:
        print(f"{constants.ENDPOINT} does not answer ({error}): looking for what was downloaded before", flush=True)
        constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True


def load_preferences(source: str, split: str | None, revision: str | None) -> list[dict[str, Any]]:
    """Rows with HelpSteer2_binarized's columns from a hub id, a folder or a file; see align/formats.py for variants.

    Raises InputError, saying what to do, if the source, the split or a column is missing, or a row is not as it should.
    """
    from datasets import load_dataset

    path = Path(source)
    if path.is_file() and path.suffix not in FILE_READERS:
        raise InputError(f"{source}: cannot read {path.suffix!r}; give one of {', '.join(FILE_READERS)}")
    check_local(source, "data.source")
    with _one_line(source, "data.source"):
        if path.is_file():
            rows = load_dataset(FILE_READERS[path.suffix], data_files=str(path), split="train")
        else:
            splits = load_dataset(source, revision=revision)
            if split not in splits:
                guess = difflib.get_close_matches(split or "", splits, n=1)
                hint = f"; did you mean {guess[0]!r}?" if guess else ""
                raise InputError(f"{source} has no split {split!r}, it has {', '.join(sorted(splits))}{hint}")
            rows = splits[split]
    held = rename_columns(rows.column_names)
    missing = [name for name in COLUMNS if name not in held]
    if missing:
        raise InputError(f"{source} lacks the columns {', '.join(missing)}; it has {', '.join(rows.column_names)}")
    rows = [canonical({name: row[held[name]] for name in COLUMNS}) for row in rows]
    check_rows(rows, source)
    return rows


def check_rows(rows: list[dict[str, Any]], source: str) -> None:
    """Raises InputError, naming the first row, counted from 1, that is not a rated pair of conversations."""
    if not rows:
        raise InputError(f"data.source: {source} has no rows; give a data set with at least one")
    for number, row in enumerate(rows, start=1):
        where = f"{source}, row {number}"
        if not isinstance(row["prompt"], str):
            raise InputError(f"{where}: prompt must be text, not {_show(row['prompt'])}")
        for name in ("chosen", "rejected"):
            if not _is_answered(row[name]):
                raise InputError(
                    f"{where}: {name} must be two or more {{role, content}} messages, the last by the assistant,"
                    f" not {_show(row[name])}"
                )
        for name in ("chosen_rating", "rejected_rating"):
            if not _is_number(row[name]):
                raise InputError(f"{where}: {name} must be a number, not {_show(row[name])}")
        if row["chosen_rating"] < row["rejected_rating"]:
            raise InputError(
                f"{where}: the chosen response is rated below the rejected one"
                f" ({row['chosen_rating']} < {row['rejected_rating']}); swap them or remove the row"
            )


def load_sft(source: str, revision: str | None, pad_token: str | None, random_weights: bool = False):
    """A causal language model in fp32 and its tokenizer, fit for what follows: a pad token that is not EOS, a template.

    A base model without a chat template gets `PLAIN_TEMPLATE`. With `random_weights` only config and tokenizer are
    read. Raises InputError if the model cannot be had.
    """
    from transformers import AutoTokenizer

    check_local(source, "model.source")
    _check_model_folder(source, needs_weights=not random_weights)
    with _one_line(source, "model.source"):
        tokenizer = AutoTokenizer.from_pretrained(source, revision=revision)
        model = _make_model(source, revision) if random_weights else _read_model(source, revision)
    if tokenizer.eos_token_id is None:
        raise InputError(f"{source}: the tokenizer has no EOS token, so that no response could end")
    _check_head(source, model)
    if tokenizer.chat_template is None:
        tokenizer.chat_template = PLAIN_TEMPLATE
    set_pad_token(tokenizer, model, pad_token)
    return model, tokenizer


def _make_model(source: str, revision: str | None):
    """A model of the source's architecture with random weights, always the same ones."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(
        AutoConfig.from_pretrained(source, revision=revision), dtype=torch.float32
    ).eval()


def _read_model(source: str, revision: str | None):
    """The source's model. Raises InputError if its weights do not fill its config."""
    import torch
    from transformers import AutoModelForCausalLM

    # The checkpoint's bf16 would swallow steps of 1e-6: weights stay in fp32, autocast does the rest.
    model, found = AutoModelForCausalLM.from_pretrained(
        source, revision=revision, dtype=torch.float32, output_loading_info=True
    )
    # The library fills what is missing with random numbers, and warns.
    if found["missing_keys"] or found["mismatched_keys"]:
        lacking = sorted(map(str, [*found["missing_keys"], *found["mismatched_keys"]]))
        raise InputError(
            f"model.source: the weights of {source} do not fill its config ({len(lacking)} lacking, such as"
            f" {lacking[0]}); give a whole model"
        )
    return model


def find_revision(source: str, wanted: str | None, kind: str) -> str | None:
    """The commit on the hub that `wanted`, or the newest, stands for; None for what lies here. `kind` is the hub's."""
    if Path(source).exists():
        return None
    from huggingface_hub import HfApi

    with contextlib.suppress(Exception):  # an old cache may serve where the hub does not answer
        return HfApi().repo_info(source, revision=wanted, repo_type=kind).sha
    return wanted


def _check_head(source: str, model) -> None:
    """Raises InputError if the logits are more than a linear head's: rollout.TokenLogps makes them itself."""
    import torch

    ids = torch.tensor([[0, 1]])
    with torch.no_grad():
        hidden = getattr(model, model.base_model_prefix)(input_ids=ids).last_hidden_state
        ours, theirs = model.get_output_embeddings()(hidden), model(input_ids=ids).logits
    if not torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4):
        raise InputError(
            f"model.source: {source} scales or caps its logits, which is not supported; give another model"
        )


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


def check_local(source: str, key: str) -> None:
    """A source that looks like a path must exist: the hub would response with a puzzle."""
    looks_local = source.startswith((".", "/", "~")) or source.count("/") > 1 or Path(source).suffix in FILE_READERS
    if looks_local and not Path(source).exists():
        raise InputError(f"{key}: there is no {source}")


def _check_model_folder(source: str, needs_weights: bool) -> None:
    """Raises InputError naming what a local model lacks: transformers would tell of another lack, or of none."""
    folder = Path(source)
    if folder.is_file():
        raise InputError(f"model.source: {source} is a file; give the folder that it lies in")
    if folder.is_dir():
        parts = {part: names for part, names in MODEL_PARTS.items() if needs_weights or "weights" not in part}
        lacking = [part for part, names in parts.items() if not any(any(folder.glob(name)) for name in names)]
        if lacking:
            raise InputError(f"model.source: {source} has no {', no '.join(lacking)}; give a folder with a whole model")


@contextlib.contextmanager
def _one_line(source: str, key: str) -> Iterator[None]:
    """Turn whatever reading `source` raises into an InputError of one line."""
    try:
        yield
    except InputError:
        raise
    # Nothing narrower would do: tokenizers raises a bare Exception, datasets StopIteration for an empty file,
    # and errors of safetensors, arrow and the hub have no base in common.
    except Exception as error:
        told = error.__cause__ if str(error.__cause__ or "") else error
        reason = textwrap.shorten(str(told), 200, placeholder=" ...") or type(told).__name__
        if isinstance(error, StopIteration) or "corresponds to no data" in reason:
            raise InputError(f"{key}: {source} has no rows; give a data set with at least one") from error
        if Path(source).exists():
            raise InputError(f"{key}: could not read {source} ({reason}); mend it or give another") from error
        raise HubError(
            f"{key}: could not load {source} ({reason}); check its name and revision; with no network, download it"
            f" and set {key} to its folder"
        ) from error


def _is_answered(messages: Any) -> bool:
    if not isinstance(messages, list) or len(messages) < 2:
        return False
    texts = [message.get(key) for message in messages if isinstance(message, dict) for key in ("role", "content")]
    all_texts = len(texts) == 2 * len(messages) and all(isinstance(text, str) for text in texts)
    return all_texts and messages[-1]["role"] == "assistant"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _show(value: Any) -> str:
    return textwrap.shorten(repr(value), 80, placeholder=" ...")
