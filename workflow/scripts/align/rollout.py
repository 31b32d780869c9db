"""Sampling from a policy, and log-probabilities of what was sampled. Prompts and responses are lists of token ids."""

from functools import partial

import torch
from torch.utils.checkpoint import checkpoint
from transformers import AutoModelForCausalLM

from align.attention import avoid_unfused_attention
from align.chat import pad
from align.decoding import make_decoder
from align.errors import InputError

# Log-probabilities are made of so many logits at once, 128 MiB in fp32: a batch of SmolLM2's would be gigabytes.
LOGITS_AT_ONCE = 2**25
# Parameters of a model that is small in this sense: pocket's has 0.2 million, SmolLM2 135.
SMALL_MODEL = 10_000_000
# The share of rows still being written at which the finished ones are dropped: dropping copies the cache.
COMPACT_BELOW = 0.75


def draw(logits: torch.Tensor, uniforms: torch.Tensor) -> torch.Tensor:
    """Tokens, (batch,), from exactly softmax(logits), (batch, words), by inverting its distribution function.

    `uniforms`, (batch,), are from [0, 1). Policies that differ little turn the same numbers into much the same text.
    """
    below = logits.float().softmax(dim=-1).cumsum(dim=-1, dtype=torch.float64)
    tokens = torch.searchsorted(below, uniforms.unsqueeze(-1) * below[:, -1:], right=True)
    return tokens.squeeze(-1).clamp(max=logits.shape[-1] - 1)


def draw_uniforms(responses: int, max_new_tokens: int) -> torch.Tensor:
    """What decides how responses are sampled, (responses, max_new_tokens), from torch's generator on the CPU.

    A response's numbers depend on nothing but the seed and its place.
    """
    return torch.rand(responses, max_new_tokens, dtype=torch.float64)


@torch.no_grad()
def generate(
    model,
    tokenizer,
    prompts: list[list[int]],
    max_new_tokens: int,
    sample: bool = True,
    temperature: float = 1.0,
    uniforms: torch.Tensor | None = None,
) -> list[list[int]]:
    """Responses through their EOS, sampled from exactly the policy (at a temperature, no truncation) or greedy.

    `uniforms` are draw_uniforms' for these prompts; without them they are drawn here.

    The library's own `generate` fills in what the checkpoint's settings say: a repetition penalty, a min_p, a list of
    suppressed tokens. Here nothing stands between policy and sample. Under autocast the weights are cast once, not at
    every token: autocast keeps what it casts, to the end of its block, of weights that require a gradient. Raises
    InputError if the longest prompt and response would not fit the model's context.
    """
    longest, context = max(map(len, prompts)), model.config.max_position_embeddings
    if longest + max_new_tokens > context:
        raise InputError(
            f"a prompt of {longest} tokens and {max_new_tokens} new ones exceed the model's context of"
            f" {context}: lower lengths.max_prompt_tokens or lengths.max_new_tokens"
        )
    device = next(model.parameters()).device
    ids, attention = (part.to(device) for part in pad(prompts, tokenizer.pad_token_id, "left"))
    if sample:
        uniforms = (draw_uniforms(len(prompts), max_new_tokens) if uniforms is None else uniforms).to(device)
    decoder = make_decoder(model, attention, longest + max_new_tokens)
    written = torch.full((len(prompts), max_new_tokens), tokenizer.eos_token_id, device=device)
    rows = torch.arange(len(prompts), device=device)
    live = torch.ones(len(prompts), dtype=torch.bool, device=device)
    logits = decoder.read(ids)
    for step in range(max_new_tokens):
        tokens = draw(logits.float() / temperature, uniforms[rows, step]) if sample else logits.argmax(dim=-1)
        # A finished row goes on until it is dropped; what it writes is cut off below.
        written[rows, step] = tokens
        live &= tokens != tokenizer.eos_token_id
        left = int(live.sum())
        if left == 0 or step + 1 == max_new_tokens:
            break
        if left < COMPACT_BELOW * len(rows):
            decoder.keep(live.nonzero().squeeze(-1))
            tokens, rows, live = tokens[live], rows[live], live[live]
        logits = decoder.step(tokens)
    return [through_first(row, tokenizer.eos_token_id) for row in written[:, : step + 1].tolist()]


def through_first(ids: list[int], eos_token_id: int) -> list[int]:
    """The ids through the first EOS, which is an action of the policy like any other; all, if there is none."""
    return ids[: ids.index(eos_token_id) + 1] if eos_token_id in ids else ids


def response_states(body, prompts: list[list[int]], responses: list[list[int]]) -> tuple[torch.Tensor, ...]:
    """What a model's body has read before each response token, (tokens, hidden), the tokens, and their mask.

    The mask, (batch, response), is False beyond a response's end; its rows' tokens stand one after the other.
    """
    device = next(body.parameters()).device
    ids, _ = pad([p + r for p, r in zip(prompts, responses)], 0, "right")
    targets, mask = pad(responses, 0, "right")
    ids, targets, mask = ids.to(device), targets.to(device), mask.bool().to(device)
    # The token at position t is predicted at t - 1.
    first = torch.tensor([len(prompt) - 1 for prompt in prompts], device=device)
    row, step = mask.nonzero(as_tuple=True)
    # Padding on the right needs no mask: a causal model's token sees what stands before it alone.
    hidden = body(input_ids=ids, use_cache=False).last_hidden_state
    return hidden[row, first[row] + step], targets[mask], mask


class TokenLogps(torch.nn.Module):
    """A causal language model, asked for the log-probabilities of responses to prompts.

    A module, so that what wraps a model for training (autocast, several processes) can wrap this.
    """

    def __init__(self, model) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, prompts: list[list[int]], responses: list[list[int]], temperature: float = 1.0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-probability of each response token and entropy of its distribution, both (batch, response), fp32.

        Both are of the distribution at `temperature`, and 0 beyond a response's end. Logits are made where a response
        token is predicted, and nowhere else, a part at a time; the backward pass makes each part again.
        """
        body = getattr(self.model, self.model.base_model_prefix)
        hidden, targets, mask = response_states(body, prompts, responses)
        size = max(1, LOGITS_AT_ONCE // self.model.config.vocab_size)
        parts = list(zip(hidden.split(size), targets.split(size)))
        read = self.read_tokens if len(parts) == 1 else partial(checkpoint, self.read_tokens, use_reentrant=False)
        chosen, entropy = (torch.cat(values) for values in zip(*(read(*part, temperature) for part in parts)))
        zeros = torch.zeros(mask.shape, device=mask.device)
        return zeros.masked_scatter(mask, chosen), zeros.masked_scatter(mask, entropy)

    def read_tokens(
        self, hidden: torch.Tensor, targets: torch.Tensor, temperature: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-probability of each token and entropy of its distribution, both (tokens,)."""
        logits = self.model.get_output_embeddings()(hidden).float()
        # A division by 1 is a pass over all words for nothing.
        logps = (logits if temperature == 1 else logits / temperature).log_softmax(dim=-1)
        chosen = logps.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
        return chosen, -(logps.detach().exp() * logps.detach()).sum(dim=-1)


def load_policy(folder: str, device: torch.device) -> TokenLogps:
    """The causal language model in `folder`, in fp32 and without dropout: what is sampled and scored is one policy."""
    avoid_unfused_attention()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    # By plain matrix products a small model's step takes less time on a CPU: half of a decoding step, a tenth less of a
    # training step. For SmolLM2 they come out even, and the fused kernel, the library's choice, keeps less in memory.
    if device.type == "cpu" and model.num_parameters() < SMALL_MODEL:
        model.set_attn_implementation("eager")
    return TokenLogps(model).to(device).eval()
