"""Responses to many prompts, and their log-probabilities, so many at once as memory holds."""

import torch

from align.progress import Progress
from align.rollout import TokenLogps, generate


def sample_in_batches(
    model,
    tokenizer,
    prompts: list[list[int]],
    max_new_tokens: int,
    batch_size: int,
    sample: bool = True,
    temperature: float = 1.0,
    progress: Progress | None = None,
) -> list[list[int]]:
    """A response to each prompt; `progress` counts them."""
    responses: list[list[int]] = []
    for start in range(0, len(prompts), batch_size):
        some = prompts[start : start + batch_size]
        responses += generate(model, tokenizer, some, max_new_tokens, sample, temperature)
        if progress:
            progress.advance(len(some))
    return responses


@torch.no_grad()
def read_in_batches(
    policy: TokenLogps,
    prompts: list[list[int]],
    responses: list[list[int]],
    batch_size: int,
    temperature: float = 1.0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Each response's log-probability, and the sum of its tokens' entropies; both (responses,), in nats."""
    parts = []
    for start in range(0, len(prompts), batch_size):
        rows = slice(start, start + batch_size)
        parts.append([value.sum(dim=1).cpu() for value in policy(prompts[rows], responses[rows], temperature)])
    logps, entropy = (torch.cat(values) for values in zip(*parts))
    return logps, entropy
