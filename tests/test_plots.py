import matplotlib.pyplot as plt
import pandas as pd
import plot_contrasts
import plot_training
import pytest

from findings.plotting import arms_in_question, legend_above, off_the_scale, use_style


@pytest.fixture
def axis():
    use_style()
    figure, axis = plt.subplots(figsize=(7, 3))
    yield axis
    plt.close(figure)


@pytest.mark.parametrize("length", [5, 20])
def test_a_legend_fits_the_figure(axis, length):
    for number in range(10):
        axis.plot([0, 1], label=f"{number}".ljust(length, "m"))
    legend_above(axis.figure, axis)
    (legend,) = axis.figure.legends
    assert legend.get_window_extent().width < axis.figure.bbox.width
    assert legend._ncols == (4 if length == 5 else 2)


def test_a_placebo_leaves_the_axis_of_the_arms_in_question(axis):
    rows = [("level1", "level1_scalar", 1.2, 1.1, 1.3), ("placebo", "placebo", 11.0, 2.0, 26.0)]
    contrasts = pd.DataFrame(rows, columns=["name", "arm", "estimate", "ci_low", "ci_high"])
    contrasts = contrasts.assign(metric="proxy", against="sft", seeds=2)
    differences = pd.DataFrame({"name": ["level1", "placebo"], "metric": "proxy", "difference": [1.25, 60.0]})
    plot_contrasts.draw_forest(axis, contrasts, differences, plot_contrasts.metrics_of(contrasts), ["placebo"])
    low, high = axis.get_xlim()
    assert low < 0 and 1.3 < high < 1.5
    assert [text.get_text() for text in axis.texts] == ["+11.0 (to +26.0) →"]


def test_contrasts_are_drawn_by_judges_of_every_make():
    contrasts = pd.DataFrame({"metric": ["judges", "gemma_with_end", "proxy", "ngrams", "gemma", "judges"]})
    names = plot_contrasts.metrics_of(contrasts)
    assert [*names] == ["judges", "proxy", "gemma", "ngrams"]
    assert names["gemma"] == "judges of another make: gemma"


def test_only_arms_in_question_set_the_axes_of_training(axis):
    runs = {"level1": (1, 2), "placebo": (1, 2), "free": (1,)}
    training = pd.DataFrame(
        [
            {"arm": arm, "seed": seed, "step": step, "kl": 1.0 if arm == "level1" else 100.0}
            for arm, seeds in runs.items()
            for seed in seeds
            for step in range(1, 9 if arm == "free" else 5)
        ]
    )
    assert arms_in_question(training, ["placebo"]) == ["level1"]
    line = {"color": "black"}
    plot_training.draw_panel(axis, training, "kl", {"level1": line}, 1)
    with off_the_scale(axis):
        plot_training.draw_panel(axis, training, "kl", {"placebo": line, "free": line}, 1)
    assert axis.get_ylim()[1] < 2 and axis.get_xlim()[1] < 5 and len(axis.lines) == 3 + 5
