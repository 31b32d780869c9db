import pytest
import split_data

from align.errors import InputError
from align.files import read_json, read_jsonl, write_jsonl


def make_row(prompt, chosen="yes", rejected="no", ratings=(3.0, 1.0)):
    turn = {"role": "user", "content": prompt}
    responses = [[turn, {"role": "assistant", "content": text}] for text in (chosen, rejected)]
    return {
        "prompt": prompt,
        "chosen": responses[0],
        "rejected": responses[1],
        "chosen_rating": ratings[0],
        "rejected_rating": ratings[1],
    }


def run_split(tmp_path, rows, *more, validation=4, share="0.5", seed="0"):
    write_jsonl(tmp_path / "in.jsonl", rows)
    outputs = [flag for fold in split_data.FOLDS for flag in (f"--{fold}-output", str(tmp_path / f"{fold}.jsonl"))]
    split_data.main(
        ["--preferences", str(tmp_path / "in.jsonl"), "--validation-prompts", str(validation), "--judge-share", share]
        + ["--split-seed", seed, *more, *outputs, "--summary-output", str(tmp_path / "split.json")]
    )
    return {fold: read_jsonl(tmp_path / f"{fold}.jsonl") for fold in split_data.FOLDS}, read_json(
        tmp_path / "split.json"
    )


def test_no_prompt_is_in_two_folds(tmp_path):
    # The same prompt in other case and spacing, as public data have it, is the same prompt.
    rows = [make_row(text) for i in range(30) for text in (f"Prompt {i}", f"  prompt   {i} ")]
    folds, summary = run_split(tmp_path, rows)
    ids = {fold: {row["prompt_id"] for row in rows} for fold, rows in folds.items()}
    assert not (ids["train"] & ids["judge"] or ids["train"] & ids["validation"] or ids["judge"] & ids["validation"])
    assert {fold: counts["prompts"] for fold, counts in summary["folds"].items()} == {
        "train": 13,
        "judge": 13,
        "validation": 4,
    }
    assert sum(counts["pairs"] for counts in summary["folds"].values()) == summary["rows"] == 60


def test_a_suffix_follows_every_prompt_in_text_and_messages_alike(tmp_path):
    rows = [make_row(f"prompt {i}") for i in range(20)]
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
    for row in rows[::2]:  # flattened, a conversation ends in its last user turn
        for name in ("chosen", "rejected"):
            row[name] = turns + row[name]
    folds, _ = run_split(tmp_path, rows, "--prompt-suffix", " Be short.")
    for row in (row for fold in folds.values() for row in fold):
        number = int(row["prompt"].split()[1])
        assert row["prompt"] == f"prompt {number} Be short."
        for name, response in (("chosen", "yes"), ("rejected", "no")):
            *before, last, said = row[name]
            assert before == (turns if number % 2 == 0 else []) and said["content"] == response
            assert last == {"role": "user", "content": f"prompt {number} Be short."}


def test_without_a_suffix_pairs_stay_as_they_are(tmp_path):
    rows = [make_row(f"prompt {i}") for i in range(20)]
    folds, _ = run_split(tmp_path, rows)
    found = [{name: row[name] for name in rows[0]} for fold in folds.values() for row in fold]
    assert sorted(found, key=str) == sorted(rows, key=str)


def test_what_teaches_nothing_is_dropped_and_counted(tmp_path):
    rows = [make_row(f"prompt {i}") for i in range(10)]
    rows += [make_row("tie", ratings=(2.0, 2.0)), make_row("same", "yes", "yes"), make_row("blank", "yes", " ")]
    stray = make_row("one")
    stray["rejected"][0] = {"role": "user", "content": "another"}
    _, summary = run_split(tmp_path, [*rows, stray], validation=2)
    assert summary["dropped"] == {
        "responses to different prompts": 1,
        "empty response": 1,
        "identical responses": 1,
        "tied ratings": 1,
    }
    assert sum(counts["pairs"] for counts in summary["folds"].values()) == 10


def test_the_split_depends_on_its_seed_and_on_nothing_else(tmp_path):
    rows = [make_row(f"prompt {i}") for i in range(20)]
    first, _ = run_split(tmp_path, rows)
    again, _ = run_split(tmp_path, rows[::-1])
    other, _ = run_split(tmp_path, rows, seed="1")

    def validation(folds):
        return {row["prompt"] for row in folds["validation"]}

    assert validation(first) == validation(again) != validation(other)


def test_too_few_prompts_are_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(InputError, match="lower data.validation_prompts"):
        run_split(tmp_path, [make_row(f"prompt {i}") for i in range(4)])
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_if_all_rows_are_dropped_the_reasons_are_counted_and_nothing_is_written(tmp_path):
    rows = [make_row(f"same {i}", "yes", "yes") for i in range(3)] + [make_row("tie", ratings=(2.0, 2.0))]
    with pytest.raises(InputError, match=r"none of 4 rows is left \(identical responses: 3, tied ratings: 1\); give"):
        run_split(tmp_path, rows)
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_a_broken_line_is_named(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n{"a": \n')
    with pytest.raises(InputError, match="line 2: not JSON"):
        read_jsonl(tmp_path / "x.jsonl")


def test_rows_that_name_their_fold_stay_in_it(tmp_path):
    names = ("judge", "validation", "train", "train")
    rows = [make_row(f"prompt {i}") | {"fold": names[i % 4]} for i in range(8)]
    folds, summary = run_split(tmp_path, rows, validation=3)
    assert {fold: [row["prompt"] for row in rows] for fold, rows in folds.items()} == {
        "train": ["prompt 2", "prompt 3", "prompt 6", "prompt 7"],
        "judge": ["prompt 0", "prompt 4"],
        "validation": ["prompt 1", "prompt 5"],
    }
    assert not any("fold" in row for rows in folds.values() for row in rows)
    assert summary["folds"]["train"] == {"prompts": 4, "pairs": 4}


@pytest.mark.parametrize(
    ("folds", "said"),
    [
        (("train", "judge", "test"), "'c' is of the fold 'test'"),
        (("train", "judge", None), "'c' is of the fold None"),
        (("train", "judge", "judge"), "no row is of the fold validation"),
        (("train", "judge", "validation", "train"), "'c' is of the folds 'validation' and 'train'"),
    ],
)
def test_folds_that_cannot_be_kept_are_told(tmp_path, folds, said):
    rows = [make_row(prompt) | {"fold": fold} for prompt, fold in zip("abcc", folds)]
    with pytest.raises(InputError, match=said):
        run_split(tmp_path, rows)
    assert not (tmp_path / "train.jsonl").exists()


def test_kept_ties_stand_last_and_are_marked_and_leave_the_others_where_they_were(tmp_path):
    decided = [make_row(f"prompt {i}") for i in range(30)]
    tied = [make_row(f"tie {i}", ratings=(2.0, 2.0)) for i in range(15)]
    rows = [row for pair in zip(tied, decided[::2], decided[1::2]) for row in pair]
    without, _ = run_split(tmp_path, rows, validation=6)
    folds, summary = run_split(tmp_path, rows, "--keep-ties", validation=6)
    for fold, kept in folds.items():
        count = len(without[fold])
        assert [{key: value for key, value in row.items() if key != "tie"} for row in kept[:count]] == without[fold]
        assert [row["tie"] for row in kept] == [False] * count + [True] * (len(kept) - count)
    # Half as many as the decided ones, in the same shares: of 30 prompts 6 for validation, 12 for judges, 12 to train.
    assert summary["folds"] == {
        "train": {"prompts": 12, "pairs": 12, "ties": 6},
        "judge": {"prompts": 12, "pairs": 12, "ties": 6},
        "validation": {"prompts": 6, "pairs": 6, "ties": 3},
    }
    assert summary["dropped"] == {} and summary["rows"] == 45


def test_a_tie_follows_its_prompt_and_no_prompt_is_in_two_folds(tmp_path):
    rows = [make_row(f"prompt {i}") for i in range(20)]
    rows += [make_row(f" PROMPT {i}", "either", ratings=(1.0, 1.0)) for i in range(10)]
    folds, summary = run_split(tmp_path, rows, "--keep-ties")
    decided = {fold: {row["prompt_id"] for row in kept if not row["tie"]} for fold, kept in folds.items()}
    assert all(row["prompt_id"] in decided[fold] for fold, kept in folds.items() for row in kept)
    assert sum(counts["ties"] for counts in summary["folds"].values()) == 10


def test_a_tie_of_one_response_with_itself_teaches_nothing(tmp_path):
    rows = [make_row(f"prompt {i}") for i in range(10)] + [make_row("same", "yes", "yes", ratings=(2.0, 2.0))]
    _, summary = run_split(tmp_path, rows, "--keep-ties", validation=2)
    assert summary["dropped"] == {"identical responses": 1}


def test_ties_alone_are_refused(tmp_path):
    rows = [make_row(f"tie {i}", ratings=(2.0, 2.0)) for i in range(3)]
    with pytest.raises(InputError, match=r"none of 3 rows is left \(tied ratings: 3\)"):
        run_split(tmp_path, rows, "--keep-ties")
    named = [make_row(prompt) | {"fold": fold} for prompt, fold in zip("ab", ("train", "judge"))]
    named.append(make_row("c", ratings=(2.0, 2.0)) | {"fold": "validation"})
    with pytest.raises(InputError, match="no row is of the fold validation"):
        run_split(tmp_path, named, "--keep-ties")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]
