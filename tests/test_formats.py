import json

import pytest

from align.errors import InputError
from align.formats import ATTRIBUTES, canonical, rename_columns, split_turns
from align.preferences import load_preferences

USER, ASSISTANT = "\n<extra_id_1>User\n", "\n<extra_id_1>Assistant\n"


def test_a_flattened_conversation_becomes_its_turns():
    turns = split_turns(f"hello{ASSISTANT}hi{USER}and you?")
    assert turns == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "hi"},
        {"role": "user", "content": "and you?"},
    ]
    assert split_turns("one\nturn") == [{"role": "user", "content": "one\nturn"}]


@pytest.mark.parametrize(
    "prompt", [f"a{ASSISTANT}b", f"a{USER}b", f"a{ASSISTANT}b{ASSISTANT}c", "a<extra_id_1>User\nb"]
)
def test_what_is_no_conversation_is_left_as_it_is(prompt):
    assert split_turns(prompt) == [{"role": "user", "content": prompt}]


def test_plain_strings_follow_their_prompt():
    row = {
        "prompt": f"a{ASSISTANT}b{USER}c",
        "chosen": "yes",
        "rejected": "no",
        "chosen_rating": 3,
        "rejected_rating": 1,
    }
    chosen, rejected = (canonical(row)[name] for name in ("chosen", "rejected"))
    assert [turn["role"] for turn in chosen] == ["user", "assistant", "user", "assistant"]
    assert chosen[:-1] == rejected[:-1] and (chosen[-1]["content"], rejected[-1]["content"]) == ("yes", "no")


def test_messages_keep_their_response():
    response = [{"role": "user", "content": f"a{ASSISTANT}b{USER}c"}, {"role": "assistant", "content": "d"}]
    row = {"prompt": response[0]["content"], "chosen": response, "rejected": response}
    assert [turn["content"] for turn in canonical(row)["chosen"]] == ["a", "b", "c", "d"]


def test_ratings_under_another_name_are_found():
    names = ["prompt", "chosen", "rejected", "chosen_score", "rejected_score"]
    assert rename_columns(names)["chosen_rating"] == "chosen_score"
    assert rename_columns([*names, "chosen_rating"])["chosen_rating"] == "chosen_rating"
    assert "prompt" not in rename_columns(["chosen"])


def test_a_copy_with_strings_and_scores_loads(tmp_path):
    row = {"prompt": "a", "chosen": "b", "rejected": "c", "chosen_score": 3.2, "rejected_score": 1.0}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(row) + "\n")
    (loaded,) = load_preferences(str(tmp_path / "pairs.jsonl"), None, None)
    assert loaded["chosen_rating"] == 3.2 and loaded["chosen"][-1] == {"role": "assistant", "content": "b"}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(row | {"chosen": 5}) + "\n")
    with pytest.raises(InputError, match="row 1: chosen must be"):
        load_preferences(str(tmp_path / "pairs.jsonl"), None, None)


def test_the_true_rows_of_helpsteer2_load(real, tmp_path):
    printed = [
        json.loads(line)["row"] for line in (real / "helpsteer2_rows" / "printed_rows.jsonl").read_text().splitlines()
    ]
    rows = [row for row in printed if {"chosen", "rejected", "chosen_rating"} <= set(row)]
    assert rows
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    loaded = load_preferences(str(tmp_path / "rows.jsonl"), None, None)
    flattened = [row for row in loaded if "<extra_id_1>" in row["prompt"]]
    assert flattened and all(len(row["chosen"]) > 2 and len(row["chosen"]) % 2 == 0 for row in flattened)
    assert not any("<extra_id_1>" in turn["content"] for row in loaded for turn in row["chosen"][:-1])


def test_rows_of_two_responses_become_pairs_by_the_means_of_their_attributes(tmp_path):
    one = {"prompt": "a", "responses": ["b", "c"], "helpfulness": [1, 4], "correctness": [1, 4]}
    one |= {"coherence": [3, 4], "complexity": [1, 1], "verbosity": [2, 1]}
    tie = one | {"responses": ["d", "e"], "helpfulness": [1, 2], "correctness": [2, 1], "coherence": [4, 4]}
    tie |= {"verbosity": [1, 1]}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(one) + "\n" + json.dumps(tie) + "\n")
    first, second = load_preferences(str(tmp_path / "pairs.jsonl"), None, None)
    # 8/5 and 14/5: the second was preferred. 9/5 each: a tie, in the row's order.
    assert (first["chosen"][-1]["content"], first["rejected"][-1]["content"]) == ("c", "b")
    assert (first["chosen_rating"], first["rejected_rating"]) == (2.8, 1.6)
    assert (second["chosen"][-1]["content"], second["rejected"][-1]["content"]) == ("d", "e")
    assert second["chosen_rating"] == second["rejected_rating"] == 1.8


@pytest.mark.parametrize("broken", [{"responses": ["b"]}, {"verbosity": [1]}, {"verbosity": [1, None]}])
def test_a_row_without_two_of_each_is_named(tmp_path, broken):
    row = {"prompt": "a", "responses": ["b", "c"]} | {name: [1, 2] for name in ATTRIBUTES}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(row | broken) + "\n")
    with pytest.raises(InputError, match="row 2: responses, and each of helpfulness, .*, must be a list of two"):
        load_preferences(str(tmp_path / "pairs.jsonl"), None, None)


def test_the_ties_of_real_pairs_are_there(real):
    rows = load_preferences(str(real / "helpsteer" / "helpsteer2_attributes.jsonl"), None, None)
    decided = [row for row in rows if row["chosen_rating"] > row["rejected_rating"]]
    assert len(rows) == 1000 and len(decided) == 870
    # What is left of them are the very pairs that were published without ties.
    published = load_preferences(str(real / "helpsteer" / "helpsteer2.jsonl"), None, None)
    assert sorted(decided, key=str) == sorted(published, key=str)
