"""The table of verdicts: a column an experiment, a number a reader."""

from handmade import change, contrast, make_summary
from test_findings_real import make_real

from findings.verdict_table import table_of_verdicts


def rows_of(summary, **beside):
    lines = table_of_verdicts(summary, beside).splitlines()
    return {line.split(" | ")[0].removeprefix("| "): line.strip("| ").split(" | ")[1:] for line in lines}


def beside_sft(metric, estimate, p=0.0078):
    return {"arm": "first", "metric": metric, "estimate": estimate, "p_exact": p}


def test_each_experiment_has_a_column_and_each_reader_a_number():
    here = make_summary(level2=("by_mean", "by_win"), signals=("mean", "win"))
    here = change(here, "by_mean", "first", "gold", estimate=-0.1, verdict="inconclusive")
    here["equal_entropy"] = [beside_sft("judges", 0.4), beside_sft("gold", -0.3)]
    here["equal_entropy"].append(beside_sft("gold", 9.0) | {"arm": "by_mean"})
    here["beside_sharper"] = [beside_sft("judges", 0.2, p=0.5), beside_sft("gold", 0.1, p=0.5)]
    rows = rows_of(here, real=make_real(gemma="inconclusive"), longer={})
    assert table_of_verdicts(here, {"real": make_real()}).startswith(
        "|  | SmolLM2, human preferences | `made`, embedded"
    )
    assert rows["read by"] == ["the judge of its make and `gemma`", "gold and judges"]
    assert rows["Level 1 − SFT"] == ["+0.50, +0.30: ahead", "+0.50, +0.50: ahead"]
    assert rows["Level 1 − SFT of the same entropy"] == ["-", "-0.30 behind; +0.40 ahead"]
    assert rows["Level 1 − SFT at its best temperature or greedy"] == ["-", "+0.10, +0.20: not told apart"]
    assert rows["`by_mean` − Level 1"] == ["+0.50 ahead; -0.40 not told apart", "-0.10 not told apart; +0.50 ahead"]
    assert rows["`by_win` − Level 1"] == ["-", "+0.50, +0.50: ahead"]


def test_what_is_small_as_well_is_said_to_be():
    small = make_summary() | {"contrasts": [contrast("two", "by_mean", "first", "gold", equivalence_p=0.01)]}
    small["contrasts"].append(contrast("level1", "first", "sft", "gold"))
    rows = rows_of(small, real=make_real())
    assert rows["`by_mean` − Level 1"][-1] == "+0.50: ahead, by less than the margin"


def test_there_is_none_where_no_real_model_stands_beside_pocket():
    assert table_of_verdicts(make_summary(), {}) == ""
    assert table_of_verdicts(make_real(), {"real": make_real()}) == ""
