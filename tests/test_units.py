import pandas as pd
import pytest

from findings.evidence import pooled_within_deviation
from findings.units import in_sft_units, judge_columns, other_makes, sft_units
from findings.words import name_metric


def test_scores_in_sft_deviations_by_hand():
    evaluations = pd.DataFrame(
        {
            "arm": ["sft"] * 5 + ["arm"],
            "decoding": ["sampled"] * 4 + ["greedy", "sampled"],
            "prompt_id": ["a", "a", "b", "b", "a", "a"],
            "judge_1": [0.0, 2.0, 10.0, 12.0, 99.0, 99.0],
            "judge_2": [0.0, 4.0, 0.0, 4.0, 99.0, 99.0],
            "gold": [1.0, 3.0, 1.0, 3.0, 99.0, 99.0],
        }
    )
    units = sft_units(evaluations)
    # Sampled SFT responses only, and deviations within prompts: variances 2 and 2, and 8 and 8.
    assert units["judge_1"] == pytest.approx((6.0, 2**0.5))
    assert units["judge_2"] == pytest.approx((2.0, 8**0.5))
    table = in_sft_units(pd.DataFrame({"step": [1], "judge_1": [6.0 + 2**0.5], "judge_2": [2.0], "gold": [2.0]}), units)
    # The two judges order these responses alike, so that their mean has a deviation of 1 as each has.
    assert table[["judge_1", "judge_2", "gold", "judges"]].iloc[0].tolist() == pytest.approx([1.0, 0.0, 0.0, 0.5])
    # Where the judges did not look, there is no mean of them.
    assert "judges" not in in_sft_units(pd.DataFrame({"gold": [2.0]}), units)


def test_each_make_of_judge_is_a_metric_of_its_own():
    table = pd.DataFrame({"arm": "sft", "decoding": "sampled", "prompt_id": "a", "tokens": [3, 4], "proxy_raw": 0.0})
    table = table.assign(judge_101=[0.0, 2.0], judge_102=[0.0, 4.0], qwen_2_201=[1.0, 3.0], gold_form=1.0)
    assert judge_columns(table) == {"judges": ["judge_101", "judge_102"], "qwen_2": ["qwen_2_201"]}
    assert other_makes(table) == ["qwen_2"]
    scored = in_sft_units(table, sft_units(table))
    assert scored["judges"].tolist() == scored["qwen_2"].tolist() == pytest.approx([-(0.5**0.5), 0.5**0.5])


def test_the_judges_mean_has_a_unit_of_its_own():
    # Two judges that know nothing of each other: their mean's deviation is 1 / sqrt 2 before it is put in its own.
    evaluations = pd.DataFrame(
        {
            "arm": "sft",
            "decoding": "sampled",
            "prompt_id": ["a"] * 4 + ["b"] * 4,
            "judge_1": [1.0, 1.0, -1.0, -1.0] * 2,
            "judge_2": [5.0, -5.0, 5.0, -5.0] * 2,
        }
    )
    units = sft_units(evaluations)
    assert units["judges"][1] == pytest.approx(0.5**0.5)
    out = in_sft_units(evaluations, units)
    for name in ("judge_1", "judge_2", "judges"):
        assert pooled_within_deviation(out, name) == pytest.approx(1.0) and out[name].mean() == pytest.approx(0.0)


def test_a_metric_is_named_by_who_reads_and_how():
    assert name_metric("judges") == "the judges"
    assert name_metric("gemma") == "the judges of another make (`gemma`)"
    assert name_metric("judge_with_end") == "the judges, with an end mark behind what is cut off,"
    assert name_metric("gemma_with_end").startswith("the judges of another make (`gemma`), with an end mark")
