"""Train a scalar reward model on preference pairs with TRL's RewardTrainer, and score the validation pairs with it."""

import argparse
import random

import pandas as pd
import torch
from datasets import Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from trl import RewardConfig, RewardTrainer

from align.errors import run
from align.files import atomic_path
from align.resume import forget_state, state_folder
from align.reward_models import score
from align.seeds import derive_seed
from align.supervised import train_resumably, training_settings
from align.tables import token_lists, write_table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the SFT model")
    parser.add_argument("--tokens", required=True, help="parquet of the fold to learn from")
    parser.add_argument("--validation-tokens", required=True, help="parquet of the validation fold")
    parser.add_argument("--kind", required=True, help="name of this kind of reward model, for messages")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--labels", choices=("given", "shuffled"), required=True, help="shuffled: a placebo")
    parser.add_argument("--epochs", type=float, required=True)
    parser.add_argument("--batch-size", type=int, required=True, help="pairs a step")
    parser.add_argument("--micro-batch-size", type=int, required=True, help="pairs held in memory at once")
    parser.add_argument("--learning-rate", type=float, required=True, help="peak; warm-up, then cosine")
    parser.add_argument("--warmup-share", type=float, required=True, help="share of the steps")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    parser.add_argument("--save-steps", type=int, required=True, help="steps between two resumable states")
    parser.add_argument("--state", required=True, help="folder for the state of an unfinished run")
    parser.add_argument("--output", required=True, help="folder of the reward model")
    parser.add_argument("--validation-output", required=True, help="parquet: a row a validation pair")
    return parser.parse_args(argv)


def training_pairs(path: str, shuffle: bool, seed: int) -> Dataset:
    """Whole token sequences of the chosen and rejected texts; with `shuffle`, which is which is a coin's toss."""
    table = pd.read_parquet(path)
    prompts, chosen, rejected = (token_lists(table[name]) for name in ("prompt_ids", "chosen_ids", "rejected_ids"))
    pairs = [(p + c, p + r) for p, c, r in zip(prompts, chosen, rejected)]
    if shuffle:
        toss = random.Random(derive_seed(seed, "shuffled labels"))
        pairs = [pair if toss.random() < 0.5 else pair[::-1] for pair in pairs]
    return Dataset.from_dict({"chosen_ids": [c for c, _ in pairs], "rejected_ids": [r for _, r in pairs]})


def score_pairs(model, tokenizer, path: str, batch_size: int) -> pd.DataFrame:
    """Rewards of both answers of each pair, and their lengths in tokens."""
    table = pd.read_parquet(path)
    prompts = token_lists(table["prompt_ids"])
    scores = table[["prompt_id"]].copy()
    for answer in ("chosen", "rejected"):
        responses = token_lists(table[f"{answer}_ids"])
        texts = [prompt + response for prompt, response in zip(prompts, responses)]
        scores[f"{answer}_reward"] = score(model, texts, tokenizer.pad_token_id, batch_size)[:, 0].tolist()
        scores[f"{answer}_tokens"] = list(map(len, responses))
    return scores


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    # The head is random: the seed decides it.
    torch.manual_seed(derive_seed(args.seed, "reward head"))
    model = AutoModelForSequenceClassification.from_pretrained(args.model, num_labels=1, dtype=torch.float32)
    state = state_folder(args.state, args, [args.model, args.tokens])
    settings = RewardConfig(
        **training_settings(args.precision, state, args.save_steps),
        seed=derive_seed(args.seed, "reward training"),
        num_train_epochs=args.epochs,
        per_device_train_batch_size=args.micro_batch_size,
        gradient_accumulation_steps=max(1, args.batch_size // args.micro_batch_size),
        learning_rate=args.learning_rate,
        warmup_steps=args.warmup_share,
        lr_scheduler_type="cosine",
        gradient_checkpointing=False,
        max_length=None,  # what is too long was dropped, and counted, when the data were tokenised
    )
    trainer = RewardTrainer(
        model,
        settings,
        train_dataset=training_pairs(args.tokens, args.labels == "shuffled", args.seed),
        processing_class=tokenizer,
    )
    train_resumably(trainer, f"reward model {args.kind}, seed {args.seed}", ["loss", "accuracy"])
    scores = score_pairs(model, tokenizer, args.validation_tokens, 2 * args.micro_batch_size)
    with atomic_path(args.output) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    write_table(args.validation_output, scores.assign(kind=args.kind, seed=args.seed))
    forget_state(state)


if __name__ == "__main__":
    run(main)
