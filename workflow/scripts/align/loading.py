"""Loading models from the Hugging Face hub, a folder or a GGUF file, and completing their tokenizers."""

import textwrap
from pathlib import Path
from typing import Any

from align.chat import PLAIN_TEMPLATE
from align.errors import InputError
from align.gguf_file import is_gguf
from align.sources import check_local, one_line

WEIGHTS, TOKENIZER = "weights (model.safetensors)", "tokenizer (tokenizer.json)"
# What a model's folder holds, and the files that it may lie in.
MODEL_PARTS = {
    "config.json": ("config.json",),
    WEIGHTS: ("*.safetensors",),
    TOKENIZER: ("tokenizer.json", "*.model", "vocab.*"),
}


def load_sft(
    source: str,
    revision: str | None,
    pad_token: str | None,
    tokenizer_source: str | None = None,
    random_weights: bool = False,
):
    """`load_base`'s model and tokenizer, of a model whose policies can be trained.

    Raises InputError if its logits are not those of a linear head.
    """
    model, tokenizer = load_base(source, revision, pad_token, tokenizer_source, random_weights)
    _check_head(source, model)
    return model, tokenizer


def load_base(
    source: str,
    revision: str | None,
    pad_token: str | None,
    tokenizer_source: str | None = None,
    random_weights: bool = False,
):
    """A causal language model in fp32 and its tokenizer, fit for what follows: a pad token that is not EOS, a template.

    The tokenizer is the source's own unless `tokenizer_source` is given. A base model without a chat template gets
    `PLAIN_TEMPLATE`. With `random_weights` only config and tokenizer are read. Enough for judges, whose head is their
    own; policies need `load_sft`. A stranger's files are read and never run: weights in safetensors or GGUF alone, no
    code of the source's own, its chat template in transformers' sandbox. Raises InputError if the model cannot be had.
    """
    from transformers import AutoTokenizer

    check_local(source, "model.source")
    needless = {WEIGHTS: random_weights, TOKENIZER: tokenizer_source is not None}
    _check_model_files(source, [part for part in MODEL_PARTS if not needless.get(part)])
    if tokenizer_source:
        check_local(tokenizer_source, "model.tokenizer")
        with one_line(tokenizer_source, "model.tokenizer"):
            tokenizer = AutoTokenizer.from_pretrained(tokenizer_source, trust_remote_code=False)
    with one_line(source, "model.source"):
        if not tokenizer_source:
            tokenizer = AutoTokenizer.from_pretrained(**_locate(source, revision))
        model = _make_model(source, revision) if random_weights else _read_model(source, revision)
    if tokenizer_source or is_gguf(source):
        _check_vocabulary(tokenizer_source or source, tokenizer, source, model)
    if is_gguf(source) and not tokenizer_source:
        check_end_token(source, tokenizer, model)
    if tokenizer.eos_token_id is None:
        raise InputError(f"{source}: the tokenizer has no EOS token, so that no response could end")
    if tokenizer.chat_template is None:
        tokenizer.chat_template = PLAIN_TEMPLATE
    check_template(tokenizer_source or source, tokenizer)
    set_pad_token(tokenizer, model, pad_token)
    return model, tokenizer


def _locate(source: str, revision: str | None) -> dict[str, Any]:
    """What `from_pretrained` needs to find a source."""
    found: dict[str, Any] = {"trust_remote_code": False}  # without it a terminal would be asked
    if is_gguf(source):
        return found | {"pretrained_model_name_or_path": str(Path(source).parent), "gguf_file": Path(source).name}
    return found | {"pretrained_model_name_or_path": source, "revision": revision}


def _make_model(source: str, revision: str | None):
    """A model of the source's architecture with random weights, always the same ones."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(
        AutoConfig.from_pretrained(**_locate(source, revision)), dtype=torch.float32
    ).eval()


def _read_model(source: str, revision: str | None):
    """The source's model. Raises InputError if its weights do not fill its config."""
    import torch
    import transformers

    options = _locate(source, revision)
    if not is_gguf(source):
        options["use_safetensors"] = True
    elif hasattr(transformers, "GgufConfig"):
        # Newer versions would keep the weights as they are, to be neither trained nor saved; older ones cannot.
        options["quantization_config"] = transformers.GgufConfig(dequantize=True)
    # The checkpoint's bf16 would swallow steps of 1e-6: weights stay in fp32, autocast does the rest.
    model, found = transformers.AutoModelForCausalLM.from_pretrained(
        **options, dtype=torch.float32, output_loading_info=True
    )
    # The library fills what is missing with random numbers, and warns.
    if found["missing_keys"] or found["mismatched_keys"]:
        lacking = sorted(map(str, [*found["missing_keys"], *found["mismatched_keys"]]))
        raise InputError(
            f"model.source: the weights of {source} do not fill its config ({len(lacking)} lacking, such as"
            f" {lacking[0]}); give a whole model"
        )
    return model


def check_template(source: str, tokenizer) -> None:
    """Raises InputError if the chat template fails on one turn, or tries what transformers' sandbox does not allow."""
    try:
        text = tokenizer.apply_chat_template([{"role": "user", "content": "?"}], tokenize=False)
    except Exception as error:  # a template may raise anything that its expressions do
        reason = textwrap.shorten(str(error), 200, placeholder=" ...")
        raise InputError(f"model.tokenizer: the chat template of {source} fails ({reason}); mend it") from error
    if "?" not in text:
        raise InputError(f"model.tokenizer: the chat template of {source} leaves out what the user says; mend it")


def _check_vocabulary(tokenizer_source: str, tokenizer, source: str, model) -> None:
    """Raises InputError if the tokenizer is another model's: its tokens would mean something else."""
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) != rows:
        raise InputError(
            f"model.tokenizer: {tokenizer_source} has {len(tokenizer)} tokens and the model of {source} {rows}; give"
            " the tokenizer that it was trained with"
        )


def check_end_token(source: str, tokenizer, model) -> None:
    """Raises InputError if a GGUF file's tokenizer has another EOS than the file names: transformers 5.6 errs so."""
    if tokenizer.eos_token_id != model.config.eos_token_id:
        raise InputError(
            f"model.source: this version of transformers takes {tokenizer.eos_token!r} for the EOS token of {source};"
            " install a newer one, or set model.tokenizer to a folder"
        )


def _check_head(source: str, model) -> None:
    """Raises InputError if the logits are more than a linear head's: rollout.TokenLogps makes them itself.

    Or if they are no numbers, or a token reads those after it.
    """
    import torch

    ids = torch.tensor([[0, 1], [0, 2]])
    with torch.no_grad():
        hidden = getattr(model, model.base_model_prefix)(input_ids=ids).last_hidden_state
        ours, theirs = model.get_output_embeddings()(hidden), model(input_ids=ids).logits
    if not torch.isfinite(theirs).all():
        raise InputError(f"model.source: the weights of {source} give logits that are not finite numbers; give others")
    if not torch.allclose(hidden[0, 0], hidden[1, 0], rtol=1e-4, atol=1e-4):
        raise InputError(f"model.source: {source} reads the tokens after a token, too; give a causal language model")
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


def _check_model_files(source: str, needed: list[str]) -> None:
    """Raises InputError naming what a local model lacks: transformers would tell of another lack, or of none."""
    path = Path(source)
    if path.is_file() and not is_gguf(source):
        raise InputError(f"model.source: {source} is a file; give the folder that it lies in, or a .gguf file")
    if path.is_dir():
        lacking = [part for part in needed if not any(any(path.glob(name)) for name in MODEL_PARTS[part])]
        if WEIGHTS in lacking and any(path.glob("pytorch_model*.bin")):
            raise InputError(
                f"model.source: {source} has its weights in pytorch_model.bin, a pickle, which can run code when it is"
                " read; convert it where you trust it: model.save_pretrained writes safetensors"
            )
        if lacking:
            raise InputError(f"model.source: {source} has no {', no '.join(lacking)}; give a folder with a whole model")
