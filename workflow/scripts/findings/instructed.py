"""What the real model does where its truth is known, in the report of another experiment."""

from findings.compliance import BESIDE, beside_sharper, change_of, share_of
from findings.contrast_words import CONDITION
from findings.finding import STRENGTHS, Finding, direction, make, shown_by_p, strength_of
from findings.summary import alpha_of, contrast_of, find_rows, level2_rows, role_contrast, roles_of
from findings.words import VERDICT_WORDS

ASKED = ("ahead", "behind", "not told apart")
QUESTION = "What does the real model show where the truth is known?"


def state_instructed(instructed: dict) -> list[Finding]:
    """Level 1 and Level 2 by what was asked, by gold and by judges; how far these can be trusted."""
    return [state_level1(instructed), *state_level2(instructed)]


def state_level1(instructed: dict) -> Finding:
    """How often SFT and Level 1 did what was asked, and what the truth and judges say."""
    level1, alpha = roles_of(instructed)["level1"], alpha_of(instructed)
    change, rows = change_of(instructed, level1), role_contrast(instructed, "level1")
    sharper, against = beside_sharper(instructed)
    numbers = {"ours": share_of(instructed, level1)["mean"], "theirs": share_of(instructed, "sft")["mean"]}
    numbers |= {"p": change["p_exact"], "seeds": change["seeds"]}
    numbers |= {metric: rows[metric]["estimate"] for metric in ("gold", "judges")} | {"holm": rows["gold"]["p_holm"]}
    beside = ""
    if sharper:
        numbers |= {"sharper": sharper["mean"]}
        beside = "; SFT at its best lower temperature or decoded greedily in {sharper:percent}, and Level 1 is"
        beside += f" {direction(against, alpha, BESIDE)} that"
    over = rows["judges"]["estimate"] > rows["gold"]["ci_high"]
    overstated = ", who overstate it, as those above may" if over else ""
    said = {metric: VERDICT_WORDS[rows[metric]["verdict"]] for metric in ("gold", "judges")}
    text = (
        "**On instructions that a rule can check, SmolLM2 did what was asked in {theirs:percent} of the cases, and"
        f" after Level 1 in {{ours:percent}}** ([its report](results/{instructed['experiment']}/report.md), {{seeds}}"
        f" replicates, exact p {{p:p}}{beside}). By gold, the truth, Level 1 stands {{gold:+.2f}} SFT standard"
        f" deviations from SFT ({said['gold']}, exact p after Holm {{holm:p}}), by judges {{judges:+.2f}}"
        f" ({said['judges']}){overstated}."
    )
    shown = [shown_by_p(row["p_exact"], alpha) for row in (change, against) if row]
    given = {"condition": CONDITION, "confidence": 1 - alpha}
    given["strength"] = max(strength_of(rows["gold"], rows["judges"]), *shown, key=STRENGTHS.index)
    return make("verdict_instructed", QUESTION, text, numbers, **given)


def state_level2(instructed: dict) -> list[Finding]:
    """Whether its arms of Level 2 do better than Level 1; nothing without such arms."""
    level1, numbers, said, verdicts = roles_of(instructed)["level1"], {}, [], []
    for i, arm in enumerate(row["arm"] for row in find_rows(level2_rows(instructed), metric="gold")):
        rows = contrast_of(instructed, arm, level1)
        verdicts.append(rows["gold"])
        numbers |= {f"{metric}_{i}": rows[metric]["estimate"] for metric in ("gold", "judges")}
        numbers |= {f"share_{i}": share_of(instructed, arm)["mean"]}
        asked = change_of(instructed, arm, level1)
        words = [f"{{{metric}_{i}:+.2f}} ({VERDICT_WORDS[rows[metric]['verdict']]})" for metric in ("gold", "judges")]
        said.append(
            f"`{arm}` is {words[0]} by gold and {words[1]} by judges, and does what was asked in {{share_{i}:percent}}"
            f" ({direction(asked, alpha_of(instructed), ASKED)})"
        )
    if not said:
        return []
    ahead = [row["verdict"] == "rose" for row in verdicts]
    opening = "gains by gold" if all(ahead) else "gains by gold with some arms and not with others"
    if not any(ahead):
        behind = all(row["verdict"] == "fell" for row in verdicts)
        opening = "is behind by gold" if behind else "shows no gain by gold"
    text = f"**There Level 2 {opening}.** Less Level 1, {'; '.join(said)}."
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(instructed), "strength": strength_of(*verdicts)}
    return [make("verdict_instructed_level2", QUESTION, text, numbers, **given)]
