"""Tables of data, reward models and signals."""

from findings.summary import (
    find_arm,
    find_row,
    find_rows,
    kinds_of_levels,
    role_contrast,
    roles_of,
)
from findings.tables import columns, markdown
from findings.words import show, show_interval


def _range(found: dict | None, how: str) -> str:
    return f"{show(found['mean'], how)} ({show_interval(found['min'], found['max'], how)})" if found else "-"


def table_of_folds(summary: dict) -> str:
    rows = [
        [
            fold,
            row["pairs"],
            row["dropped_long_prompt"],
            row["dropped_long_pair"],
            row["kept_pairs"],
            row["kept_prompts"],
        ]
        + [f"{show(row['median_prompt_tokens'], '.0f')} / {show(row['median_response_tokens'], '.0f')}"]
        for fold, row in summary["lengths"].items()
    ]
    header = ["fold", "pairs", "dropped: prompt too long", "dropped: pair too long", "kept pairs", "kept prompts"]
    return markdown([*header, "median tokens, prompt / response"], rows)


def table_of_models(summary: dict) -> str:
    """Accuracy and calibration of every kind of reward model."""
    one = summary["reward_models"][0]
    rows = [
        [kind, found["models"], _range(found["accuracy"], "percent1"), show(found["nll"]["mean"], ".4f")]
        + [show(found["brier"] and found["brier"]["mean"], ".4f"), _range(found["ece"], ".3f")]
        + [show(found["ece_if_calibrated"] and found["ece_if_calibrated"]["mean"], ".3f")]
        for kind, found in summary["derived"]["models"].items()
    ]
    rows.append(['"the longer response wins"', "-", show(one["longer_wins"], "percent1"), "-", "-", "-", "-"])
    header = ["model", "models", "accuracy (range over seeds)", f"NLL (uniform: {show(one['uniform_nll'], '.3f')})"]
    header += [f"Brier (coin: {show(one['coin_brier'], 'g')})", "calibration error (range)", "if it were calibrated"]
    return markdown(header, rows)


def table_of_fitness(summary: dict) -> str:
    """Whether the world is fit for the question; empty where the truth is not known."""
    world, settings = summary["world"], summary["settings"]
    if not world:
        return ""
    low, high = settings["findings"]["accuracy_wanted"]
    level1, free, roles = role_contrast(summary, "level1"), role_contrast(summary, "unpenalised"), roles_of(summary)
    accuracy = summary["derived"]["models"][kinds_of_levels(summary)[0]]["accuracy"]["mean"]
    rows = [
        [
            "reward model accuracy on held-out pairs",
            f"{show(low, 'percent')} to {show(high, 'percent')}",
            show(accuracy, "percent"),
        ],
        [
            "its ceiling: an observer who knows gold and the raters' bias, not their noise",
            "above it",
            show(world["accuracy_ceiling"], "percent"),
        ],
        ["raters choose the response that gold prefers", "-", show(world["raters_agree_with_gold"], "percent")],
        [
            "mean gold rating of SFT responses",
            f"lower half of {show(world['gold_lowest'], 'g')} to {show(world['gold_highest'], 'g')}",
        ]
        + [
            f"{show(world['sft_gold_mean'], '.2f')} (one standard deviation in the"
            f" pool is {show(world['sft_gold_deviation'], '.2f')})"
        ],
        [
            "correlation of the judges' mean with gold, within prompts",
            "-",
            show(world["judge_gold_correlation"], ".2f"),
        ],
    ]
    if "best_of" in world:
        what = f"best of {world['best_of']} SFT responses by gold, less their mean (s.d.)"
        rows.append([what, "an SFT standard deviation or more", show(world["best_of_gain"], "+.2f")])
    for contrast, role, wanted in ((level1, "level1", "rises"), (free, "unpenalised", "falls")):
        if "gold" in contrast:
            own = settings["arms"][roles[role]].get("kl_coef", settings["reinforce"]["kl_coef"])
            kl = find_arm(summary["arms"], roles[role])["log_ratio"]
            what = f"gold at β = {show(own, 'g')}, KL {show(kl, '.1f')} nats"
            found = contrast["gold"]["estimate"]
            met = "" if (found > 0) == (wanted == "rises") else ": not met"
            rows.append([what, wanted, f"{show(found, '+.2f')} s.d.{met}"])
    return markdown(["what", "wanted", "found"], rows, 3)


def table_of_names(summary: dict) -> str:
    rows = [
        [row["relabelling"], show(row["other_choice"], "percent1"), show(row["correlation"], ".3f")]
        for row in find_rows(summary["relabelling"], kind=kinds_of_levels(summary)[1])
    ]
    return markdown(["ratings renamed", "another response has the best mean", "correlation within prompts"], rows, 1)


def table_of_screen(summary: dict) -> str:
    """The best of n by each arm's signal, before any RL."""
    most, scores = max((row["n"] for row in summary["screen"]), default=0), columns(summary, "gold", "judges")
    trained = [arm for arm, own in summary["settings"]["arms"].items() if "seeds" not in own]
    rows = [
        [row["arm"], row["n"], *(show(row[name], "+.2f") for name in scores)]
        for row in find_rows(summary["screen"], n=most)
        if row["arm"] in trained
    ]
    return markdown(["arm whose signal chooses", "among", *(f"best by {name}" for name in scores)], rows)


def table_of_training(summary: dict) -> str:
    """Each arm's signal and its training in numbers."""
    level1, rows = roles_of(summary)["level1"], []
    for arm in summary["settings"]["arms"]:
        first, last = summary["first_tenth_of_training"][arm], summary["last_tenth_of_training"][arm]
        agree = [
            find_row(summary["agreement"], arm=arm, other=other).get("correlation")
            for other in (level1, "another seed")
        ]
        agree += [
            find_row(summary["agreement"], arm=arm, other=other).get("correlation")
            for other in columns(summary, "judges", "gold")
        ]
        rows.append(
            [arm, *(show(value, ".2f") for value in agree), show(find_arm(summary["arms"], arm)["log_ratio"], ".1f")]
            + [show(last["reward"], "+.2f"), show(first["advantage_std"], ".2f"), show(last["advantage_std"], ".2f")]
            + [show(first["grad_norm"], ".1f")]
        )
    header = [
        "arm",
        f"correlation with `{level1}`'s signal",
        "with its own in another seed",
        *(f"with {n}" for n in columns(summary, "judges", "gold")),
    ]
    header += [
        "KL at the end",
        "proxy reward",
        "deviation of the advantage, first tenth",
        "last tenth",
        "gradient norm, first tenth",
    ]
    return markdown(header, rows)


def table_of_longer(longer: dict, found: dict) -> str:
    """Reward models after the shorter training and the longer, of one run."""
    rated = longer["settings"]["arms"][find_row(longer["contrasts"], name="longer")["arm"]]["reward_model"]
    epochs = (longer["settings"]["reward_training"]["epochs"], longer["settings"]["reward_models"][rated]["epochs"])
    rows = [
        [name, show(count, "g"), _range(models["accuracy"], "percent1"), show(models["nll"]["mean"], ".4f")]
        for count, both in zip(epochs, (found["shorter"], found["longer"]))
        for name, models in zip(("scalar", "ratings"), both)
    ]
    return markdown(["reward model", "epochs", "accuracy (range over seeds)", "NLL on held-out pairs"], rows)
