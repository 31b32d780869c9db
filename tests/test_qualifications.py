import pytest

from findings.qualifications import (
    state_change_with_training,
    state_form_and_content,
    state_interaction,
    state_overlap,
    state_placebo,
    state_reach,
    state_rival,
    state_scale,
)


def contrast(name, metric, **values):
    return {"name": name, "metric": metric, "decoding": "sampled", "arm": name, "against": "sft"} | values


def test_each_gain_is_held_against_what_its_own_metric_reaches():
    contrasts = [contrast("level1", "judges", estimate=1.2, verdict="rose")]
    contrasts += [contrast("level1", "gold", estimate=0.6, verdict="rose")]
    screen = [
        {"arm": "judges", "n": 16, "judges": 1.5, "gold": 0.6},
        {"arm": "gold", "n": 16, "judges": 0.8, "gold": 2.0},
    ]
    summary = {"contrasts": contrasts, "screen": screen, "primary_metric": "judges"}
    assert "80 % of +1.50 by the judges and 30 % of +2.00 by the gold rating" in state_reach(summary)
    contrasts[1]["verdict"] = "inconclusive"
    assert "gold" not in state_reach(summary)
    contrasts[0]["verdict"] = "fell"
    assert state_reach(summary) == ""


@pytest.mark.parametrize(
    ("form", "content", "words"),
    [
        ((0.3, 0.01), (0.02, 0.3), "form got better and content did not"),
        ((0.3, 0.01), (-0.2, 0.01), "form got better and content did not"),
        ((0.3, 0.01), (0.2, 0.01), "form and content got better"),
        (
            (0.3, 0.3),
            (0.2, 0.01),
            "form is not shown to change and content better in sampled responses; form is not",
        ),
    ],
)
def test_form_and_content_are_named_by_what_is_shown(form, content, words):
    rows = [
        {"arm": "level1_scalar", "part": part, "decoding": how, "sft_decoding": how, "estimate": value, "p_exact": p}
        for how in ("sampled", "greedy")
        for part, (value, p) in (("form", form), ("content", content))
    ]
    arms = [
        {"arm": arm, "decoding": how, "gold_helpfulness": helpful, "gold": gold}
        for arm, how, helpful, gold in (
            ("sft", "greedy", 2.01, 0.62),
            ("level1_scalar", "greedy", 1.46, 0.9),
            ("level1_scalar", "sampled", 1.3, 0.58),
        )
    ]
    text = state_form_and_content({"rubric": rows, "arms": arms})
    assert text.startswith(f"By the rubric {words}")
    assert "went from 2.01 to 1.46 of 4" in text and "stand at -0.04 SFT standard deviations" in text
    assert state_form_and_content({"rubric": []}) == ""


def test_the_scale_is_said_to_be_off_where_it_is():
    rows = [{"arm": arm, "decoding": "sampled", "own_sft_deviation": d} for arm, d in (("a", 1.04), ("b", 0.98))]
    summary = {"responses": [*rows, {"arm": "sft", "decoding": "sampled", "own_sft_deviation": None}]}
    assert "of 0.98 to 1.04 (wanted: 1 within ±0.05), as wanted." in state_scale(summary)
    rows[0]["own_sft_deviation"] = 0.75
    assert "off by more than 0.05: `a`." in state_scale(summary)
    assert state_scale({"responses": [{"arm": "a", "decoding": "sampled"}]}) == ""


def test_contrasts_that_move_together_are_one_piece_of_evidence():
    rows = [contrast(name, "gold") for name in ("mean", "win", "risk")]

    def told(**correlations):
        found = [
            {"name": one, "other": other, "metric": "gold", "correlation": correlations[one + "_" + other]}
            for one, other in (("mean", "win"), ("mean", "risk"), ("win", "risk"))
        ]
        return state_overlap({"contrast_correlations": found}, rows)

    assert "by the gold rating, `mean`, `win` and `risk` (0.93 to 0.97)" in told(
        mean_win=0.93, mean_risk=0.97, win_risk=0.95
    )
    # Two links join three.
    assert "`mean`, `win` and `risk` (0.93 to 0.97)" in told(mean_win=0.93, mean_risk=0.97, win_risk=0.85)
    assert "`mean` and `risk` (0.97)." in told(mean_win=0.8, mean_risk=0.97, win_risk=0.85)
    assert told(mean_win=0.8, mean_risk=0.8, win_risk=0.8) == ""


def test_placebos_that_know_something_by_chance_are_counted():
    rows = [{"accuracy": a, "accuracy_low": a - 0.02, "accuracy_high": a + 0.02} for a in (0.575, 0.51, 0.459, 0.5)]
    text = state_placebo({"placebo": {"seeds": rows, "accuracy_and_judges": {"correlation": 0.66, "p_exact": 0.08}}})
    assert text.startswith("Of 4 such models 2 have an accuracy whose interval leaves one half out (0.575 and 0.459)")
    assert text.endswith("accuracy and the judges' change correlate +0.66 (p 0.0800).")


def test_a_null_of_the_spread_is_worth_what_the_oracle_gains():
    def told(gain, oracle, true_noise=0.0):
        row = {"interaction_gain": gain, "interaction_gain_error": 0.001, "true_noise_gain": true_noise}
        row |= {"oracle_interaction_gain": oracle, "oracle_interaction_gain_error": 0.005}
        return state_interaction([row] * 8)

    assert "too little for a model's gain to be found here" in told(-0.001, 0.004)
    assert "the learned spread was not shown to hold it. Beside" in told(-0.001, 0.04)
    assert told(-0.001, 0.04, true_noise=0.02).endswith("not shown to hold it.")
    assert told(0.01, 0.04).endswith("So the spread holds some of what could be known.")
    alone = [{"interaction_gain": 0.0, "interaction_gain_error": 0.001}] * 2
    assert "oracle" not in state_interaction(alone)


def test_a_change_with_more_training_is_one_that_is_shown():
    seeds = list(range(8))
    models = [{"kind": kind, "seed": seed, "accuracy": 0.7} for kind in ("ratings", "scalar") for seed in seeds]
    summary = {"seeds": seeds, "contrasts": [contrast("mean", "gold", by_seed=[-0.1] * 8)], "reward_models": models}
    later = [row | {"kind": f"{row['kind']}_longer"} for row in models]
    longer = {"seeds": seeds, "reward_models": later}
    longer["contrasts"] = [contrast("longer", "gold", by_seed=[-0.1 + 0.1 * (-1) ** seed for seed in seeds])]
    text = state_change_with_training(summary, longer)
    assert "by the gold rating was not shown to change (+0.00, p 1.0000) and the gap in accuracy was not" in text
    longer["contrasts"] = [contrast("longer", "gold", by_seed=[0.1] * 8)]
    assert "by the gold rating rose (+0.20, p 0.0078)" in state_change_with_training(summary, longer)


def test_the_rival_explanation_is_part_of_the_verdict_where_seeds_tell():
    row = {"arm": "level1_scalar", "metric": "gold", "seeds": 8, "entropy": 0.9, "temperature": 0.4}
    row |= {"estimate": -0.37, "ci_low": -0.46, "ci_high": -0.29, "p_exact": 0.0078}
    said = state_rival({"equal_entropy": [row]})
    assert said.startswith("Is Level 1 only a sharper SFT model? Against SFT at the temperature 0.40")
    assert "behind by the gold rating (-0.37" in said
    # One seed has no interval.
    assert (
        state_rival({"equal_entropy": [row | {"seeds": 1, "ci_low": None, "ci_high": None}]}) == state_rival({}) == ""
    )
