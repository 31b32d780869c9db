"""Split preference pairs by prompt into train, judge and validation, and say what was dropped and why.

Rows that name their fold stay in it. Tied pairs, where they are kept, stand last in their fold and are marked: who does
not ask for them finds the folds that there would be without them.
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
    parser.add_argument("--keep-ties", action="store_true", help="keep tied pairs, marked in a column tie")
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


def is_tie(row: dict) -> bool:
    return row["chosen_rating"] == row["rejected_rating"]


def reason_to_drop(row: dict, keep_ties: bool) -> str | None:
    """Why a row cannot teach a preference, nor a tie if these are kept, or None."""
    if is_tie(row) and not keep_ties:
        return "tied ratings"
    if row["chosen"][-1]["content"] == row["rejected"][-1]["content"]:
        return "identical responses"
    if not row["chosen"][-1]["content"].strip() or not row["rejected"][-1]["content"].strip():
        return "empty response"
    if row["chosen"][:-1] != row["rejected"][:-1]:
        return "responses to different prompts"
    return None


def deal(prompts: set[str], validation: int, judge: int, seed: int) -> dict[str, str]:
    """Each prompt's fold, at random: so many for validation, so many for judges, the others to learn from."""
    order = sorted(prompts)
    random.Random(seed).shuffle(order)
    sizes = (validation, judge, len(order) - validation - judge)
    folds = [fold for fold, size in zip(("validation", "judge", "train"), sizes) for _ in range(size)]
    return dict(zip(order, folds))


def ties_last(rows: list[dict]) -> list[dict]:
    """The rows in their order, but tied ones behind the others: whoever takes a fold's first prompts takes the same."""
    return sorted(rows, key=lambda row: row.get("tie", False))


def split_by_prompt(rows: list[dict], validation_prompts: int, judge_share: float, seed: int) -> dict[str, list[dict]]:
    """Rows a fold; no prompt is in two folds. Raises InputError if a fold would be empty.

    Decided pairs are dealt as if there were no ties; prompts that have nothing but ties follow in the same shares.
    """
    prompts = {normalise(row["prompt"]) for row in rows if not row.get("tie")}
    judge_prompts = round(judge_share * (len(prompts) - validation_prompts))
    if validation_prompts >= len(prompts) or not 0 < judge_prompts < len(prompts) - validation_prompts:
        raise InputError(
            f"{len(prompts)} prompts cannot give {validation_prompts} for validation and a judge share of"
            f" {judge_share}: lower data.validation_prompts or change data.judge_share"
        )
    tied_alone = {normalise(row["prompt"]) for row in rows} - prompts
    shares = (round(len(tied_alone) * size / len(prompts)) for size in (validation_prompts, judge_prompts))
    fold_of = deal(prompts, validation_prompts, judge_prompts, seed) | deal(tied_alone, *shares, seed)
    folds: dict[str, list[dict]] = {fold: [] for fold in FOLDS}
    for row in ties_last(rows):
        folds[fold_of[normalise(row["prompt"])]].append({"prompt_id": prompt_id(row["prompt"]), **row})
    return folds


def own_folds(rows: list[dict]) -> dict[str, list[dict]]:
    """Rows by the fold that they name. Raises InputError if a fold decides nothing, is unknown, or shares a prompt."""
    folds: dict[str, list[dict]] = {fold: [] for fold in FOLDS}
    fold_of: dict[str, str] = {}
    for row in ties_last(rows):
        prompt, fold = normalise(row["prompt"]), row.get("fold")
        if fold not in folds:
            raise InputError(f"the prompt {prompt[:60]!r} is of the fold {fold!r}: give each one of {', '.join(FOLDS)}")
        if fold_of.setdefault(prompt, fold) != fold:
            both = f"{fold_of[prompt]!r} and {fold!r}"
            raise InputError(f"the prompt {prompt[:60]!r} is of the folds {both}: give all its rows the same")
        given = {key: value for key, value in row.items() if key != "fold"}
        folds[fold].append({"prompt_id": prompt_id(row["prompt"]), **given})
    for fold, fold_rows in folds.items():
        if all(row.get("tie") for row in fold_rows):
            raise InputError(f"no row is of the fold {fold}: give each fold some")
    return folds


def count_fold(rows: list[dict], keep_ties: bool) -> dict[str, int]:
    """Prompts and pairs of a fold, and beside them its ties."""
    decided = [row for row in rows if not row.get("tie")]
    counts = {"prompts": len({row["prompt_id"] for row in decided}), "pairs": len(decided)}
    return counts | ({"ties": len(rows) - len(decided)} if keep_ties else {})


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    # Here and nowhere else, so that whatever reads a fold sees the same prompts.
    rows = [add_suffix(row, args.prompt_suffix) for row in read_jsonl(args.preferences)]
    drops = [reason_to_drop(row, args.keep_ties) for row in rows]
    kept = [row for row, drop in zip(rows, drops) if drop is None]
    dropped = dict(sorted(Counter(drop for drop in drops if drop).items()))
    if args.keep_ties:
        kept = [row | {"tie": is_tie(row)} for row in kept]
    if all(row.get("tie") for row in kept):
        reasons = dropped | ({"tied ratings": len(kept)} if kept else {})
        counts = ", ".join(f"{reason}: {count}" for reason, count in reasons.items()) or "there were none"
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
            "folds": {fold: count_fold(fold_rows, args.keep_ties) for fold, fold_rows in folds.items()},
        },
    )


if __name__ == "__main__":
    run(main)
