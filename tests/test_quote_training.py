import pandas as pd
import plot_overoptimisation
import pytest
import quote_training

# Twenty steps: the last tenth are two. By their end free's first replicate is .5 above gold, its second .8; judges read
# the odd steps, ten of them: the last is 19, at which they are 1 below the first and .1 below the second.
CURVES = [
    (seed, step, 9.0 if (seed, step) == (1, 18) else float(seed), seed - gap, seed - below if step % 2 else None)
    for seed, gap, below in ((1, 0.5, 1.0), (2, 0.8, 0.1))
    for step in range(1, 21)
]


@pytest.fixture
def training():
    return pd.DataFrame(CURVES, columns=["seed", "step", "reward", "gold", "judges"]).assign(arm="free")


def test_the_replicate_whose_end_is_furthest_above_gold(training):
    # What was reached before the last two steps does not count, what is reached in one of them does: (9 - .5 + .5) / 2.
    assert quote_training.furthest_seed(training) == 2
    training.loc[training["step"].eq(19) & training["seed"].eq(1), "reward"] = 9.0
    assert quote_training.furthest_seed(training) == 1


def test_where_no_one_knows_gold_it_is_above_judges_at_steps_that_they_read(training):
    assert quote_training.furthest_seed(training.drop(columns="gold")) == 1


def test_of_three_steps_the_response_nearest_to_the_mean(tmp_path, training):
    rows = [(step, f"p{i}", float(i), f"response {step}.{i}") for step in range(1, 6) for i in (0, 1, 5)]  # mean 2
    rows[1] = (1, "p1", -9.0, "far below")  # mean of 0, -9, 5: -1.33
    rollouts = pd.DataFrame(rows, columns=["step", "prompt_id", "reward", "response"])
    rollouts.to_parquet(tmp_path / "rollouts.parquet")
    training.to_csv(tmp_path / "training.csv", index=False)
    flags = ["--training", str(tmp_path / "training.csv"), "--rollouts", *[str(tmp_path / "rollouts.parquet")] * 2]
    output = tmp_path / "quotes.csv"
    arms = ["--arms", "free", "free", "--seeds", "1", "2"]
    quote_training.main([*flags, *arms, "--output", str(output)])
    quotes = pd.read_csv(output)
    assert quotes["response"].tolist() == ["response 1.0", "response 3.1", "response 5.1"]
    assert quotes["seed"].tolist() == [2, 2, 2] and quotes["step"].tolist() == [1, 3, 5]


def test_a_quote_is_cut_to_its_lines_and_to_letters_of_the_font():
    assert plot_overoptimisation.in_lines("two\n\nlines of 5 \u00b5m, \u4e2d") == "two lines of 5 \u00b5m, \u00b7"
    shown = plot_overoptimisation.in_lines("word " * 100).split("\n")
    assert len(shown) == plot_overoptimisation.LINES and shown[-1].endswith(" \u2026")
    assert max(map(len, shown)) <= plot_overoptimisation.LINE_LENGTH


def test_the_figure_shows_what_is_no_mathematics_as_it_is(tmp_path, training):
    quotes = pd.DataFrame({"arm": "free", "seed": 1, "step": [1], "response": ["It costs $5 or $_{^"]})
    quotes.to_csv(tmp_path / "quotes.csv", index=False)
    training.to_csv(tmp_path / "training.csv", index=False)
    style = ["--width", "7", "--dpi", "50", "--smoothing", "2", "--output", str(tmp_path / "figure.svg")]
    files = ["--training", str(tmp_path / "training.csv"), "--quotes", str(tmp_path / "quotes.csv")]
    plot_overoptimisation.main([*files, "--arms", "free", *style])
    assert "It costs $5 or $_{^" in (tmp_path / "figure.svg").read_text()
