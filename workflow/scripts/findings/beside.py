"""Findings from what stands beside Level 1: the gradient's variance, TRL, the win probability's scalar twin."""

from findings.contrast_words import in_order
from findings.finding import Finding, make, strength_of
from findings.summary import arm_with_signal, contrast_of, find_row, roles_of
from findings.words import VERDICT_WORDS, join, short_metric


def state_gradients(summary: dict) -> list[Finding]:
    """What the moving average buys, and what another baseline would."""
    rows, question = summary["derived"]["gradients"], "What does the moving average buy?"
    if not rows:
        return [make("gradient_none", question, "This experiment does not measure it; the default one does.", {})]

    def of(estimate: str, late: str = "late") -> dict:
        return find_row(rows, phase=late, estimate=estimate)

    none, four = of("none"), of("leave one out, k = 4")
    if not none or not four:
        return []
    numbers = {"early": of("none", "early")["change"], "late": none["change"], "low": none["low"], "high": none["high"]}
    helps = min(numbers["early"], none["low"]) > 0
    opening = "lowers the variance of the gradient" if helps else "is not seen to help both early and late"
    several = summary["gradients"][0]["seeds"] > 1
    text = (
        f"**The moving average {opening}.** Without it the variance changes by {{early:change}} early in training and"
        f" {{late:change}} late{' (over seeds {low:change} to {high:change})' if several else ' (one seed)'}."
    )
    found = [
        make(
            "gradient_none",
            question,
            text,
            numbers,
            condition="early and every seed late > 0",
        )
    ]
    numbers = {"four_early": of("leave one out, k = 4", "early")["change"], "four": four["change"]}
    numbers |= {"low": four["low"], "high": four["high"], "best": of("best constant")["change"], "k": 3}
    text = (
        "The best constant changes it by {best:change} late. RLOO's baseline, the mean of the prompt's {k}"
        f" other responses, changes it by {{four_early:change}} early and {{four:change}} late"
        f"{' ({low:change} to {high:change})' if several else ''}."
    )
    found.append(make("gradient_four", "What is left to gain?", text, numbers))
    study = summary["settings"]["studies"]["gradients"]
    text = (
        f"{{prompts}} training prompts, `{study['arm']}` after {{steps}} steps (early, a run of its own) and at its"
        f" end (late), {{seeds}} seed{'s' if summary['gradients'][0]['seeds'] != 1 else ''}. Signal to noise is that of"
        " a batch of {batch_size}."
    )
    numbers = {"prompts": study["prompts"], "steps": summary["settings"]["early_steps"]}
    numbers |= {"seeds": summary["gradients"][0]["seeds"], "batch_size": summary["settings"]["reinforce"]["batch_size"]}
    return [*found, make("gradient_run", "How was it measured?", text, numbers)]


def fills_a_batch(summary: dict) -> bool:
    """Whether TRL's batch was as large as a step's: the gradients of a few responses may agree by chance."""
    return summary["trl"]["responses"] >= summary["settings"]["reinforce"]["batch_size"]


def state_trl(summary: dict) -> list[Finding]:
    """Why not TRL's RLOOTrainer: the answer in one paragraph, its points apart."""
    question = "Why not TRL's RLOOTrainer?"
    if not summary["trl"]:
        return [make("trl", question, "This experiment does not run it; the default one does.", {})]
    trl, measured = summary["trl"], summary["trl"]["measured"]
    limits = summary["settings"]["findings"]
    same = measured["cosine_same_baseline"] > limits["same_gradient"]
    version = f"TRL {trl['version']}"
    if trl["pinned"] and trl["version"] != trl["pinned"]:
        version += f" (**not the {trl['pinned']} that this was written for**)"
    numbers = {"other": measured["cosine_moving_average"], "same": measured["cosine_same_baseline"]}
    numbers |= {"samples": trl["defaults"]["num_generations"], "responses": trl["responses"]}
    if measured["finished"]:
        numbers |= {"cut": measured["trl_cut"], "ours": measured["ours_cut"]}
    text = (
        f"**It is another algorithm.** `RLOOTrainer` of {version} holds each response against the mean of its"
        f" prompt's *other*"
        " responses, so it needs {samples} or more a prompt; the paper's REINFORCE takes one and holds it against one"
        " number, the mean of all earlier rewards. "
    )
    if fills_a_batch(summary):
        text += "On one batch of {responses} responses the two gradients have a cosine of {other:.2f}. "
    if same:
        text += (
            "With TRL's baseline the loss used here has TRL's gradient (cosine {same:.6f}). So TRL runs the paper's"
            " RLOO. "
        )
    else:
        text += (
            "**The gradients differ even with the same baseline ({same:.6f})**, which the version written for did not"
            " show. "
        )
    if measured["finished"] and measured["trl_cut"] < limits["unseen_change"] < measured["ours_cut"]:
        text += (
            "TRL rebuilds the chat text before scoring, so that its reward model cannot see whether a response ended:"
            " taking the end away changes its reward by {cut:.2f}, ours by {ours:.2f}."
        )
    given = {"same_gradient": limits["same_gradient"], "unseen_change": limits["unseen_change"]}
    run = (
        f"One batch of {{responses}} responses, drawn and stepped on by {version}, then put through the loss used here."
    )
    return [
        make("trl", question, text.strip(), numbers, condition="cosine > same_gradient", **given),
        make("trl_run", question, run, {"responses": trl["responses"]}),
    ]


def state_twin(summary: dict) -> Finding | None:
    """The win probability against its scalar twin, and that against Level 1; None without both."""
    roles = roles_of(summary)
    twin, win = roles.get("bounded"), arm_with_signal(summary, "win")
    numbers, told, shown = {}, [], []
    for name, arm, against in (("win", win, twin), ("twin", twin, roles["level1"])):
        rows = contrast_of(summary, arm, against) if arm and against else {}
        some = {metric: rows[metric] for metric in ("gold", "judges") if metric in rows}
        if not some:
            return None
        numbers |= {f"{name}_{metric}": row["estimate"] for metric, row in some.items()}
        said = [
            f"{VERDICT_WORDS[row['verdict']]} by {short_metric(m)} ({{{name}_{m}:+.2f}})" for m, row in some.items()
        ]
        told.append(join(said))
        shown += some.values()
    against_twin = in_order(contrast_of(summary, win, twin))
    opening = "is not told apart from a scalar reward that is centred and bounded too"
    if any(row["verdict"] == "rose" for row in against_twin):
        opening = "is ahead of a scalar reward that is centred and bounded too"
    elif against_twin[0]["verdict"] == "equivalent":
        opening = "does no better than a scalar reward that is centred and bounded too"
    text = (
        f"**The win probability {opening}.** Against that twin, `{twin}`, `{win}` is"
        f" {told[0]}; against Level 1 the twin is {told[1]}, before any correction."
    )
    return make("twin", "Is it the bound or the distribution?", text, numbers, strength=strength_of(*shown))
