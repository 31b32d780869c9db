"""Chat text to tokens and back: the one place where prompts, responses and padding are defined.

The reward model's training, the rollouts and the evaluation all take their tokens from here, so that a text is scored
in the form in which it was trained on; a sampled response keeps its own tokens, which may be others than its text's.
"""

import torch
from torch.nn.utils.rnn import pad_sequence

# For a base model without a chat template: the turns, one a line, after the start token if there is one.
PLAIN_TEMPLATE = (
    "{{ bos_token if bos_token else '' }}{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
)


def encode_prompt(tokenizer, messages: list[dict[str, str]]) -> list[int]:
    """Token ids of the turns so far, up to and including the start of the assistant's turn."""
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    # The template has already written the special tokens that belong there.
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def encode_response(tokenizer, response: str, finished: bool = True) -> list[int]:
    """Token ids of a response: its text and, if it is finished, one EOS, and nothing after that."""
    ids = tokenizer(response, add_special_tokens=False)["input_ids"]
    return ids + [tokenizer.eos_token_id] if finished else ids


def decode_response(tokenizer, ids: list[int]) -> str:
    """The text of a response, without its special tokens."""
    return tokenizer.decode(ids, skip_special_tokens=True).strip()


def pad(sequences: list[list[int]], pad_token_id: int, side: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, both (batch, time), padded on `side` ("left" or "right")."""
    rows = [torch.tensor(sequence, dtype=torch.long) for sequence in sequences]
    ids = pad_sequence(rows, batch_first=True, padding_value=pad_token_id, padding_side=side)
    return ids, pad_sequence([torch.ones_like(row) for row in rows], batch_first=True, padding_side=side)
