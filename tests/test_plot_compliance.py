"""The figure of what was asked: which rows it has, and what their points are."""

import pandas as pd
import plot_compliance
import pytest
import summarise_results

COLUMNS = ["arm", "decoding", "seed", "constraint", "complies", "gold", "raters", "prompts", "held_out"]
OTHERS = {"keeps": 0.5, "keeps_unasked": 0.25, "names_topic": 0.5, "praise": 0.0, "length": 0.1}


@pytest.fixture
def table():
    rows = [
        ("sft", "sampled", 1, "no_the", 0.5, 2.0, 0.1, 1, False),
        ("sft", "sampled", 1, "because", 0.1, 1.0, 0.3, 3, False),
        ("sft", "sampled", 2, "no_the", 0.1, 1.0, 0.3, 1, False),
        ("sft", "sampled", 1, "no_commas", 0.0, 1.0, 0.1, 2, True),
        ("sft", "greedy", 1, "no_the", 0.5, 2.0, 0.1, 1, False),
        ("sft_0.5", "sampled", 1, "no_the", 0.6, 2.0, 0.1, 1, False),
        ("level1", "sampled", 1, "no_the", 0.8, 3.0, 0.6, 1, False),
        ("level1", "greedy", 1, "no_the", 0.8, 3.0, 0.6, 1, False),
        ("gold", "best of 4", 1, "no_the", 0.9, 3.0, 0.1, 1, False),
        ("level1", "best of 4", 1, "no_the", 0.7, 3.0, 0.1, 1, False),
    ]
    return pd.DataFrame(rows, columns=COLUMNS).assign(**OTHERS)


def test_each_constraint_counts_the_same_in_figure_and_summary(table, tmp_path):
    seen = plot_compliance.average(table[~table["held_out"]])
    assert seen.loc[("sft", "sampled", 1)].tolist() == pytest.approx([0.3, 1.5, 0.2, 0.25])
    table.to_csv(tmp_path / "compliance.csv", index=False)
    rows = summarise_results.summarise_compliance(str(tmp_path / "compliance.csv"))
    told = next(
        row for row in rows if (row["arm"], row["decoding"], row["constraint"]) == ("sft", "sampled", "all seen")
    )
    # Of the first seed 0.3, 1.5 and 0.2, of the second, which has one constraint, 0.1, 1 and 0.3.
    assert [told["mean"], told["gold"], told["raters"]] == pytest.approx([0.2, 1.25, 0.25])
    assert told["by_seed"] == {"1": 0.3, "2": 0.1} and told["asking_by_seed"] == {"1": 0.25, "2": 0.25}
    assert (told["seeds"], told["prompts"], told["min"], told["max"]) == (2, 4, 0.1, 0.3)


def test_what_seeds_share_is_held_against_the_mean_of_sft(table):
    found = plot_compliance.from_sft(plot_compliance.average(table[~table["held_out"]]))["gold"]
    assert found.loc[("sft", "sampled")].tolist() == [0.0, 0.0]
    assert found.loc[("level1", "sampled", 1)] == 1.5  # beside its own seed's
    assert found.loc[("gold", "best of 4", 1)] == 1.75


def test_sft_and_its_best_of_n_stand_above_policies(table):
    rows = plot_compliance.rows_of(table, ["sft", "sft_0.5", "level1", "absent"], ["gold"])
    assert list(rows.values()) == ["SFT", "SFT at 0.5", "SFT, greedy", "SFT, best of 4 by gold", "level1"]
    assert plot_compliance.rows_of(table, ["level1"], ["level1"])["level1", "greedy"] == "level1, greedy"
    more = pd.concat([table, table[table["arm"] == "gold"].assign(decoding="best of 16")])
    assert "SFT, best of 16 by gold" in plot_compliance.rows_of(more, ["sft"], ["gold"]).values()
    assert "SFT, best of 4 by gold" not in plot_compliance.rows_of(more, ["sft"], ["gold"]).values()


def test_every_row_has_its_points(table):
    import matplotlib.pyplot as plt

    rows = list(plot_compliance.rows_of(table, ["sft", "level1"], ["gold", "level1"]))
    axis = plt.figure().add_subplot()
    seen = plot_compliance.average(table[~table["held_out"]])["complies"]
    plot_compliance.draw(axis, seen, rows, plot_compliance.SEEN, shift=0.0)
    seeds, means = axis.lines[::2], axis.lines[1::2]
    assert list(seeds[0].get_xdata()) == pytest.approx([0.3, 0.1])
    drawn = [(line.get_xdata()[0], line.get_ydata()[0]) for line in means]
    assert drawn == [pytest.approx(point) for point in [(0.2, 0), (0.5, 1), (0.9, 2), (0.7, 3), (0.8, 4), (0.8, 5)]]
    plt.close("all")
