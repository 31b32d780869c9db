"""What a step's frozen models keep of their weights."""

import copy

import torch

from align.chat import encode_prompt, encode_response
from align.reward_models import score
from align.rollout import TokenLogps
from align.training_step import keep_cast


def test_weights_cast_once_give_the_same_products(policy, reward_model, tokenizer):
    prompts = [encode_prompt(tokenizer, [{"role": "user", "content": text}]) for text in ("name two fruits", "hello")]
    responses = [encode_response(tokenizer, text) for text in ("pear and plum .", "sure !")]
    frozen = TokenLogps(copy.deepcopy(policy)).requires_grad_(False)
    frozen_reward = copy.deepcopy(reward_model).requires_grad_(False)
    keep_cast(frozen, torch.bfloat16)
    keep_cast(frozen_reward.model, torch.bfloat16)
    texts = [p + r for p, r in zip(prompts, responses)]
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for ours, theirs in zip(frozen(prompts, responses), TokenLogps(policy)(prompts, responses)):
            assert torch.equal(ours, theirs)
        ours, theirs = (score(model, texts, 0, 2) for model in (frozen_reward, reward_model))
    assert torch.equal(ours, theirs)
    # Autocast would have cast the weights at every call, and the embedding never.
    assert frozen.model.lm_head.weight.dtype == frozen.model.model.layers[0].mlp.up_proj.weight.dtype == torch.bfloat16
    assert frozen.model.model.embed_tokens.weight.dtype == torch.float32
    assert frozen_reward.score.weight.dtype == torch.float32
