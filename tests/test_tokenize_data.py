"""Pairs balanced in length: hand-made pairs of which it is known which belong together."""

import json

import numpy as np
import pandas as pd
import pytest
import tokenize_data
from test_split_data import make_row
from tokenize_data import mark_balanced

from align.preferences import load_preferences


def balanced(differences, seed=0):
    """Which of these pairs are balanced, by how many tokens the chosen response is longer than the rejected one."""
    differences = np.array(differences)
    return mark_balanced(1000 + differences, np.full(len(differences), 1000), seed).tolist()


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        # To a difference of 100 belong those of 70 to 130; equal lengths and what is left over do not.
        ([-100, 131, 69, 130, 0], [True, False, False, True, False]),
        ([-100, 131, 69, 70, 0], [True, False, False, True, False]),
        ([-100, 131, 69], [False, False, False]),
        # The nearest is taken, once.
        ([-10, 12, 11, 9000], [True, False, True, False]),
        ([-10, 17, -400, 480], [True, True, True, True]),
        ([-10, -10, 10], None),
        # Where only the longer, only the shorter or none wins, nothing is balanced.
        ([5, 6], [False, False]),
        ([-5, -6], [False, False]),
        ([], []),
    ],
)
def test_pairs_of_like_difference_are_matched(differences, expected):
    found = balanced(differences)
    if expected is None:  # one of two that are alike, whichever
        assert found[2] and sum(found[:2]) == 1
    else:
        assert found == expected


def test_the_seed_decides_among_pairs_that_are_alike():
    differences = [-20] * 10 + [20] * 100
    assert balanced(differences, 1) == balanced(differences, 1) != balanced(differences, 2)
    assert sum(balanced(differences, 1)) == 20


def tokenise(folder, rows, tokenizer, model):
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model.save_pretrained(folder / "sft")
    tokenizer.save_pretrained(folder / "sft")
    tokenize_data.main(
        ["--model", str(folder / "sft"), "--pairs", str(folder / "pairs.jsonl"), "--max-prompt-tokens", "20"]
        + ["--max-pair-tokens", "40", "--split-seed", "0", "--output", str(folder / "tokens.parquet")]
        + ["--summary-output", str(folder / "tokens.json")]
    )
    return pd.read_parquet(folder / "tokens.parquet"), json.loads((folder / "tokens.json").read_text())


def test_what_is_too_long_is_left_out_before_pairs_are_balanced(tmp_path, tokenizer, policy):
    texts = [("a", "a b c"), ("a b c", "a"), ("a " * 39, "a"), ("a b c d", "b")]
    rows = [make_row("d ?", *responses) | {"prompt_id": str(i)} for i, responses in enumerate(texts)]
    table, summary = tokenise(tmp_path, rows, tokenizer, policy)
    # Of the two in which the longer won, the one by just as much; the third is longer than 40 tokens with its prompt.
    assert dict(zip(table["prompt_id"], table["balanced"])) == {"0": True, "1": True, "3": False}
    assert (summary["kept_pairs"], summary["balanced_pairs"], summary["dropped_long_pair"]) == (3, 2, 1)


def test_a_response_that_was_cut_off_gets_no_end(tmp_path, tokenizer, policy):
    rows = [make_row("d ?", "a b", "c") | {"prompt_id": str(i)} for i in range(2)]
    rows[1] |= {"chosen_finished": False, "rejected_finished": True}
    table, summary = tokenise(tmp_path, rows, tokenizer, policy)
    (ended, _), (cut, whole) = zip(table["chosen_ids"].map(list), table["rejected_ids"].map(list))
    assert ended == [*table["chosen_ids"][1], tokenizer.eos_token_id] and whole[-1] == tokenizer.eos_token_id
    assert cut != whole and summary["cut_off_share"] == 0.25
    assert "cut_off_share" not in tokenise(tmp_path, rows[:1], tokenizer, policy)[1]


@pytest.mark.parametrize("seed", [0, 1])
def test_in_balanced_real_pairs_the_longer_wins_as_often_as_not(real, seed):
    rows = load_preferences(str(real / "helpsteer" / "helpsteer1.jsonl"), None, None)
    chosen, rejected = (
        np.array([len(row[name][-1]["content"].split()) for row in rows]) for name in ("chosen", "rejected")
    )
    marks = mark_balanced(chosen, rejected, seed)
    difference = chosen - rejected
    assert (difference > 0).mean() > 0.75  # what there is to mend
    assert (difference[marks] > 0).mean() == 0.5 and marks.sum() > 0.95 * 2 * (difference < 0).sum()
    # Nor does it win by more.
    longer, shorter = difference[marks & (difference > 0)].mean(), -difference[marks & (difference < 0)].mean()
    assert longer == pytest.approx(shorter, rel=0.02)
