import pandas as pd
import plot_ladder
import pytest

ORACLE = [
    # utility, truth, chooser, seed, n, gain
    *(("mean", True, name, None, n, gain) for n in (2, 4) for name, gain in (("true_mean", 1.5), ("true_win", 1.25))),
    ("mean", True, "true_spread", None, 4, 1.5),
    ("mean", True, "level1", 1, 2, 9.0),
    ("mean", True, "level1", 1, 4, 0.5),
    ("mean", True, "level1", 2, 4, 0.75),
    ("content", False, "level1", 1, 4, 9.0),
]
ARMS = [("sft", 1, 0.0), ("sft", 2, 0.5), ("level1", 1, 0.25), ("level1", 2, 1.0)]


@pytest.fixture
def oracle():
    return pd.DataFrame(ORACLE, columns=["utility", "truth", "chooser", "seed", "n", "gain"])


@pytest.fixture
def arms():
    return pd.DataFrame(ARMS, columns=["arm", "seed", "gold"]).assign(decoding="sampled")


def test_rungs_by_hand(oracle, arms):
    knowing, learned, trained = plot_ladder.climb(oracle, arms, ["level1", "level2"]).values()
    assert {name: gains.tolist() for name, gains in knowing.items()} == {
        "knows the true mean": [1.5],
        "knows the true mean and spread": [1.5],
        "knows the true chance of winning": [1.25],
    }
    assert {name: gains.tolist() for name, gains in learned.items()} == {"level1": [0.5, 0.75]}
    assert {name: gains.tolist() for name, gains in trained.items()} == {"level1": [0.25, 0.5]}


def test_the_figure_names_every_mark(tmp_path, oracle, arms):
    paths = {"oracle": tmp_path / "oracle.csv", "table": tmp_path / "arms.csv"}
    for name, table in (("oracle", oracle), ("table", arms)):
        table.to_csv(paths[name], index=False)
    flags = [word for name, path in paths.items() for word in (f"--{name}", str(path))]
    figure = tmp_path / "ladder.svg"
    flags += ["--arms", "level1", "--policies", "other", "level1"]
    plot_ladder.main([*flags, "--width", "7", "--dpi", "50", "--output", str(figure)])
    svg = figure.read_text()
    for text in ("level1", *plot_ladder.KNOWING.values(), "REINFORCE"):
        assert f"<!-- {text} -->" in svg
    with pytest.raises(plot_ladder.InputError, match="none of the arms other is in"):
        plot_ladder.climb(oracle, arms, ["other"])
