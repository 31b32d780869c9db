"""Split preference pairs by prompt into train, judge and validation, and say what was dropped and why.

Rows that name their fold stay in it.
"""

import argparse
import hashlib
import random
from collections import Counter

from align.errors import InputError, run
from align.files import read_jsonl, write_json, write_jsonl

FOLDS = ("train", "judge", "validation")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preferences", required=True, help="JSON lines in HelpSteer2_binarized's columns")
    parser.add_argument("--validation-prompts", type=int, required=True, help="prompts kept for evaluation")
    parser.add_argument("--judge-share", type=float, required=True, help="share of the other prompts that judges get")
    parser.add_argument("--split-seed", type=int, required=True)
    parser.add_argument("--prompt-suffix", default="", help="text after the last user turn of every prompt")
    for fold in FOLDS:
        parser.add_argument(f"--{fold}-output", required=True)
    parser.add_argument("--summary-output", required=True, help="JSON: counts of rows, drops, prompts and pairs")
    return parser.parse_args(argv)


def normalise(prompt: str) -> str:
    """The text that decides whether two prompts are the same: case and white space do not."""
    return " ".join(prompt.lower().split())


def prompt_id(prompt: str) -> str:
    return hashlib.sha256(normalise(prompt).encode()).hexdigest()[:12]


def add_suffix(row: dict, suffix: str) -> dict:
    """The row with `suffix` after its prompt, in the text and in the last turn before each response."""
    extended = row | {"prompt": row["prompt"] + suffix}
    for name in ("chosen", "rejected"):
        *before, turn, response = row[name]
        extended[name] = [*before, turn | {"content": turn["content"] + suffix}, response]
    return extended


def reason_to_drop(row: dict) -> str | None:
    """Why a row cannot teach a preference, or None."""
    if row["chosen_rating"] == row["rejected_rating"]:
        return "tied ratings"
    if row["chosen"][-1]["content"] == row["rejected"][-1]["content"]:
        return "identical responses"
    if not row["chosen"][-1]["content"].strip() or not row["rejected"][-1]["content"].strip():
        return "empty response"
    if row["chosen"][:-1] != row["rejected"][:-1]:
        return "responses to different prompts"
    return None


def split_by_prompt(rows: list[dict], validation_prompts: int, judge_share: float, seed: int) -> dict[str, list[dict]]:
    """Rows a fold; no prompt is in two folds. Raises InputError if a fold would be empty."""
    prompts = sorted({normalise(row["prompt"]) for row in rows})
    random.Random(seed).shuffle(prompts)
    judge_prompts = round(judge_share * (len(prompts) - validation_prompts))
    if validation_prompts >= len(prompts) or not 0 < judge_prompts < len(prompts) - validation_prompts:
        raise InputError(
            f"{len(prompts)} prompts cannot give {validation_prompts} for validation and a judge share of"
            f" {judge_share}: lower data.validation_prompts or change data.judge_share"
        )
    sizes = (validation_prompts, judge_prompts, len(prompts) - validation_prompts - judge_prompts)
    order = [fold for fold, size in zip(("validation", "judge", "train"), sizes) for _ in range(size)]
    fold_of = dict(zip(prompts, order))
    folds: dict[str, list[dict]] = {fold: [] for fold in FOLDS}
    for row in rows:
        folds[fold_of[normalise(row["prompt"])]].append({"prompt_id": prompt_id(row["prompt"]), **row})
    return folds


def own_folds(rows: list[dict]) -> dict[str, list[dict]]:
    """Rows by the fold that they name. Raises InputError if a fold is empty or unknown, or a prompt is in two."""
    folds: dict[str, list[dict]] = {fold: [] for fold in FOLDS}
    fold_of: dict[str, str] = {}
    for row in rows:
        prompt, fold = normalise(row["prompt"]), row.get("fold")
        if fold not in folds or fold_of.setdefault(prompt, fold) != fold:
            raise InputError(f"the prompt {prompt[:60]!r} is of the fold {fold!r}: give each one of {', '.join(FOLDS)}")
        given = {key: value for key, value in row.items() if key != "fold"}
        folds[fold].append({"prompt_id": prompt_id(row["prompt"]), **given})
    for fold, fold_rows in folds.items():
        if not fold_rows:
            raise InputError(f"no row is of the fold {fold}: give each fold some")
    return folds


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    # Here and nowhere else, so that whatever reads a fold sees the same prompts.
    rows = [add_suffix(row, args.prompt_suffix) for row in read_jsonl(args.preferences)]
    drops = [reason_to_drop(row) for row in rows]
    kept = [row for row, drop in zip(rows, drops) if drop is None]
    dropped = dict(sorted(Counter(drop for drop in drops if drop).items()))
    if not kept:
        counts = ", ".join(f"{reason}: {count}" for reason, count in dropped.items()) or "there were none"
        raise InputError(f"none of {len(rows)} rows is left ({counts}); give pairs that differ in response and rating")
    if any("fold" in row for row in kept):
        folds = own_folds(kept)
    else:
        folds = split_by_prompt(kept, args.validation_prompts, args.judge_share, args.split_seed)
    for fold, fold_rows in folds.items():
        write_jsonl(getattr(args, f"{fold}_output"), fold_rows)
    write_json(
        args.summary_output,
        {
            "rows": len(rows),
            "dropped": dropped,
            "folds": {
                fold: {"prompts": len({row["prompt_id"] for row in fold_rows}), "pairs": len(fold_rows)}
                for fold, fold_rows in folds.items()
            },
        },
    )


if __name__ == "__main__":
    run(main)
