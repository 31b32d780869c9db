"""Attention on GPUs that have no fused kernel for grouped heads."""

import torch

FUSED_GROUPED_HEADS = (8, 0)  # the first compute capability that has one; a T4 has 7.5


def avoid_unfused_attention() -> None:
    """Where heads in groups would end in attention without a fused kernel, repeat keys and values instead.

    transformers hands the groups to torch whatever the GPU. One older than Ampere is left with the plain kernel, which
    keeps a matrix of all positions by all positions for each layer and head: gigabytes in training, and half the speed
    (huggingface/transformers, issue 48633).
    """
    from transformers.integrations import sdpa_attention

    if torch.cuda.is_available() and torch.cuda.get_device_capability() < FUSED_GROUPED_HEADS:
        sdpa_attention.use_gqa_in_sdpa = lambda *_: False
