"""Arms of Level 2 whose reward model saw its pairs more often than the others, within one experiment."""

from findings.finding import Finding, make
from findings.level2_why import EXPLAINS
from findings.summary import alpha_of, arm_with_signal, by_seed, contrast_of, kind_of, models_of, roles_of
from findings.words import join, plural, short_metric


def arm_of_more_epochs(summary: dict) -> tuple[str, str] | None:
    """The first arm whose reward model over ratings has more epochs than those of Level 2, and its twin there."""
    settings, level2 = summary["settings"], roles_of(summary).get("level2", [])
    usual = settings["reward_training"]["epochs"]
    for arm, own in settings["arms"].items():
        model, twin = settings["reward_models"].get(own["reward_model"], {}), arm_with_signal(summary, own["signal"])
        if model.get("epochs", usual) > usual and twin in level2 and twin != arm:
            return arm, twin
    return None


def accuracy_of(summary: dict, arm: str, seeds: list[int]) -> float:
    """Mean share of held-out pairs on which an arm's reward models of these seeds agree with raters."""
    rows = [row["accuracy"] for row in models_of(summary, kind_of(summary, arm)) if row["seed"] in seeds]
    return sum(rows) / len(rows)


def state_more_epochs(summary: dict) -> Finding | None:
    """What more passes over the pairs change of Level 2's reward models and policies; None where not tried."""
    found, level1 = arm_of_more_epochs(summary), roles_of(summary)["level1"]
    if found is None:
        return None
    arm, twin = found
    beside, gain = (contrast_of(summary, arm, other) for other in (level1, twin))
    metrics = [metric for metric in ("gold", "judges") if metric in beside and metric in gain]
    if not metrics:
        return None
    each = by_seed(summary, gain[metrics[0]])
    usual, kind = summary["settings"]["reward_training"]["epochs"], kind_of(summary, arm)
    numbers = {"epochs": summary["settings"]["reward_models"][kind]["epochs"], "usual": usual, "seeds": len(each)}
    numbers |= {"after": accuracy_of(summary, arm, [*each]), "before": accuracy_of(summary, twin, [*each])}
    numbers |= {"scalar": accuracy_of(summary, level1, [*each])} | {f"seed_{seed}": each[seed] for seed in each}
    for name, rows in (("beside", beside), ("gain", gain)):
        numbers |= {f"{name}_{metric}": rows[metric]["estimate"] for metric in metrics}
    sizes = {
        name: join([f"{{{name}_{metric}:+.2f}} by {short_metric(metric)}" for metric in metrics])
        for name in ("beside", "gain")
    }
    seeds = join([f"{{seed_{seed}:+.2f}}" for seed in each])
    text = (
        f"**After {{epochs:g}} epochs instead of {{usual:g}} the reward models over ratings agree with raters on"
        f" {{after:percent1}} of held-out pairs instead of {{before:percent1}}**, Level 1's after {{usual:g}} on"
        f" {{scalar:percent1}} (`{arm}`, {plural(len(each), 'replicate')}; asked afterwards, shown and not tested). Its"
        f" policies differ from Level 1's by {sizes['beside']}, and from `{twin}`'s by {sizes['gain']} (by"
        f" {short_metric(metrics[0])} in each replicate {seeds})."
    )
    return make("more_epochs", EXPLAINS, text, numbers, confidence=1 - alpha_of(summary))
