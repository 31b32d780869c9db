"""Loading models from the Hugging Face hub or a local folder, and completing their tokenizers."""

from pathlib import Path

from align.chat import PLAIN_TEMPLATE
from align.errors import InputError
from align.sources import check_local, one_line

# What a model's folder holds, and the files that it may lie in.
MODEL_PARTS = {
    "config.json": ("config.json",),
    "weights (model.safetensors)": ("*.safetensors", "pytorch_model*.bin"),
    "tokenizer (tokenizer.json)": ("tokenizer.json", "*.model", "vocab.*"),
}


def load_sft(source: str, revision: str | None, pad_token: str | None, random_weights: bool = False):
    """A causal language model in fp32 and its tokenizer, fit for what follows: a pad token that is not EOS, a template.

    A base model without a chat template gets `PLAIN_TEMPLATE`. With `random_weights` only config and tokenizer are
    read. Raises InputError if the model cannot be had.
    """
    from transformers import AutoTokenizer

    check_local(source, "model.source")
    _check_model_folder(source, needs_weights=not random_weights)
    with one_line(source, "model.source"):
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
