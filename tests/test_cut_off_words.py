"""Policies that go on until they are cut off: how many, why, and what helps, on summaries made by hand."""

from handmade import SEEDS, contrast, make_summary, rederive, texts

from findings.cut_off_words import state_cut_off

CUT = [
    {"arm": "first", "seeds": 8, "cut_off": 1, "least": 0.3},
    {"arm": "noise", "seeds": 8, "cut_off": 8, "least": 0},
]
WORTH = [
    {"scorer": "first", "of": 8, "low": -2.5, "high": 0.5, "correlation": -0.75, "p_exact": 0.03},
    {"scorer": "judges", "of": 5, "low": -1.5, "high": 1.0, "correlation": None, "p_exact": None},
]


def say(**tables):
    return texts(state_cut_off(make_summary() | {"cut_off": CUT} | tables))


def test_only_arms_of_the_question_count():
    found = say()["failed_length"]
    assert "cut off at 40 tokens. They finish less than 50 % of the share that SFT finishes: `first` in 1 of 8" in found
    assert found.endswith("(the worst finishes 30 %).")
    assert say(cut_off=CUT[1:]) == {}
    ours = say(cut_off=[{"arm": "by_mean", "seeds": 8, "cut_off": 2, "least": 0.1}])
    assert "**Some replicates of `by_mean` go on until they are cut off.** [Why]" in ours["length_explains"]
    place = {"arm": "by_mean", "against": "first", "beside": "finished", "p_exact": 0.01}
    rows = [place | {"metric": "judges", "correlation": 0.9}, place | {"metric": "gemma", "correlation": None}]
    cut = [{"arm": "by_mean", "seeds": 8, "cut_off": 2, "least": 0.1}]
    told = say(cut_off=cut, relations=rows)["length_explains"]
    assert "in the share that is finished: +0.90 (p 0.0100) by the judges. Looked at afterwards. [Why]" in told


def test_what_a_response_without_an_end_is_worth():
    assert "failed_length_why" not in say()
    found = say(worth_of_the_end=WORTH)["failed_length_why"]
    assert "at -2.50 to +0.50 SFT standard deviations by reward models of 8 replicates. By the" in found
    assert "judges of all makes they stand at -1.50 to +1.00. Corr" in found
    assert found.endswith("share that the policy finishes: `first` -0.75 (exact p 0.0300).")
    assert "So chance decides how a reward model rates one. Beside finished" in found
    alike = say(worth_of_the_end=[WORTH[0] | {"low": 0.25}, WORTH[1]])
    assert "chance decides" not in alike["failed_length_why"]
    ended = {"scorer": "judges_with_end", "of": 4, "low": -0.5, "high": -0.25, "correlation": None, "p_exact": None}
    found = say(worth_of_the_end=[*WORTH, ended])["failed_length_why"]
    assert "+1.00. With an end mark behind them, judges put them at -0.50 to -0.25. Corr" in found
    # Level 2's arm widens the range, and with too few replicates has no correlation.
    more = {"scorer": "by_mean", "of": 4, "low": -1.0, "high": 1.5, "correlation": None, "p_exact": None}
    found = say(worth_of_the_end=[*WORTH, more])["failed_length_why"]
    assert "at -2.50 to +1.50 SFT" in found and "by_mean" not in found


def test_where_pairs_hold_cut_off_responses_nothing_is_left_to_chance():
    made = make_summary() | {"cut_off": CUT, "worth_of_the_end": WORTH}
    made["lengths"] = made["lengths"] | {"train": made["lengths"]["train"] | {"cut_off_share": 0.375}}
    found = texts(state_cut_off(made))["failed_length_why"]
    assert found.startswith(
        "**The pairs hold responses that are cut off**: 38 % of those that reward models learn from"
    )
    assert "chance decides" not in found and "No training pair" not in found


def test_what_level_2_gives_it_beyond_level_1_is_paired_by_seed():
    # 3, 1 and 2 more than Level 1's, each above 0: two of eight signs as far.
    more = {"scorer": "by_mean", "of": 4, "low": -1.0, "high": 1.5, "correlation": None, "p_exact": None}
    rows = [
        row | {"by_seed": {str(seed): value for seed, value in enumerate(values, start=1)}}
        for row, values in zip([*WORTH, more], ((-2.5, 0.5, -1.0), (), (0.5, 1.5, 1.0)))
    ]
    made = rederive(make_summary() | {"cut_off": CUT, "worth_of_the_end": rows})
    found = texts(state_cut_off(made))["failed_length_why"]
    assert (
        "rate them +2.00 (`by_mean`, exact p 0.2500) from Level 1's. This was asked afterwards; it may be chance."
        in found
    )


def test_what_training_leaves_as_it_found_it():
    start = {"models": 9, "moved_ended": 1.25, "moved_cut_off": 0.2, "told": 8}
    start["follows"] = [{"arm": "first", "correlation": -0.9, "p_exact": 0.01}]
    start["follows"] += [{"arm": arm, "correlation": None, "p_exact": 1.0} for arm in ("by_mean", "noise")]
    found = say(untrained=start)["failed_length_start"]
    assert found.startswith("**Training hardly moves the scores of cut-off responses.** It moves them by 0.20 SFT")
    assert "finished ones by 1.25 (means of 9 models)" in found and "tells in 8 of 9 models which" in found
    assert found.endswith("finishes, asked afterwards: `first` -0.90 (exact p 0.0100).")
    moved = say(untrained=start | {"moved_cut_off": 1.5})["failed_length_start"]
    assert moved.startswith("**Training moves the scores of cut-off responses.**") and "keeps the score" not in moved
    assert "keeps the score that the head, drawn at random, gave it." in found
    assert "failed_length_start" not in say(untrained={})


def with_remedy():
    """Level 1 with the remedy in four replicates."""
    summary = make_summary() | {"cut_off": CUT}
    summary["settings"]["roles"]["ended"], summary["settings"]["arms"]["tidy"] = ["tidy"], {"cut_off_reward": -1.0}
    summary["arms"].append({"arm": "tidy", "decoding": "sampled", "finished": 0.97})
    summary["contrasts"].append(contrast("tidier", "tidy", "first", "judges", role="control", seeds=4, estimate=0.25))
    return summary


def test_the_remedy_is_told_where_it_was_tried():
    assert "failed_length_remedy" not in say()
    found = texts(state_cut_off(with_remedy()))["failed_length_remedy"]
    assert "a fixed reward of -1 for a response without an end (`tidy`, asked afterwards, 4 replicates), makes" in found
    assert found.endswith("makes 97 % of them finish; the judges put it +0.25 beside `first` there.")
    # Without a contrast against Level 1 there is nothing to tell.
    alone = with_remedy()
    alone["contrasts"] = [row for row in alone["contrasts"] if row["arm"] != "tidy"]
    assert "failed_length_remedy" not in texts(state_cut_off(alone))


def test_level_2_with_the_remedy_stands_beside_itself_without():
    summary = with_remedy()
    (level2,) = summary["settings"]["roles"]["level2"]
    plain = contrast("plain", level2, "first", "judges", by_seed=[9.0, 0.5, -0.75, 9.0, 9.0, 9.0, 9.0, 9.0])
    summary["contrasts"] = [plain] + [row for row in summary["contrasts"] if row["arm"] != level2]
    summary["contrasts"].append(contrast("both", "neat", "tidy", "judges", estimate=0.1, by_seed=[0.25, -0.05]))
    summary["settings"]["arms"]["neat"] = summary["settings"]["arms"][level2] | {"seeds": SEEDS[1:3]}
    summary["settings"]["roles"]["ended"].append("neat")
    summary["arms"].append({"arm": "neat", "decoding": "sampled", "finished": 0.9})
    found = texts(state_cut_off(summary))["failed_length_remedy"]
    assert "With it `neat` finishes 90 %; the judges put it +0.10 beside `tidy`, from -0.05 to +0.25 in" in found
    assert found.endswith(f"the same replicates, `{level2}` from -0.75 to +0.50 beside `first`.")
    # A seed that the arm names and this run has not is no replicate of it, in whatever order seeds are named.
    summary["settings"]["arms"]["neat"]["seeds"] = [99, *SEEDS[1:3]]
    again = texts(state_cut_off(summary | {"seeds": [*SEEDS[::-1]]}))["failed_length_remedy"]
    assert again == found
