"""Findings of controls, settings, limits, and of what stands beside Level 1; on summaries made by hand."""

from handmade import change, contrast, make_summary, rederive, texts

from findings import appendix_tables, beside, contrast_words, controls, level2, longer, setting


def test_a_noise_floor_that_shows_something_is_called_out():
    summary = make_summary()
    assert controls.state_noise_floor(summary).text.endswith("none is shown, and all are within ±0.2.")
    wide = change(summary, "sft_again", "sft", "gold", verdict="inconclusive", equivalence_p=0.5)
    assert controls.state_noise_floor(wide).text.endswith("none is shown, as it must.")
    for equivalence_p, words in ((0.001, "within ±0.2; that a p of a control"), (0.5, "Distrust what is above")):
        changed = change(summary, "sft_again", "sft", "gold", verdict="rose", equivalence_p=equivalence_p)
        assert words in controls.state_noise_floor(changed).text


def test_a_placebo_that_raises_anything_is_called_out():
    summary = make_summary()
    assert "is not shown to raise judges or gold.**" in controls.state_placebo(summary)[0].text
    unsure = change(summary, "noise", "sft", "judges", estimate=0.25, verdict="inconclusive", minimum_detectable=1.75)
    told = "the judges by +0.25 (not shown to change; only 1.75 could have been found)"
    assert told in controls.state_placebo(unsure)[0].text
    # Level 1's own gain is 0.5: what finds no less than 1.75 is no control of it.
    assert "; by the judges it varies too much over seeds to tell.**" in controls.state_placebo(unsure)[0].text
    sharp = change(unsure, "noise", "sft", "judges", minimum_detectable=0.25)
    assert "varies too much" not in controls.state_placebo(sharp)[0].text
    assert "to raise judges.**" in controls.state_placebo(make_summary(gold=False))[0].text
    raised = change(summary, "noise", "sft", "judges", verdict="rose")
    assert "Distrust what is above.**" in controls.state_placebo(raised)[0].text
    rows = [row | {"accuracy_low": 0.505} if row["seed"] < 3 else row for row in summary["placebo"]["seeds"]]
    known = rederive(summary | {"placebo": summary["placebo"] | {"seeds": rows}})
    assert "of 8, the accuracy of 2 leaves one half out" in controls.state_placebo(known)[1].text


def test_the_scale_is_said_to_be_off_where_it_is():
    summary = make_summary()
    assert "deviation of 1.01 to 1.01 (wanted: 1 within ±0.05)." in controls.state_scale(summary).text
    rows = [row | {"proxy_sft_deviation": 0.75} if row["arm"] == "free" else row for row in summary["responses"]]
    assert controls.state_scale(rederive(summary | {"responses": rows})).text.endswith("off by more than that: `free`.")


def test_judges_are_trusted_as_far_as_gold_says():
    found = texts(controls.state_controls(make_summary()))
    assert (
        "Only near SFT.**" in found["verdict_trust"]
        and found["unpenalised"].startswith("**Without a KL penalty, gold falls and the judges do not notice.**")
        and "+2.80 by the judges, and -2.00 by gold" in found["verdict_trust"]
    )
    # By hand, of the arm's own seeds alone: (3.0 + 4.0 + 5.0) / 3 - 2.5 = 1.5, in deviations of .73.
    summary = make_summary()
    raters = {"1": 3.0, "2": 4.0, "3": 5.0}
    summary["arms"] = [row | ({"raters_by_seed": raters} if row["arm"] == "free" else {}) for row in summary["arms"]]
    told = texts(controls.state_controls(rederive(summary)))["unpenalised"]
    assert "length does not explain it: raters would change their rating by +2.05" in told
    raters["3"] = 50.0
    told = texts(controls.state_controls(rederive(summary)))["unpenalised"]
    assert "length may explain it" in told and "What is left fits" not in told
    # Where the judges see Level 1 itself rise beyond gold's interval, which ends at 0.6.
    parted = change(make_summary(), "first", "sft", "judges", estimate=0.7)
    assert "Ever less, away from SFT.**" in texts(controls.state_controls(parted))["verdict_trust"]
    fine = change(make_summary(), "free", "sft", "gold", estimate=1.0, ci_high=1.5)
    # In one replicate of three it falls all the same, which a mean above 0 does not show.
    assert "Not in every replicate.**" in texts(controls.state_controls(fine))["verdict_trust"]
    seeds = [row | {"gold": 0.5 if row["seed"] > 1 else -0.5} for row in fine["unpenalised"]]
    found = texts(controls.state_controls(rederive(fine | {"unpenalised": seeds})))
    assert "in 1 of 3 seeds gold falls below SFT's and the judges' score rises.**" in found["unpenalised"]
    assert "gold +1.00 (by seed -0.50, +0.50 and +0.50), after" in found["unpenalised"]
    fine = rederive(fine | {"unpenalised": [row | {"gold": 0.5} for row in seeds]})
    assert "go the same way" in texts(controls.state_controls(fine))["verdict_trust"]
    assert "cannot be known here" in texts(controls.state_controls(make_summary(gold=False)))["verdict_trust"]
    assert "was not tried" in texts(controls.state_controls(make_summary(controls=False)))["verdict_trust"]


def test_a_rise_in_too_few_replicates_for_any_test_is_said_to_be_that():
    few = change(make_summary(), "first", "sft", "proxy", verdict="inconclusive", seeds=4, p_holm=0.125)
    found = texts(contrast_words.state_lines(few))
    assert "trained on) it cannot be shown to have changed in so few replicates: +0.50" in found["line_level1_proxy"]
    many = change(few, "first", "sft", "proxy", verdict="inconclusive", seeds=8)
    assert (
        "trained on) it was not shown to change: +0.50" in texts(contrast_words.state_lines(many))["line_level1_proxy"]
    )


def test_judges_of_other_makes_are_heard_in_the_verdicts():
    summary = make_summary(gold=False)
    summary["settings"]["judges"] = {"judge": [101, 102], "gemma": [201]}
    summary["contrasts"] += [contrast("two_by_mean", "by_mean", "first", "gemma", "sampled", estimate=0.4)]
    summary = change(summary, "by_mean", "first", "judges", verdict="inconclusive", estimate=-0.1)
    text = texts(level2.state_level2(rederive(summary)))["verdict_level2"]
    assert "do better? No gain is shown by the judges; `gemma` sees one.**" in text
    assert text.endswith("By judges of another make, `gemma`, its arm is ahead of Level 1 (+0.40).")


def test_accuracy_on_balanced_pairs_is_told_where_models_learned_from_such():
    summary = make_summary()
    assert "wins as often as it" not in texts(setting.state_setting(summary))["reward_models"]
    summary["settings"]["data"] = {"balance_lengths": True}
    summary["lengths"]["train"]["balanced_pairs"] = 866
    rows = [row | {"accuracy_balanced": 0.64} for row in summary["reward_models"]]
    found = texts(setting.state_setting(rederive(summary | {"reward_models": rows})))["reward_models"]
    assert (
        "On such held-out pairs Level 1's models agree with raters on 64 % (chance 50 %), on 67 % of all held-out"
        in found
    )
    assert "epoch of 866 pairs, " in found or "epochs of 866 pairs, " in found
    assert found.endswith("pairs; always choosing the longer response would on 53 %.")


def test_a_bound_on_gradients_is_told_where_there_is_one():
    summary = make_summary()
    assert "scaled down" not in texts(setting.state_setting(summary))["settings"]
    summary["settings"]["reinforce"]["max_grad_norm"], summary["steps"]["clipped"] = 1.0, 0.25
    assert "norm of 1, which 25 % of the steps exceeded" in texts(setting.state_setting(summary))["settings"]


def test_another_version_or_gradient_of_trl_is_told():
    summary = make_summary()
    text = beside.state_trl(summary)[0].text
    assert (
        "(**not the" not in text
        and "TRL's gradient (cosine 1.000000)" in text
        and "cannot see whether a response ended" in text
    )
    measured = summary["trl"]["measured"] | {"cosine_same_baseline": 0.5, "trl_cut": 0.6}
    other = summary | {"trl": summary["trl"] | {"version": "9.9.9", "measured": measured}}
    text = beside.state_trl(other)[0].text
    assert "TRL 9.9.9 (**not the 1.16.0 that this was written for**)" in text
    assert "gradients differ even" in text and "cannot see" not in text
    # The gradients of a few responses prove nothing.
    few = summary | {"trl": summary["trl"] | {"responses": 6}}
    assert "gradients have a cosine of 0.72" in beside.state_trl(summary)[0].text
    assert "gradients have a cosine" not in beside.state_trl(few)[0].text
    assert "batch: 0.72" in appendix_tables.table_of_trl(summary)
    assert "not given: 6 responses are too few" in appendix_tables.table_of_trl(few)
    # Of a batch in which no response ended, nothing is said of ends.
    measured = {name: value for name, value in measured.items() if not name.endswith("_cut")} | {"finished": 0}
    unfinished = summary | {"trl": summary["trl"] | {"measured": measured}}
    assert "cutting off" not in beside.state_trl(unfinished)[0].text
    assert "no response was finished" in appendix_tables.table_of_trl(unfinished)


def test_a_study_that_was_not_made_is_said_not_to_be():
    summary = rederive(make_summary() | {"trl": None, "gradients": []})
    assert texts(beside.state_trl(summary)) == {"trl": "This experiment does not run it; the default one does."}
    assert texts(beside.state_gradients(summary)) == {
        "gradient_none": "This experiment does not measure it; the default one does."
    }
    assert appendix_tables.table_of_trl(summary) == ""


def test_a_change_with_more_training_is_one_that_is_shown():
    later = make_summary(level2=("v",))
    level1 = later["settings"]["roles"]["level1"]
    later["settings"]["arms"] |= {"z": later["settings"]["arms"][level1], "w": later["settings"]["arms"]["v"]}
    later["settings"]["reward_models"]["rated"] = {"epochs": 2}
    apart = {"verdict": "equivalent", "by_seed": [0.5 + 0.1 * (-1) ** seed for seed in range(8)]}
    later["contrasts"] = [contrast("longer", "w", "z", metric, **apart) for metric in ("judges", "gold")]
    later["contrasts"] += [contrast("mean", "v", level1, metric) for metric in ("judges", "gold")]
    found = texts(longer.state_longer(later))
    assert (
        "More training brings Level 2 no gain over Level 1.**" in found["longer"]
        and "equivalent by gold (+0.50)" in found["longer"]
    )
    assert "by gold was not shown to change (+0.00, p 1.0000)" in found["longer_change"]
    assert "Level 1 after" not in found["longer"]
    alone = [contrast("alone", "z", "first", metric, verdict="rose", estimate=0.125) for metric in ("judges", "gold")]
    told = texts(longer.state_longer(later | {"contrasts": [*later["contrasts"], *alone]}))["longer"]
    assert "Level 1 after the longer training is, against itself after the shorter, ahead by gold (+0.12, p" in told
    assert "Level 2 after" not in told
    both = [*later["contrasts"], *alone, contrast("alone", "w", "v", "gold", estimate=0.25, p_exact=0.02)]
    assert texts(longer.state_longer(later | {"contrasts": both}))["longer_short"] == (
        "**With reward models trained for 2 epochs the mean rating is equivalent to Level 1 by gold** (+0.50; `longer`,"
        " asked afterwards). The longer training changes its policy by +0.25 (p 0.0200), Level 1's by +0.12 (p 0.0078;"
        " p of the difference 1.0000)."
    )
    later["contrasts"][0]["verdict"] = "inconclusive"
    assert (
        "More training is not shown to bring Level 2 a gain over Level 1.**"
        in texts(longer.state_longer(later))["longer"]
    )
    later["contrasts"] = [
        row | ({"by_seed": [0.7] * 8} if row["name"] == "longer" else {}) for row in later["contrasts"]
    ]
    assert "by gold rose (+0.20, p 0.0078)" in texts(longer.state_longer(later))["longer_change"]


def test_the_win_probability_is_held_against_its_scalar_twin():
    summary = make_summary(level2=("w",), signals=("win",))
    assert beside.state_twin(summary) is None
    summary["settings"]["roles"]["bounded"] = "b"
    for arm, against, verdict in (("w", "b", "fell"), ("b", "first", "rose")):
        summary["contrasts"].append(contrast("twin", arm, against, "gold", verdict=verdict, estimate=-0.25))
    text = beside.state_twin(summary).text
    assert text.startswith("**The win probability is not told apart from a scalar reward that is centred and bounded")
    assert "`w` is behind by gold (-0.25); against Level 1 the twin is ahead by gold (-0.25)" in text
    assert text.endswith("before any correction.")
    for verdict, words in (("equivalent", "does no better than"), ("rose", "is ahead of")):
        assert words in beside.state_twin(change(summary, "w", "b", "gold", verdict=verdict)).text.split(".**")[0]


def test_the_moving_average_is_praised_where_every_seed_gains():
    summary = make_summary()
    assert "lowers the variance of the gradient.**" in beside.state_gradients(summary)[0].text
    rows = [row | {"relative_variance": 0.9} if row["estimate"] == "none" else row for row in summary["gradients"]]
    text = beside.state_gradients(rederive(summary | {"gradients": rows}))[0].text
    assert "is not seen to help both early and late.**" in text and text.endswith("to +173 %).")
    one = [row | {"seeds": 1} for row in summary["gradients"]]
    assert "+163 % late (one seed)." in beside.state_gradients(summary | {"gradients": one})[0].text
