"""What share of responses does what was asked, by constraint."""

import measure_compliance
import pandas as pd
import pytest

SHORT = "Tell me about bread. Use at most twenty words."
QUESTION = "Tell me about bread. End with a question mark."
COMMAS = "Tell me about bread. Do not use any commas."  # held out


@pytest.fixture
def table(tmp_path):
    """A replicate of SFT and one arm, and a pool of four responses of which one complies."""
    brief, long = "Bread is baked daily from flour.", "Bread is baked from flour " * 6 + "daily."
    rows = [
        ("sft", "sampled", 0, SHORT, long),
        ("sft", "sampled", 1, SHORT, brief),
        ("sft", "greedy", 0, SHORT, long),
        ("sft", "sampled", 0, COMMAS, "Bread, you know, is baked."),
        ("good", "sampled", 0, SHORT, brief),
        ("good", "sampled", 1, SHORT, brief),
        ("good", "sampled", 0, COMMAS, brief),
    ]
    columns = ["arm", "decoding", "sample", "prompt", "response"]
    finished = [False, *[True] * 6]
    pd.DataFrame(rows, columns=columns).assign(seed=1, finished=finished).to_parquet(tmp_path / "seed1.parquet")
    pool = pd.DataFrame(
        {
            "prompt_id": ["a"] * 4 + ["b"] * 4,
            "sample": [0, 1, 2, 3] * 2,
            "decoding": "sampled",
            "prompt": [QUESTION] * 4 + [SHORT] * 4,
            "response": ["Is fresh bread not baked daily?", "Bread.", "No.", "Baked."] + [long, long, brief, long],
            "gold": [3.0, 2.0, 1.0, 0.0, 0.0, 1.0, 3.0, 2.0],
        }
    )
    pool.to_parquet(tmp_path / "pool.parquet")
    signal = pool[["prompt_id", "sample"]].assign(seed=1, good=-pool["gold"])
    signal.sample(frac=1, random_state=0).to_parquet(tmp_path / "signals.parquet")
    measure_compliance.main(
        ["--evaluations", str(tmp_path / "seed1.parquet"), "--judged", str(tmp_path / "pool.parquet")]
        + ["--pools", str(tmp_path / "signals.parquet"), "--arms", "good", "absent"]
        + ["--output", str(tmp_path / "compliance.csv")]
    )
    return pd.read_csv(tmp_path / "compliance.csv").set_index(["arm", "decoding", "constraint"])


def test_shares_by_hand(table):
    assert table.loc[("sft", "sampled", "twenty_words"), ["responses", "complies"]].tolist() == [2, 0.5]
    assert table.loc[("sft", "greedy", "twenty_words"), ["responses", "complies"]].tolist() == [1, 0.0]
    assert table.loc[("good", "sampled", "twenty_words"), "complies"] == 1.0
    assert table.loc[("sft", "sampled", "no_commas"), "complies"] == 0.0
    assert table["held_out"].groupby("constraint").first().to_dict() == {
        "no_commas": True,
        "question": False,
        "twenty_words": False,
    }


def test_parts_of_complying_by_hand(table):
    parts = ["keeps", "keeps_unasked", "names_topic", "prompts"]
    # Half of SFT's keep to twenty words where asked, and the one that was asked for no commas is short too.
    assert table.loc[("sft", "sampled", "twenty_words"), parts].tolist() == [0.5, 1.0, 1.0, 1]
    # It has two commas; of the two that were not asked for none, neither has one.
    assert table.loc[("sft", "sampled", "no_commas"), parts].tolist() == [0.0, 1.0, 1.0, 1]
    # Only one constraint was asked of greedy ones.
    assert pd.isna(table.loc[("sft", "greedy", "twenty_words"), "keeps_unasked"])


def test_what_an_end_alone_would_bring(table):
    assert table.loc[("sft", "sampled, ended", "twenty_words"), ["responses", "complies"]].tolist() == [1, 1.0]
    assert ("good", "sampled, ended", "twenty_words") not in table.index


def test_gold_and_what_raters_add_by_hand(table):
    # All attributes are met; raters would add 0.01 for each of six words, and the scale ends at 4.
    points = ["gold", "raters", "praise", "length"]
    assert table.loc[("good", "sampled", "twenty_words"), points].tolist() == pytest.approx([4.0, 4.0, 0.0, 0.06])


def test_praise_is_told_from_length():
    found = measure_compliance.check_response(SHORT, "It is amazing, great and delightful.")
    assert found["praise"] == pytest.approx(0.9) and found["length"] == pytest.approx(0.06)
    assert (found["gold"], found["raters"]) == pytest.approx((2.4, 3.36))


def test_a_constraint_that_entails_another_is_no_prompt_without_it():
    kept = {name: [0.0, 1.0, 1.0] for name in measure_compliance.KEPT.values()}
    prompts = pd.DataFrame({"constraint": ["twenty_words", "one_sentence", "because"], "responses": 1, **kept})
    prompts = prompts.assign(**{name: 1.0 for name in measure_compliance.MEASURES})
    prompts.loc[2, "kept_twenty_words"] = 0.0
    unasked = measure_compliance.by_constraint(prompts).set_index("constraint")["keeps_unasked"]
    assert unasked["twenty_words"] == 0.0 and unasked["because"] == 0.5


def test_best_of_n_is_what_the_signal_chooses(table):
    # Of all four the truth takes the one that complies, the opposite signal one that does not.
    for constraint in ("question", "twenty_words"):
        assert table.loc[("gold", "best of 4", constraint), "complies"] == pytest.approx(1.0)
        assert table.loc[("good", "best of 4", constraint), "complies"] == pytest.approx(0.0)
    # Of the prompt on twenty words the opposite signal takes a long text, which raters like for its length.
    assert table.loc[("good", "best of 4", "twenty_words"), "length"] == pytest.approx(0.31)
    assert table.loc[("gold", "best of 4", "twenty_words"), "gold"] == pytest.approx(4.0)
    assert "best of 16" not in table.index.get_level_values("decoding")
