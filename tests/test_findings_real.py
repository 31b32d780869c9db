from handmade import change, contrast, make_summary

from findings.real import state_real

HERE = make_summary()


def make_real(**verdicts):
    """A real model's experiment, with one judge of its make and one of another; no truth is known."""
    real = make_summary(gold=False, pocket=False) | {"experiment": "small"}
    real["settings"]["judges"] = {"judge": [101], "gemma": [201]}
    real["contrasts"] += [
        contrast("level1", "first", "sft", "gemma", "sampled", estimate=0.3),
        contrast("two_by_mean", "by_mean", "first", "gemma", "sampled", estimate=-0.4),
    ]
    real["cut_off"] = [{"arm": "by_mean", "seeds": 8, "cut_off": 3, "least": 0.01}]
    for metric, verdict in verdicts.items():
        real = change(real, "by_mean", "first", metric, verdict=verdict)
    return real


def texts(real):
    return {one.name: one.text for one in state_real(HERE, real)}


def test_level_1_is_told_by_judges_of_every_make():
    text = texts(make_real())["verdict_real"]
    assert text.startswith(
        "**On the real model, SmolLM2-135M-Instruct, Level 1's reward rose** by the judge of its make ([its report]"
    )
    assert text.endswith("report.md), 8 replicates, exact p after Holm 0.0469). `gemma` is a judge of another make.")
    other = change(make_real(), "first", "sft", "judges", verdict="inconclusive")
    assert "Level 1's reward is not shown to have changed**" in texts(other)["verdict_real"]
    many = make_real()
    many["settings"]["judges"]["judge"] = [101, 102]
    assert " by the judges of its make (" in texts(many)["verdict_real"]


def test_level_2_gains_only_if_every_judge_sees_it():
    def opening(**verdicts):
        return texts(make_real(**verdicts))["verdict_real_level2"].split(".**")[0]

    assert opening() == "**There Level 2 gains, as every judge sees"
    assert opening(gemma="inconclusive") == "**There Level 2 has no gain that all judges see"
    assert opening(judges="equivalent", gemma="fell") == "**There Level 2 shows no gain"
    text = texts(make_real(gemma="inconclusive"))["verdict_real_level2"]
    assert text.endswith("Policies go on until they are cut off: `by_mean` in 3 of 8 replicates.")
    found = change(
        change(make_real(), "by_mean", "first", "gemma", minimum_detectable=1.25),
        "by_mean",
        "first",
        "judges",
        minimum_detectable=0.375,
    )
    told = "With a power of 80 %, differences of 0.38 and 1.25 could have been found."
    assert told in texts(found)["verdict_real_level2"]


def test_without_level_2_nothing_is_said_of_it():
    real = make_summary(level2=(), gold=False, pocket=False) | {"experiment": "small"}
    assert [*texts(real)] == ["verdict_real", "verdict_pocket"]


def test_before_it_was_run_no_verdict_is_given():
    assert "not been trained whole yet" in texts(None)["verdict_real"]


def test_only_the_embedded_world_tells_of_another_model():
    assert state_real(make_real(), None) == []
