"""The words of findings follow from their numbers; each on a summary made by hand."""

import re

import pytest
from handmade import change, make_summary, oracle_rows, rederive, texts

from findings import (
    beside,
    contrast_words,
    controls,
    level1,
    level2,
    level2_learned,
    limits,
    setting,
    sharper_words,
    tables,
)
from findings.finding import EQUIVALENT, NOT_TESTED, NOT_TOLD, SHOWN, make, strength_of
from findings.words import fill, join, reach, show, show_interval


def test_numbers_are_written_in_one_way():
    numbers = {"a": 0.456, "p": 0.00001, "b": -0.002}
    assert (
        fill("{a:percent}, {a:percent1}, {a:points}, {a:change}, {p:p}", numbers)
        == "46 %, 45.6 %, +45.6, +46 %, < 0.0001"
    )
    assert fill("{b:change} {b:+.2f}", numbers) == "+0 % -0.00"
    assert reach("a", "a", ".2f", numbers) == "{a:.2f}" and reach("a", "b", ".2f", numbers) == "{a:.2f} to {b:.2f}"
    assert show(None, ".2f") == "-" == show_interval(None, 1.0) and show_interval(-0.5, 0.25) == "-0.50 to +0.25"
    assert join(["a", "b", "c"]) == "a, b and c"
    with pytest.raises(KeyError):
        make("name", "question", "{missing:.2f}", {})


def test_strength_is_that_of_the_weakest():
    rose, even, open_ = ({"verdict": word, "seeds": 8} for word in ("rose", "equivalent", "inconclusive"))
    assert strength_of(rose) == SHOWN and strength_of(rose, even) == EQUIVALENT and strength_of(even, open_) == NOT_TOLD
    assert strength_of(rose | {"seeds": 1}) == strength_of() == NOT_TESTED


@pytest.mark.parametrize(
    ("verdict", "line", "opening", "said"),
    [
        ("rose", "it rose:", "Yes.", "it rose: +0.50"),
        ("fell", "it fell:", "No, it fell.", "it fell: +0.50"),
        ("equivalent", "changed by less than what matters:", "No.", "it changed by less than what matters"),
        ("inconclusive", "was not shown to change:", "That is not shown.", "it is not shown to have changed"),
    ],
)
def test_level_1s_words_follow_from_the_verdict(verdict, line, opening, said):
    summary = make_summary()
    for metric in ("gold", "judges", "proxy"):
        summary = change(summary, "first", "sft", metric, verdict=verdict)
    lines = texts(contrast_words.state_lines(summary))
    assert all(line in lines[f"line_level1_{metric}"] for metric in ("gold", "judges", "proxy"))
    told = level1.verdict_level1(summary)
    assert f"SFT model? {opening}**" in told.text and told.text.count(said) == 2
    assert ("reach" in texts(level1.state_level1(summary))) == (verdict == "rose")


def test_where_gold_and_judges_part_both_answers_are_given_gold_first():
    summary = change(make_summary(), "first", "sft", "gold", verdict="inconclusive")
    text = level1.verdict_level1(summary).text
    assert "By gold that is not shown; by the judges yes." in text and text.index("By gold, the true") < text.index(
        "by judges"
    )


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("rose", "is ahead of `first`"),
        ("fell", "is behind `first`"),
        ("equivalent", "is equivalent to `first` (within ±0.2"),
        ("inconclusive", "is not shown to differ from `first`"),
    ],
)
def test_the_comparison_of_levels_follows_from_the_verdict(verdict, words):
    summary = change(make_summary(), "by_mean", "first", "gold", verdict=verdict)
    assert words in texts(contrast_words.state_lines(summary))["line_level2_by_mean_gold"]


def test_level_2s_verdict_groups_arms_by_what_is_shown():
    summary = make_summary(level2=("a", "b", "c"), signals=("mean", "win", "risk"))

    def told(*verdicts, **values):
        changed = summary
        for arm, verdict in zip("abc", verdicts):
            for metric in ("gold", "judges"):
                changed = change(changed, arm, "first", metric, verdict=verdict, **values)
        return texts(level2.state_level2(changed))["verdict_level2"]

    assert "do better? Yes.** By gold its arms are ahead of Level 1 (+0.50" in told("rose", "rose", "rose")
    mixed = told("rose", "fell", "inconclusive")
    assert "In part.**" in mixed and "`a` is ahead of Level 1, `b` is behind Level 1, `c` is not told apart" in mixed
    assert "No gain is shown.**" in told("equivalent", "equivalent", "fell")
    assert "No, it did worse.**" in told("fell", "fell", "fell")
    # A difference that is shown may be one that does not matter.
    assert "behind Level 1, by less than the margin" in told("fell", "fell", "fell", equivalence_p=0.01)


def test_what_could_have_been_found_is_said():
    summary = make_summary()
    assert (
        "the tests could have found differences of 0.15 by gold" in texts(level2.state_level2(summary))["level2_power"]
    )
    few = change(summary, "by_mean", "first", "gold", minimum_detectable=None, seeds=3)
    assert (
        "3 seeds are too few for 3 tests by gold to find anything." in texts(level2.state_level2(few))["level2_power"]
    )


def test_the_rival_explanation_is_told_where_it_was_run():
    summary = make_summary()
    assert sharper_words.state_rival(summary) == []
    row = {"arm": "first", "metric": "gold", "seeds": 8, "entropy": 0.9, "temperature": 0.4}
    row |= {"estimate": -0.37, "ci_low": -0.46, "ci_high": -0.29, "p_exact": 0.0078}
    found = texts(
        sharper_words.state_rival(summary | {"equal_entropy": [row, row | {"metric": "judges", "estimate": 0.54}]})
    )
    assert "By gold no; by the judges yes.**" in found["verdict_rival"]
    assert (
        found["rival"].startswith("Against SFT at the temperature 0.40") and "behind by gold (-0.37" in found["rival"]
    )
    sharper = [
        {"metric": "gold", "estimate": -0.4, "p_exact": 0.0078},
        {"metric": "judges", "estimate": 0.3, "p_exact": 0.02},
    ]
    given = {"equal_entropy": [row, row | {"metric": "judges"}], "beside_sharper": sharper}
    told = "better, it differs by -0.40 by gold (p 0.0078) and +0.30 by the judges (p 0.0200), uncorrected."
    assert texts(sharper_words.state_rival(summary | given))["verdict_rival"].endswith(told)
    # No temperature makes SFT blunter than it is.
    wide = row | {"entropy": 1.25}
    told = "Against SFT itself, of less entropy than the policy (0.90 beside 1.25 nats a token), the policy is"
    assert texts(sharper_words.state_rival(summary | {"equal_entropy": [wide]}))["rival"].startswith(told)
    # Judges of another make are heard.
    summary["settings"]["judges"] = {"judge": [101], "gemma": [201]}
    made = [sharper[1], sharper[1] | {"metric": "gemma", "estimate": -0.2, "p_exact": 0.5}]
    rows = [row | {"metric": "judges", "estimate": 0.4}, row | {"metric": "gemma", "estimate": 0.3, "p_exact": 0.2}]
    told = texts(sharper_words.state_rival(summary | {"equal_entropy": rows, "beside_sharper": made}))["verdict_rival"]
    assert "By the judges yes; by `gemma` that is not shown at the same entropy.**" in told
    assert told.endswith("it differs by +0.30 by the judges (p 0.0200) and -0.20 by `gemma` (p 0.5000), uncorrected.")
    # One seed has no interval.
    assert (
        sharper_words.state_rival(summary | {"equal_entropy": [row | {"seeds": 1, "ci_low": None, "ci_high": None}]})
        == []
    )


@pytest.mark.parametrize(
    ("form", "content", "words"),
    [
        ((0.3, 0.01), (0.02, 0.3), "form got better"),
        ((0.3, 0.01), (-0.2, 0.01), "form got better and content got worse"),
        ((0.3, 0.01), (0.2, 0.01), "form got better and content got better"),
        ((0.3, 0.3), (0.2, 0.01), "content got better"),
        ((0.3, 0.3), (0.2, 0.3), "no change is shown"),
    ],
)
def test_form_and_content_are_named_by_what_is_shown(form, content, words):
    rows = [
        {"arm": "first", "against": "sft", "part": part, "decoding": how, "against_decoding": how}
        | {"estimate": value, "p_exact": p}
        for how in ("sampled", "greedy")
        for part, (value, p) in (("form", form), ("content", content))
    ]
    told = texts(level1.state_form_and_content(make_summary() | {"rubric": rows}))["verdict_change"]
    assert told.startswith(f"**What changed in the responses? In sampled and in greedy responses {words}** ")
    rows = [row | {"p_exact": 1.0 if row["decoding"] == "sampled" else row["p_exact"]} for row in rows]
    told = texts(level1.state_form_and_content(make_summary() | {"rubric": rows}))["verdict_change"]
    if words != "no change is shown":
        assert f"? In sampled responses no change is shown; in greedy responses {words}** " in told
    assert level1.state_form_and_content(make_summary(gold=False)) == []


def test_what_changed_is_told_of_the_texts_where_there_is_no_rubric():
    summary = make_summary(gold=False, pocket=False)
    change_of = {"tokens": 9.0, "finished": 0.8, "judges_at_equal_length": 0.4}
    rows = [row | change_of if row["arm"] == "first" else row for row in summary["responses"]]
    found = texts(level1.state_text(summary | {"responses": rows}))
    assert "have 9.0 tokens instead of 11.0, and 80 % of them are finished instead of 90 %" in found["verdict_text"]
    assert "At equal length the judges put them +0.40" in found["text_changes"]
    assert level1.state_text(make_summary()) == []


def test_each_gain_is_held_against_what_its_own_metric_reaches():
    found = texts(level1.state_level1(make_summary()))["reach"]
    assert (
        "gains +0.50 by gold and +1.10 by the judges. The policy reaches 100 % and 45 % of that" in found
        and "best of 16" in found
    )


def test_contrasts_that_move_together_are_one_piece_of_evidence():
    summary = make_summary(level2=("a", "b", "c"), signals=("mean", "win", "risk"))

    def told(ab, ac, bc):
        pairs = (("a", "b", ab), ("a", "c", ac), ("b", "c", bc))
        rows = [
            {"against": "first", "metric": "gold", "name": f"two_{one}", "other": f"two_{other}", "correlation": value}
            for one, other, value in pairs
        ]
        found = contrast_words.shared_evidence(rederive(summary | {"contrast_correlations": rows}))
        return found.text if found else ""

    assert "by gold, `a`, `b` and `c` (0.93 to 0.97)" in told(0.93, 0.97, 0.95)
    # Two links join three.
    assert "`a`, `b` and `c` (0.93 to 0.97)" in told(0.93, 0.97, 0.85)
    assert "`a` and `c` (0.97)." in told(0.8, 0.97, 0.85)
    assert told(0.8, 0.8, 0.8) == ""


def test_a_null_of_the_spread_is_worth_what_the_oracle_gains():
    def told(gain, oracle, own=0.01):
        summary = make_summary()
        known = {"interaction_gain": gain, "oracle_interaction_gain": oracle, "true_noise_gain": own}
        rows = [row | known if row["kind"] == "rated" else row for row in summary["reward_models"]]
        return texts(level2.state_level2(rederive(summary | {"reward_models": rows})))["spread"]

    assert "too little for a model's gain to be found here" in told(-0.001, 0.004)
    assert "does not help" in told(-0.001, 0.04) and told(-0.001, 0.04).endswith("there was something to learn.")
    assert told(-0.001, 0.04, -0.01).endswith("and by +0.0100 beside the model's own.")
    assert told(0.004, 0.004).endswith("some of what could be known.")
    assert "helps to tell who wins" in told(0.01, 0.04) and told(0.01, 0.04).endswith("some of what could be known.")


def test_the_oracle_says_whether_the_spread_could_pay_here():
    said = texts(level2.state_level2(make_summary()))["oracle"]
    assert said.startswith("**Knowing the true spread cannot pay in choosing here.** The best of 16 SFT responses")
    assert said.endswith("Raters' noise differs between prompts, not between responses: only a better mean can gain.")
    assert "gains, above the mean of these responses, +1.88 by gold; knowing the true spread adds +0.00." in said
    assert "gains +0.62 (Level 1) and +0.62 (Level 2)" in said
    chosen = {
        "arm": "by_mean",
        "against": "first",
        "metric": "gold",
        "seeds": 8,
        "p_exact": 0.02,
        "prediction": "behind",
    }
    given = rederive(make_summary() | {"predictions": [chosen, chosen | {"metric": "judges", "p_exact": 0.9}]})
    assert "(Level 2; largest p of the difference 0.0200)" in texts(level2.state_level2(given))["oracle"]
    rows = oracle_rows(["first", "by_mean"], spread=0.1, rejected=True)
    said = texts(level2.state_level2(rederive(make_summary() | {"oracle": rows})))["oracle"]
    assert said.startswith("**Knowing the true spread would not pay here.**") and said.endswith("a better mean.")
    rows = oracle_rows(["first", "by_mean"], spread=0.4, rejected=False)
    said = texts(level2.state_level2(rederive(make_summary() | {"oracle": rows})))["oracle"]
    assert said.startswith("**Knowing the true spread would pay here.**") and "adds +0.40." in said
    assert "oracle" not in texts(level2.state_level2(make_summary(gold=False)))


def test_a_reason_is_only_given_where_it_was_measured():
    summary = make_summary(level2=("a", "b"), signals=("mean", "win"))
    assert not {"same_order", "another_seed", "longer_responses"} & {*texts(level2.state_level2(summary))}
    rows = [{"arm": "a", "other": "b", "correlation": 0.99}, {"arm": "a", "other": "first", "correlation": 0.4}]
    found = texts(level2.state_level2(summary | {"agreement": [*summary["agreement"], *rows]}))
    assert (
        "correlates 0.99 with the win probability" in found["same_order"]
        and "more than another seed" in found["another_seed"]
    )
    # Two scalar models of different seeds correlate 0.67: 0.77 is as far apart as may be, 0.4 and 0.9 are further.
    rows[1]["correlation"] = 0.9
    found = texts(level2.state_level2(summary | {"agreement": [*summary["agreement"], *rows]}))
    assert "the order of responses less than another seed does" in found["another_seed"]
    rows[0]["correlation"], rows[1]["correlation"] = 0.5, 0.6
    found = texts(level2.state_level2(summary | {"agreement": [*summary["agreement"], *rows]}))
    assert "same_order" not in found and "about as much as another seed" in found["another_seed"]


def test_a_bounded_signal_flattens_where_it_is_seen_to():
    def told(bounded, seeds=8):
        summary = make_summary(level2=("w",), signals=("win",))
        last = {"first": 0.8, "w": bounded}
        summary["last_tenth_of_training"] = {
            arm: row | {"advantage_std": last.get(arm, 0.8)} for arm, row in summary["last_tenth_of_training"].items()
        }
        summary["arms"] = [row | {"seeds": seeds if row["arm"] == "w" else 8} for row in summary["arms"]]
        return texts(level2.state_level2(rederive(summary))).get("narrowing", "")

    assert told(0.6).startswith("**Bounded signals flatten") and "-20 % and 3.5 nats (`first`)" in told(0.6)
    assert told(0.9).startswith("**Bounded signals are not seen to flatten more than Level 1's.**")
    # Three replicates' mean is not held against eight.
    assert told(0.6, seeds=3) == ""


def test_an_arm_of_fewer_replicates_is_marked_in_the_reports_table():
    summary = make_summary()
    summary["settings"]["roles"]["centred"] = "by_mean"
    summary["arms"] = [row | {"seeds": 3 if row["arm"] == "free" else 8} for row in summary["arms"]]
    names = [line.split(" | ")[0] for line in tables.table_of_arms(summary).splitlines()[2:]]
    assert names == ["| sft", "| sft (greedy)", "| first", "| noise", "| free (3 seeds)"]
    summary["arms"] = [row | {"seeds": 1 if row["arm"] == "free" else 8} for row in summary["arms"]]
    assert "| free (1 seed) |" in tables.table_of_arms(summary)
    assert "by_mean | sampled | 8 |" in tables.table_of_arms(summary, short=False)


def test_a_long_response_is_cut_where_room_is_short():
    responses = [{"arm": "sft", "decoding": "sampled", "text": "a b c d", "gold": 1.0, "judges": 0.5}]
    shown = [{"prompt": "p", "responses": responses}]
    assert "a b c \u2026 (+1.00; +0.50)" in tables.table_of_examples(make_summary(), shown, ["sft"], 3)
    assert "a b c d (+1.00; +0.50)" in tables.table_of_examples(make_summary(), shown, ["sft"], 4)
    assert "a b c d (+1.00; +0.50)" in tables.table_of_examples(make_summary(), shown, ["sft"])


def test_length_is_only_blamed_where_gold_goes_with_it():
    row = {"name": "two_by_mean", "arm": "by_mean", "against": "first", "metric": "gold", "beside": "tokens"}
    row |= {"where_none": 0.03}
    for p, r, blamed in ((0.01, -0.8, True), (0.01, 0.8, False), (0.9, -0.8, False)):
        found = texts(level2.state_level2(make_summary() | {"relations": [row | {"p_exact": p, "correlation": r}]}))
        assert ("longer_responses" in found) == blamed
        told = "1's, the lower is gold**: over replicates the two differences correlate -0.80 (largest p 0.0100; asked"
        assert not blamed or told in found["longer_responses"]
        assert not blamed or found["longer_responses"].endswith("a straight line puts gold's difference at +0.03.")
    older = {name: value for name, value in row.items() if name != "where_none"} | {
        "p_exact": 0.01,
        "correlation": -0.8,
    }
    assert "longer_responses" not in texts(level2.state_level2(make_summary() | {"relations": [older]}))


def test_what_reward_models_of_other_experiments_learned_stands_beside_pockets():
    def levels(size, p):
        return {"derived": {"levels": {"accuracy": {"estimate": size, "p_exact": p}}}}

    summary, one, other = make_summary(), levels(-0.028, 0.0312), levels(-0.005, 0.5)
    found = level2_learned.state_learning_beside(summary, {"instructed": one, "third_sft": other, "longer": one})
    told = "In 2 other experiments its accuracy differs by -2.8 points to -0.5 points; 1 of these differences is shown,"
    assert found.text == f"{told} uncorrected." and found.strength == "not told apart"
    assert level2_learned.state_learning_beside(summary, {"real": one}).strength == "shown"
    assert level2_learned.state_learning_beside(summary, {"real": {"derived": {"levels": None}}}) is None


def test_no_finding_of_another_experiment_knows_pockets_names():
    summary = make_summary(level1="alpha", level2=("beta", "gamma"), signals=("win", "mean"))
    found = [*setting.state_setting(summary), *contrast_words.state_lines(summary), *level1.state_level1(summary)]
    found += [*level2.state_level2(summary), *controls.state_controls(summary), *beside.state_trl(summary)]
    found += [*limits.state_limits(summary), *limits.state_failures(summary)]
    told = " ".join(one.text for one in found if one)
    assert not re.search(r"level[12]_\w+|no_kl_penalty", told) and "`beta`" in told
