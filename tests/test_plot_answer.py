import pandas as pd
import plot_answer
import pytest

from findings import by_seed

ARMS = [
    # arm, seed, decoding, entropy, proxy, proxy_sft, judges, gold
    ("sft", 1, "sampled", 2.0, None, None, 0.0, 0.0),
    ("sft", 1, "greedy", 0.0, None, None, 1.0, 4.0),
    ("sft", 2, "sampled", 2.0, None, None, 0.5, 0.0),
    ("sft", 2, "greedy", 0.0, None, None, 1.5, 2.0),
    ("level1", 1, "sampled", 1.0, 2.0, 0.25, 1.25, 1.0),
    ("level1", 2, "sampled", 0.5, 1.0, -0.5, 1.0, 1.0),
    ("level1", 2, "greedy", 0.0, 9.0, 0.0, 9.0, 9.0),
]


@pytest.fixture
def table():
    return pd.DataFrame(ARMS, columns=["arm", "seed", "decoding", "entropy", "proxy", "proxy_sft", "judges", "gold"])


def test_rises_and_what_sharpening_alone_gives_by_hand(table):
    assert by_seed.rises(table, "level1", "proxy").to_dict() == {1: 1.75, 2: 1.5}
    assert by_seed.rises(table, "level1", "judges").to_dict() == {1: 1.25, 2: 0.5}
    # Entropy 1 lies half-way to greedy, 0.5 three quarters of the way.
    assert plot_answer.sharper_rises(table, "level1", "judges", []).to_dict() == {1: 0.5, 2: 0.75}
    assert plot_answer.sharper_rises(table, "level1", "gold", []).to_dict() == {1: 2.0, 2: 1.5}


def test_the_best_of_lower_temperatures_and_greedy_by_hand(table):
    # Greedy SFT gains 1 and 1 by the judges, 4 and 2 by gold; the cooler 2 and 0, and 4.5 and 3.
    assert plot_answer.best_rises(table, "judges", [0.5]).to_dict() == {1: 1.0, 2: 1.0}
    cooler = pd.DataFrame({"arm": "sft_0.5", "seed": [1, 2], "decoding": "sampled", "judges": [2.0, 0.5]})
    both = pd.concat([table, cooler.assign(gold=[4.5, 3.0])])
    assert plot_answer.best_rises(both, "judges", [0.5]).mean() == 1.0
    assert plot_answer.best_rises(both, "gold", [0.5]).to_dict() == {1: 4.5, 2: 3.0}


def draw(tmp_path, table, *flags):
    table.to_csv(tmp_path / "arms.csv", index=False)
    plot_answer.main(
        ["--experiments", "a world", "--tables", str(tmp_path / "arms.csv"), *flags]
        + ["--width", "7", "--dpi", "50", "--output", str(tmp_path / "answer.svg")]
    )
    return (tmp_path / "answer.svg").read_text()


def test_the_figure_has_a_row_a_reader_and_names_no_arm_that_was_not_trained(tmp_path, table):
    svg = draw(tmp_path, table, "--arms", "level1", "level2", "--policies", "level1", "level2")
    for text in ("a world", "level1", plot_answer.SHARPER, plot_answer.BEST, "gold, the truth"):
        assert f"<!-- {text} -->" in svg
    assert "<!-- level2 -->" not in svg
    without = draw(tmp_path, table.drop(columns="gold"), "--arms", "level1", "--policies", "level1")
    assert "<!-- gold, the truth -->" not in without


def test_each_experiment_has_a_panel_with_its_own_readers_and_temperatures(tmp_path, table):
    cooler = table[table["arm"] == "sft"].assign(arm="sft_0.5", entropy=0.75)
    real = pd.concat([table, cooler]).drop(columns="gold").assign(gemma=0.25)
    real.to_csv(tmp_path / "real.csv", index=False)
    table.to_csv(tmp_path / "arms.csv", index=False)
    plot_answer.main(
        ["--experiments", "real model", "a world", "--tables", str(tmp_path / "real.csv"), str(tmp_path / "arms.csv")]
        + ["--arms", "level1", "--policies", "level1", "--temperatures", "0.5", "--other-makes", "gemma"]
        + ["--width", "7", "--dpi", "50", "--output", str(tmp_path / "answer.svg")]
    )
    svg = (tmp_path / "answer.svg").read_text()
    counts = {
        text: svg.count(f"<!-- {text} -->") for text in ("real model", "a world", "gold, the truth", "make: gemma")
    }
    assert set(counts.values()) == {1}
    assert svg.count(f"<!-- {plot_answer.SHARPER} -->") == 1  # in the legend
    assert svg.count("<!-- judges, whom no -->") == 2 and svg.index("real model") < svg.index("a world")


def test_the_legend_names_an_arm_that_only_the_second_panel_has(tmp_path, table):
    more = pd.concat([table, table[table["arm"] == "level1"].assign(arm="level2")])
    for name, one in (("few", table), ("more", more)):
        one.to_csv(tmp_path / f"{name}.csv", index=False)
    plot_answer.main(
        ["--experiments", "a", "b", "--tables", str(tmp_path / "few.csv"), str(tmp_path / "more.csv")]
        + ["--arms", "level1", "level2", "--policies", "level1", "level2"]
        + ["--width", "7", "--dpi", "50", "--output", str(tmp_path / "answer.svg")]
    )
    assert "<!-- level2 -->" in (tmp_path / "answer.svg").read_text()


def test_arms_that_are_not_there_are_named(tmp_path, table):
    with pytest.raises(plot_answer.InputError, match="none of the arms other is in"):
        draw(tmp_path, table, "--arms", "other", "--policies", "other")
