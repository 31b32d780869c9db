"""The figure of what was asked: which rows it has, and what their points are."""

import pandas as pd
import plot_compliance
import pytest
import summarise_results

COLUMNS = ["arm", "decoding", "seed", "constraint", "complies", "gold", "rater_bias", "responses", "held_out"]


@pytest.fixture
def table():
    rows = [
        ("sft", "sampled", 1, "no_the", 0.5, 2.0, 0.1, 1, False),
        ("sft", "sampled", 1, "because", 0.1, 1.0, 0.3, 3, False),
        ("sft", "sampled", 1, "no_commas", 0.0, 1.0, 0.1, 2, True),
        ("sft", "greedy", 1, "no_the", 0.5, 2.0, 0.1, 1, False),
        ("sft_0.5", "sampled", 1, "no_the", 0.6, 2.0, 0.1, 1, False),
        ("level1", "sampled", 1, "no_the", 0.8, 3.0, 0.6, 1, False),
        ("level1", "greedy", 1, "no_the", 0.8, 3.0, 0.6, 1, False),
        ("gold", "best of 4", 1, "no_the", 0.9, 3.0, 0.1, 1, False),
        ("level1", "best of 4", 1, "no_the", 0.7, 3.0, 0.1, 1, False),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_each_constraint_counts_the_same_in_figure_and_summary(table, tmp_path):
    seen = plot_compliance.average(table[~table["held_out"]])
    assert seen.loc[("sft", "sampled", 1)].tolist() == pytest.approx([0.3, 1.5, 0.2])
    table.to_csv(tmp_path / "compliance.csv", index=False)
    rows = summarise_results.summarise_compliance(str(tmp_path / "compliance.csv"))
    told = next(
        row for row in rows if (row["arm"], row["decoding"], row["constraint"]) == ("sft", "sampled", "all seen")
    )
    assert [told["mean"], told["gold"], told["rater_bias"]] == pytest.approx([0.3, 1.5, 0.2])


def test_sft_and_its_best_of_n_stand_above_policies(table):
    rows = plot_compliance.rows_of(table, ["sft", "sft_0.5", "level1", "absent"], ["gold"])
    assert list(rows.values()) == ["SFT", "SFT at 0.5", "SFT, greedy", "SFT, best of 4 by gold", "level1"]


def test_every_row_has_its_points(table):
    import matplotlib.pyplot as plt

    rows = list(plot_compliance.rows_of(table, ["sft", "level1"], ["gold", "level1"]))
    axis = plt.figure().add_subplot()
    seen = plot_compliance.average(table[~table["held_out"]])["complies"]
    plot_compliance.draw(axis, seen, rows, plot_compliance.SEEN, shift=0.0)
    drawn = [(line.get_xdata()[0], line.get_ydata()[0]) for line in axis.lines[::2]]
    assert drawn == [pytest.approx(point) for point in [(0.3, 0), (0.5, 1), (0.9, 2), (0.7, 3), (0.8, 4)]]
    plt.close("all")
