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
    pd.DataFrame(rows, columns=columns).assign(seed=1).to_parquet(tmp_path / "seed1.parquet")
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


def test_gold_and_bias_by_hand(table):
    # All attributes are met, and raters add 0.01 for each of six words.
    assert table.loc[("good", "sampled", "twenty_words"), ["gold", "rater_bias"]].tolist() == pytest.approx([4.0, 0.06])


def test_best_of_n_is_what_the_signal_chooses(table):
    # Of all four the truth takes the one that complies, the opposite signal one that does not.
    for constraint in ("question", "twenty_words"):
        assert table.loc[("gold", "best of 4", constraint), "complies"] == pytest.approx(1.0)
        assert table.loc[("good", "best of 4", constraint), "complies"] == pytest.approx(0.0)
    assert "best of 16" not in table.index.get_level_values("decoding")
