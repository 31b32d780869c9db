"""Reward models: a sequence classifier over prompt and response, read at the last token of the response."""

import torch

from align.chat import pad


@torch.no_grad()
def score(model, sequences: list[list[int]], pad_token_id: int, batch_size: int) -> torch.Tensor:
    """The model's outputs for tokenised texts (prompt and response), (texts, labels), fp32, on the CPU.

    Texts are scored in order of length, so that little of a batch is padding. The head reads the last token of each
    text by its length. The classifier's own forward looks for the last token that is not padding instead: the same for
    a finished response, another place for a truncated one in which the policy happened to sample the pad token.
    """
    device = next(model.parameters()).device
    body = getattr(model, model.base_model_prefix)
    model.eval()
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    outputs: list[torch.Tensor] = [torch.empty(0)] * len(sequences)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        ids, mask = (part.to(device) for part in pad([sequences[i] for i in rows], pad_token_id, "right"))
        hidden = body(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        last = hidden[torch.arange(len(rows), device=device), mask.sum(dim=1) - 1]
        for i, row in zip(rows, model.score(last.float()).cpu()):
            outputs[i] = row
    return torch.stack(outputs)
