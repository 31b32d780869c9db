"""Score the responses of a replicate's arms, and SFT's in the same places, by the reward model each was trained on.

One model is in memory at a time. What it gives is all that later stages need of these models.
"""

import argparse

import pandas as pd
import torch

from align.arms import Arm, parse_arms
from align.errors import InputError, run
from align.files import read_json
from align.reward_models import load_scorer
from align.seeds import derive_seed
from align.signals import Scale, compute_signal
from align.tables import write_table
from findings.places import PLACE


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", nargs="+", required=True, help="parquet of SFT's responses, and of every arm's")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--arms", type=parse_arms, required=True, help="JSON: the arms with their signals")
    parser.add_argument("--kinds", nargs="+", required=True, help="names of their reward models")
    parser.add_argument("--reward-models", nargs="+", required=True, help="folders of these, in that order")
    parser.add_argument("--scales", nargs="+", required=True, help="JSON of the signals' standardisations, one an arm")
    parser.add_argument("--pool", required=True, help="parquet of many SFT responses: what a signal compares with")
    parser.add_argument(
        "--reference-samples", type=int, required=True, help="how many it compares with, as in training"
    )
    parser.add_argument("--scoring-batch-size", type=int, required=True, help="texts scored at once")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    parser.add_argument("--share-prompts", action="store_true", help="read a prompt once for all its responses")
    parser.add_argument("--output", required=True, help="parquet: a row a response, in their order; SFT's are empty")
    return parser.parse_args(argv)


def compute_proxy(
    arm: Arm, scale: Scale, seed: int, outputs: dict[str, torch.Tensor], sft_outputs: torch.Tensor
) -> dict:
    """The signal that an arm was trained on, standardised as in training and as it reads (`_raw`).

    `outputs` are its reward model's by column: of the arm's responses (`proxy`) and of SFT's in the same places
    (`proxy_sft`), both (responses, labels); `sft_outputs` those of what it compares with, (responses, samples, labels).
    """
    torch.manual_seed(derive_seed(seed, "own"))  # for the one signal that draws; another name would draw otherwise
    columns = {}
    for name, scored in outputs.items():
        signal = compute_signal(arm.signal, scored, sft_outputs, arm.options)
        columns |= {name: scale.apply(signal).tolist(), f"{name}_raw": signal.tolist()}
    return columns


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    responses = pd.concat(map(pd.read_parquet, args.responses), ignore_index=True)
    sft, parts = responses[responses["arm"] == "sft"], []
    pool = pd.read_parquet(args.pool)
    pool = pool[(pool["decoding"] == "sampled") & (pool["sample"] < args.reference_samples)].reset_index(drop=True)
    rows_of = pool.groupby("prompt_id").indices
    scales = dict(zip(args.arms, args.scales, strict=True))
    for kind, folder in zip(args.kinds, args.reward_models, strict=True):
        score = load_scorer(folder, args.scoring_batch_size, args.precision, args.share_prompts)
        of_pool, of_sft = score(pool), score(sft)
        sft_outputs = torch.stack([of_pool[rows_of[prompt]] for prompt in sft["prompt_id"]])
        for arm in (arm for arm in args.arms if arm.reward_model == kind):
            own = responses[responses["arm"] == arm.name]
            if not sft[PLACE].reset_index(drop=True).equals(own[PLACE].reset_index(drop=True)):
                raise InputError(f"{arm.name} and sft do not answer the same prompts in the same order")
            outputs, scale = {"proxy": score(own), "proxy_sft": of_sft}, Scale(**read_json(scales[arm]))
            parts.append(pd.DataFrame(compute_proxy(arm, scale, args.seed, outputs, sft_outputs), index=own.index))
        del score  # before the next is loaded
    write_table(args.output, responses[["arm", *PLACE]].join(pd.concat(parts)))


if __name__ == "__main__":
    run(main)
