"""Train a reward model, scalar or over ratings, with TRL's RewardTrainer, and score the validation pairs with it.

Or an ensemble of several, which differ in where their heads start and in the order of the pairs.
"""

import argparse
import math
import random
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from accelerate import PartialState
from datasets import Dataset
from transformers import AutoTokenizer
from trl import RewardConfig

from align.attention import avoid_unfused_attention
from align.devices import autocast
from align.errors import InputError, run
from align.files import atomic_path
from align.memory import AtOnce
from align.preference_trainer import PreferenceTrainer, RatingCollator
from align.resume import forget_state, state_folder
from align.reward_models import log_outcomes, log_preference, member_name, score, untrained_model
from align.seeds import derive_seed
from align.signals import as_one_model, mean_and_deviation
from align.supervised import train_resumably, training_settings
from align.tables import read_pairs, read_training_pairs, token_lists, write_table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the SFT model")
    parser.add_argument("--tokens", required=True, help="parquet of the fold to learn from")
    parser.add_argument("--validation-tokens", required=True, help="parquet of the validation fold")
    parser.add_argument("--kind", required=True, help="name of this kind of reward model, for messages")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--pairs", choices=("balanced", "raw"), required=True, help="balanced in length, or all")
    parser.add_argument("--labels", choices=("given", "shuffled"), required=True, help="shuffled: a placebo")
    parser.add_argument("--label-noise", type=float, default=0.0, help="share of pairs whose label is turned round")
    parser.add_argument("--ties", action="store_true", help="learn from tied pairs too, by win, tie and loss")
    parser.add_argument("--head", choices=("scalar", "ratings"), required=True)
    parser.add_argument("--bins", type=int, default=10, help="ratings of a head over ratings: 1 to this")
    parser.add_argument("--members", type=int, default=1, help="models of an ensemble; 1: a single model")
    parser.add_argument("--rating-weight", type=float, default=0.0, help="of the raters' own ratings in the loss")
    parser.add_argument("--rating-range", type=float, nargs=2, default=(0.0, 4.0), help="lowest and highest rating")
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


def swapped_rows(args: argparse.Namespace, pairs: int) -> list[int]:
    """The pairs whose labels are swapped: half of them if labels are shuffled, and a share `label_noise`.

    What a smaller share swaps, a larger one swaps too.
    """
    toss, noise = (random.Random(derive_seed(args.seed, role)) for role in ("shuffled labels", "label noise"))
    shuffled = [args.labels == "shuffled" and toss.random() >= 0.5 for _ in range(pairs)]
    return [row for row in range(pairs) if shuffled[row] != (noise.random() < args.label_noise)]


def training_pairs(args: argparse.Namespace) -> Dataset:
    """Whole token sequences of chosen and rejected texts, and their ratings on the scale 1..bins.

    With ties, also which pairs are tied. Raises InputError if no pairs are balanced, or none tied, and some should be.
    """
    table = read_training_pairs(args.tokens, args.pairs, args.ties)
    if args.ties and not ("tie" in table and table["tie"].any()):
        raise InputError(
            f"{args.tokens}: no pairs are tied; set data.keep_ties to true, or ties of {args.kind} to false"
        )
    prompts = token_lists(table["prompt_ids"])
    low, high = args.rating_range
    columns = {}
    for response in ("chosen", "rejected"):
        ratings = table[f"{response}_rating"]
        if args.rating_weight and not ratings.between(low, high).all():
            raise InputError(
                f"{args.tokens}: ratings are not within {low:g} to {high:g}; set reward_training.rating_range"
            )
        columns[f"{response}_ids"] = [p + ids for p, ids in zip(prompts, token_lists(table[f"{response}_ids"]))]
        columns[f"{response}_rating"] = (1 + (args.bins - 1) * (ratings - low) / (high - low)).tolist()
    for row in swapped_rows(args, len(table)):
        for name in ("ids", "rating"):
            chosen, rejected = columns[f"chosen_{name}"], columns[f"rejected_{name}"]
            chosen[row], rejected[row] = rejected[row], chosen[row]
    # Pairs of like length share a batch: less of it is padding.
    columns["length"] = [max(map(len, pair)) for pair in zip(columns["chosen_ids"], columns["rejected_ids"])]
    if args.ties:
        columns["tie"] = table["tie"].tolist()
    return Dataset.from_dict(columns)


def score_pairs(model, tokenizer, path: str, batch_size: int) -> pd.DataFrame:
    """A row a pair: outputs for both responses, log P(chosen > rejected), their tokens, whether it is length-balanced.

    Of a model over ratings also mean and standard deviation of each response's rating. Where ties are kept, they are
    rows too; of a model that knows ties `log_win` and `log_tie` are of win, tie and loss. `log_preference` counts a tie
    one half.
    """
    table = read_pairs(path, ties=True)
    prompts = token_lists(table["prompt_ids"])
    scores = table[["prompt_id", "balanced", *(["tie"] if "tie" in table else [])]].copy()
    outputs = {}
    for response in ("chosen", "rejected"):
        responses = token_lists(table[f"{response}_ids"])
        texts = [prompt + response for prompt, response in zip(prompts, responses)]
        outputs[response] = score(model, texts, tokenizer.pad_token_id, batch_size)
        scores[f"{response}_outputs"] = outputs[response].tolist()
        scores[f"{response}_tokens"] = list(map(len, responses))
        if outputs[response].shape[1] > 1:
            mean, deviation = mean_and_deviation(outputs[response])
            scores[f"{response}_mean"], scores[f"{response}_deviation"] = mean.tolist(), deviation.tolist()
    outcomes = log_outcomes(model.score, outputs["chosen"], outputs["rejected"]) if "tie" in table else None
    if outcomes is not None:
        scores["log_win"], scores["log_tie"] = outcomes[:, 0].tolist(), outcomes[:, 1].tolist()
    return scores.assign(log_preference=log_preference(outputs["chosen"], outputs["rejected"]).tolist())


def join_members(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """An ensemble's scores from those of its members: probabilities are the members' mean, outputs `as_one_model`'s.

    Each member's log P(chosen > rejected) stands beside, a list a pair.
    """
    joined = tables[0].copy()
    for response in ("chosen", "rejected"):
        members = [torch.tensor(table[f"{response}_outputs"].tolist()) for table in tables]
        outputs = as_one_model(torch.stack(members, dim=1))
        joined[f"{response}_outputs"] = outputs.tolist()
        if f"{response}_mean" in joined:
            mean, deviation = mean_and_deviation(outputs)
            joined[f"{response}_mean"], joined[f"{response}_deviation"] = mean.tolist(), deviation.tolist()
    for name in [name for name in ("log_win", "log_tie", "log_preference") if name in joined]:
        logs = torch.tensor([table[name].tolist() for table in tables])
        joined[name] = (logs.logsumexp(dim=0) - math.log(len(tables))).tolist()
    joined["training_nll"] = sum(table["training_nll"] for table in tables) / len(tables)
    joined["member_preferences"] = list(zip(*(table["log_preference"] for table in tables)))
    return joined


def train(
    args: argparse.Namespace, tokenizer, state: Path, seed: int, processes: int, micro_batch_size: int
) -> PreferenceTrainer:
    """The trainer after its training, from the SFT model or from what an earlier run of the same settings left.

    `seed` decides where the head starts and the order of the pairs; what the pairs are is the replicate's.
    """
    # Micro-batches of another size are other batches: what they left is not gone on with.
    folder = state / f"micro-batches-of-{micro_batch_size}"
    model = untrained_model(args.model, 1, seed)
    settings = RewardConfig(
        **training_settings(args.precision, folder, args.save_steps),
        seed=derive_seed(seed, "reward training"),
        num_train_epochs=args.epochs,
        per_device_train_batch_size=micro_batch_size,
        gradient_accumulation_steps=max(1, args.batch_size // (micro_batch_size * processes)),
        learning_rate=args.learning_rate,
        warmup_steps=args.warmup_share,
        lr_scheduler_type="cosine",
        gradient_checkpointing=False,
        train_sampling_strategy="group_by_length",
        remove_unused_columns=False,
        max_length=None,  # what is too long was dropped, and counted, when the data were tokenised
    )
    pairs = training_pairs(args)
    trainer = PreferenceTrainer(
        model,
        settings,
        labels=args.bins if args.head == "ratings" else 1,
        rating_weight=args.rating_weight,
        tie_share=sum(pairs["tie"]) / len(pairs) if args.ties else 0.0,
        train_dataset=pairs,
        processing_class=tokenizer,
        data_collator=RatingCollator(tokenizer.pad_token_id),
    )
    train_resumably(trainer, f"reward model {args.kind}, seed {seed}", ["loss", "accuracy"])
    return trainer


def train_member(args: argparse.Namespace, tokenizer, state: Path, processes: int, at_once: AtOnce, member: int):
    """The model, or an ensemble's member, counted from 1, with its scores of the validation pairs.

    The first is the model that the replicate would have without an ensemble, to the byte: what others add is seen in
    pairs.
    """
    seed = args.seed if member == 1 else derive_seed(args.seed, "member", member)
    folder = state if args.members == 1 else state / member_name(member)
    trainer = at_once.run(partial(train, args, tokenizer, folder, seed, processes))
    with autocast(args.precision):
        scores = score_pairs(trainer.model, tokenizer, args.validation_tokens, 2 * at_once.size)
    # Beside the validation pairs' own: does a model that does worse there learn less, or remember more?
    losses = pd.Series([row.get("nll", row["loss"]) for row in trainer.state.log_history if "loss" in row])
    return trainer.model.cpu(), scores.assign(training_nll=losses.tail(1 + len(losses) // 10).mean())


def write_model(args: argparse.Namespace, tokenizer, models, scores: pd.DataFrame) -> None:
    """Write the model, or an ensemble's members, each in a folder of its own, and the validation pairs' scores."""
    with atomic_path(args.output) as folder:
        for member, model in enumerate(models, start=1):
            model.save_pretrained(folder if args.members == 1 else folder / member_name(member))
        tokenizer.save_pretrained(folder)
    write_table(args.validation_output, scores.assign(kind=args.kind, seed=args.seed))


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    if args.bins < 2:
        raise InputError(f"reward_training.bins is {args.bins}: a distribution over ratings needs at least 2")
    if args.members < 1:
        raise InputError(f"members of {args.kind} is {args.members}: an ensemble needs at least 2, a single model is 1")
    avoid_unfused_attention()
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    team = PartialState(cpu=not torch.cuda.is_available())
    at_once = AtOnce(min(args.micro_batch_size, max(1, args.batch_size // team.num_processes)), "micro-batch")
    if args.batch_size % (at_once.size * team.num_processes):
        raise InputError(
            f"a batch of {args.batch_size} pairs does not divide into micro-batches of {at_once.size} for each of"
            f" {team.num_processes} processes: change reward_training or runtime.processes"
        )
    with team.main_process_first():
        state = state_folder(args.state, args, [args.model, args.tokens], team.num_processes)
    members = [
        train_member(args, tokenizer, state, team.num_processes, at_once, member)
        for member in range(1, args.members + 1)
    ]
    models, tables = zip(*members)
    team.wait_for_everyone()
    if team.is_main_process:
        write_model(args, tokenizer, models, tables[0] if args.members == 1 else join_members(list(tables)))
        forget_state(state)
    team.destroy_process_group()


if __name__ == "__main__":
    run(main)
