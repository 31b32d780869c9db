"""Sampling from a policy, and the log-probabilities of what was sampled."""

from dataclasses import dataclass

import torch
from transformers import GenerationConfig

from align.chat import pad, response_mask
from align.errors import InputError


@dataclass(frozen=True)
class Rollout:
    """One response a row. `ids` and `attention` are (batch, prompt + response); `mask` is (batch, response)."""

    ids: torch.Tensor
    attention: torch.Tensor
    mask: torch.Tensor

    @property
    def prompt_length(self) -> int:
        return self.ids.shape[1] - self.mask.shape[1]

    def responses(self) -> list[list[int]]:
        """Response ids through the first EOS, without padding."""
        rows = self.ids[:, self.prompt_length :]
        return [row[keep.bool()].tolist() for row, keep in zip(rows, self.mask)]

    def finished(self, eos_token_id: int) -> torch.Tensor:
        """Whether each response ended by itself, (batch,), bool."""
        is_eos = self.ids[:, self.prompt_length :] == eos_token_id
        return (is_eos & self.mask.bool()).any(dim=1)


@torch.no_grad()
def generate(model, tokenizer, prompts: list[list[int]], max_new_tokens: int, sample: bool = True) -> Rollout:
    """Responses to tokenised prompts, sampled from exactly the policy (temperature 1, no truncation) or greedy.

    Raises InputError if the longest prompt and response would not fit the model's context.
    """
    context = model.config.max_position_embeddings
    if max(map(len, prompts)) + max_new_tokens > context:
        raise InputError(
            f"a prompt of {max(map(len, prompts))} tokens and {max_new_tokens} new ones exceed the model's context of"
            f" {context}: lower lengths.max_prompt_tokens or lengths.max_new_tokens"
        )
    ids, attention = pad(prompts, tokenizer.pad_token_id, "left")
    device = next(model.parameters()).device
    ids, attention = ids.to(device), attention.to(device)
    settings = GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=sample,
        **({"temperature": 1.0, "top_k": 0, "top_p": 1.0} if sample else {}),
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    # What a config leaves open, `generate` fills in from the checkpoint's own: a repetition penalty, a min_p, a list of
    # suppressed tokens. So the checkpoint's is put aside while sampling.
    own, was_training = model.generation_config, model.training
    model.generation_config = settings
    model.eval()
    try:
        out = model.generate(input_ids=ids, attention_mask=attention, generation_config=settings)
    finally:
        model.generation_config = own
        model.train(was_training)
    mask = response_mask(out[:, ids.shape[1] :], tokenizer.eos_token_id)
    return Rollout(ids=out, attention=torch.cat([attention, mask], dim=1), mask=mask)


def token_logps(model, rollout: Rollout) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probability of each response token and entropy of its distribution, both (batch, response), fp32.

    The logits at position t - 1 are for the token at t. Both are 0 where the mask is 0.
    """
    length = rollout.mask.shape[1]
    # Padding stands on the left: positions count the real tokens, as they do while sampling.
    positions = (rollout.attention.cumsum(dim=1) - 1).clamp(min=0)
    logits = model(
        input_ids=rollout.ids,
        attention_mask=rollout.attention,
        position_ids=positions,
        logits_to_keep=length + 1,
        use_cache=False,
    ).logits[:, :-1]
    logps = logits.float().log_softmax(dim=-1)
    targets = rollout.ids[:, -length:]
    chosen = logps.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    entropy = -(logps.detach().exp() * logps.detach()).sum(dim=-1)
    mask = rollout.mask.to(chosen.dtype)
    return chosen * mask, entropy * mask
