"""Score SFT responses by reward models as their training begins: what of their later scores did the pairs teach?

They share SFT's body and differ in the head, which is drawn at random: the responses are read once for all.
"""

import argparse

import pandas as pd
import torch
from transformers import AutoTokenizer

from align.attention import avoid_unfused_attention
from align.devices import autocast, pick_device
from align.errors import run
from align.reward_models import score_table, untrained_model
from align.signals import mean_and_deviation
from align.tables import write_table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the SFT model")
    parser.add_argument("--pool", required=True, help="parquet of SFT responses, several a prompt")
    parser.add_argument("--reference-samples", type=int, required=True, help="the first ones, which are left out")
    parser.add_argument("--kinds", nargs="+", required=True, help="names of reward models")
    parser.add_argument("--labels", nargs="+", type=int, required=True, help="outputs of their heads, in that order")
    parser.add_argument("--seeds", nargs="+", type=int, required=True, help="in that order")
    parser.add_argument("--scoring-batch-size", type=int, required=True, help="texts scored at once")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    parser.add_argument("--share-prompts", action="store_true", help="read a prompt once for all its responses")
    parser.add_argument("--output", required=True, help="parquet: a row a response, a column {kind}_{seed}")
    return parser.parse_args(argv)


def read_pool(args: argparse.Namespace, pool: pd.DataFrame) -> torch.Tensor:
    """SFT's hidden states at the responses' last tokens, (responses, hidden), fp32."""
    avoid_unfused_attention()
    body = untrained_model(args.model, 1, seed=0).to(pick_device())
    body.score = torch.nn.Identity()
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    with autocast(args.precision):
        return score_table(body, pool, tokenizer.pad_token_id, args.scoring_batch_size, args.share_prompts)


@torch.no_grad()
def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    pool = pd.read_parquet(args.pool)
    pool = pool[(pool["decoding"] == "sampled") & (pool["sample"] >= args.reference_samples)].reset_index(drop=True)
    hidden, table = read_pool(args, pool), pool[["prompt_id", "sample", "finished"]]
    for kind, labels, seed in zip(args.kinds, args.labels, args.seeds, strict=True):
        outputs = untrained_model(args.model, labels, seed).score(hidden)
        values = mean_and_deviation(outputs)[0] if labels > 1 else outputs[:, 0]
        table = table.assign(**{f"{kind}_{seed}": values.tolist()})
    write_table(args.output, table)


if __name__ == "__main__":
    run(main)
