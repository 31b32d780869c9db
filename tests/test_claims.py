from handmade import change, contrast, make_summary
from test_divided_findings import make_divided
from test_sweep import make_sweep

from findings.claims import table_of_claims


def rows(summary, **beside):
    """Cells of the table's rows, by claim and place."""
    lines = table_of_claims(summary, beside).splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {(claim, where.split(", ")[-1]): (could, did) for claim, where, could, did in cells}


def test_what_could_not_be_found_is_no_null():
    better = "A distribution is the better reward"
    told = rows(make_summary())
    could, did = told[better, "by gold"]
    assert could == "yes: differences of 0.15, with a power of 80 %" and did.startswith("ahead: +0.50")
    few = change(make_summary(), "by_mean", "first", "gold", minimum_detectable=None)
    assert rows(few)[better, "by gold"][0] == "no: too few seeds"


def test_the_real_models_policies_have_rows_of_their_own():
    real = change(make_summary() | {"experiment": "small"}, "by_mean", "first", "gold", verdict="fell", estimate=-0.25)
    lines = table_of_claims(make_summary(), {"instructed": real, "longer": None}).splitlines()
    assert (
        "| policies of `small`, by gold | yes: differences of 0.15, with a power of 80 % | behind: -0.25 |" in lines[4]
    )


def test_an_oracle_says_whether_a_spread_could_pay():
    pays = "It pays where the truth is the share of satisfied raters"
    could, did = rows(make_summary(), divided=make_divided())[pays, "by gold"]
    assert could == "yes: an oracle that knows the spread gains +0.43 more than one that knows the mean"
    assert did.startswith("none ahead of Level 1: ")
    could, _ = rows(make_summary(), divided=make_divided(0.01, True))[pays, "by gold"]
    assert could == "no: an oracle that knows the spread gains +0.01 more than one that knows the mean"
    worst = "It pays where the truth is the worst tenth of raters"
    told = rows(make_summary(), divided=make_divided())[worst, "by the worst tenth's opinion"]
    assert told[1] == "perhaps: `least` 2.38, Level 1 0.76, SFT's best temperature 2.03 (not tested against it)"


def test_a_sweep_is_shown_and_not_tested():
    told = rows(make_summary(), sweep=make_sweep(slow_gold=-0.5))["Other settings show a gain", "by gold"]
    assert told == ("in part: 3 pilot seeds, not tested", "-0.50 to +0.12")


def test_more_training_could_show_a_gain_if_its_seeds_could():
    later = make_summary()
    few = {"minimum_detectable": None, "verdict": "inconclusive"}
    later["contrasts"] = [contrast("longer", "by_mean", "first", "gold", **few)]
    told = rows(make_summary(), longer=later)["More training shows a gain", "by gold"]
    assert told == ("no: too few seeds", "not told apart by gold: +0.50")


def test_without_level_2_there_is_no_claim():
    assert table_of_claims(make_summary(level2=()), {}) == ""
