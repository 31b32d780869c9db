"""Arms of Level 2 whose reward model saw its pairs more often."""

from handmade import RATED, contrast, make_summary

from findings.twice import state_more_epochs


def make_twice(**model):
    """A summary with an arm on a reward model of two epochs, in three replicates of eight."""
    summary = make_summary()
    arms, models = summary["settings"]["arms"], summary["settings"]["reward_models"]
    arms["again"] = {"reward_model": "rated_twice", "signal": "mean", "seeds": [1, 2, 3]}
    for own in arms.values():
        models.setdefault(own["reward_model"], {})
    models["rated_twice"] = {"epochs": 2} | model
    plain = next(row for row in summary["reward_models"] if row["kind"] == RATED)
    summary["reward_models"] += [plain | {"kind": "rated_twice", "seed": seed, "accuracy": 0.8} for seed in (1, 2, 3)]
    few = {"seeds": 3, "by_seed": [0.25, 0.5, -0.125], "role": "control"}
    summary["contrasts"] += [
        contrast("x", "again", "first", metric, estimate=0.0, **few) for metric in ("gold", "judges")
    ]
    summary["contrasts"] += [contrast("y", "again", "by_mean", "gold", estimate=0.25, **few)]
    return summary


def test_what_more_epochs_change_is_told_of_the_same_replicates():
    summary = make_twice()
    # Another replicate's models do not count.
    for row in summary["reward_models"]:
        row["accuracy"] = {1: 0.6, 2: 0.7, 3: 0.65}.get(row["seed"], 0.1) if row["kind"] == RATED else row["accuracy"]
    text = state_more_epochs(summary).text
    assert "**After 2 epochs instead of 1 the reward models over ratings agree with raters on 80.0 % of held" in text
    assert "pairs instead of 65.0 %**" in text and "(`again`, 3 replicates; asked afterwards" in text
    assert "differ from Level 1's by +0.00 by gold, and from `by_mean`'s by +0.25 by gold" in text
    assert text.endswith("(by gold in each replicate +0.25, +0.50 and -0.12).")


def test_nothing_is_said_without_such_an_arm_or_its_contrasts():
    assert state_more_epochs(make_summary()) is None
    assert state_more_epochs(make_twice(epochs=1)) is None
    alone = make_twice()
    alone["contrasts"] = [row for row in alone["contrasts"] if row["name"] != "y"]
    assert state_more_epochs(alone) is None
