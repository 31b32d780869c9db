"""Attention with grouped heads on GPUs, for which torch has a fused kernel in few cases."""

import torch


def avoid_unfused_attention() -> None:
    """On a GPU, repeat the keys and values of grouped heads, so that a fused kernel can take them.

    transformers would hand the groups to torch. In fp32, and in any precision on a GPU older than Ampere (a T4), that
    leaves the plain kernel, which keeps a matrix of all positions by all positions for each layer and head: gigabytes
    in training, and up to half the speed (huggingface/transformers, issue 48633).
    """
    from transformers.integrations import sdpa_attention

    if torch.cuda.is_available():
        sdpa_attention.use_gqa_in_sdpa = lambda *_: False
