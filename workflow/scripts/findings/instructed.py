"""What the real model does where its truth is known, in the report of another experiment."""

from findings.compliance import NEW, beside_sharper, change_of, share_of
from findings.compliance_words import BESIDE, CHANGES
from findings.contrast_words import CONDITION, say_within
from findings.finding import STRENGTHS, Finding, direction, make, shown_by_p, strength_of
from findings.summary import alpha_of, find_row, find_rows, level2_rows, role_contrast, roles_of
from findings.twice import state_more_epochs
from findings.words import join

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
    beside = ""
    if sharper:
        numbers |= {"sharper": sharper["mean"]}
        beside = "; SFT at its best lower temperature or decoded greedily in {sharper:percent}, and Level 1 is"
        beside += f" {direction(against, alpha, BESIDE)} that"
    text = (
        "**On instructions that a rule can check, SmolLM2 did what was asked in {theirs:percent} of the cases, and"
        f" after Level 1 in {{ours:percent}}** ([its report](results/{instructed['experiment']}/report.md), {{seeds}}"
        f" replicates, exact p {{p:p}}, uncorrected{beside})."
    )
    shown = [shown_by_p(row["p_exact"], alpha) for row in (change, against) if row]
    given = {"condition": CONDITION, "confidence": 1 - alpha}
    given["strength"] = max(strength_of(rows["gold"], rows["judges"]), *shown, key=STRENGTHS.index)
    return make("verdict_instructed", QUESTION, text, numbers, **given)


def state_level2(instructed: dict) -> list[Finding]:
    """Whether its arms of Level 2 do better than Level 1; nothing without such arms."""
    level1, numbers, said, verdicts = roles_of(instructed)["level1"], {}, [], []
    for i, row in enumerate(find_rows(level2_rows(instructed), metric="gold")):
        asked = change_of(instructed, row["arm"], level1)
        verdicts.append(row)
        numbers |= {f"share_{i}": share_of(instructed, row["arm"])["mean"]}
        said.append(f"{{share_{i}:percent}} (`{row['arm']}`, {direction(asked, alpha_of(instructed), ASKED)})")
    if not said:
        return []
    ahead = [row["verdict"] == "rose" for row in verdicts]
    opening = "gains by gold" if all(ahead) else "gains by gold with some arms and not with others"
    if not any(ahead):
        behind = all(row["verdict"] == "fell" for row in verdicts)
        opening = "is behind by gold" if behind else "shows no gain by gold"
    text = f"**There Level 2 {opening}**, and does what was asked in {join(said)}."
    equal = [
        find_row(instructed["equal_kl"], arm=row["arm"], against=level1, metric="gold", seeds=row["seeds"])
        for row in verdicts
    ]
    if all(equal):
        numbers |= {f"equal_{i}": row["estimate"] for i, row in enumerate(equal)}
        numbers["equal_p"] = min(row["p_exact"] for row in equal)
        sizes = join([f"{{equal_{i}:+.2f}}" for i in range(len(equal))])
        shown = "the difference by gold is" if numbers["equal_p"] < alpha_of(instructed) else "no gap by gold is shown:"
        text += f" At equal KL {shown} {sizes} (least p {{equal_p:p}}, {say_within(equal, 'equal', numbers)})."
    more = state_more_epochs(instructed)
    if more and "beside_gold" in more.numbers:
        numbers |= {name: more.numbers[name] for name in ("epochs", "beside_gold", "seeds")}
        text += " With reward models of {epochs:g} epochs it is at {beside_gold:+.2f} ({seeds} replicates, not tested)."
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(instructed), "strength": strength_of(*verdicts)}
    return [make("verdict_instructed_level2", QUESTION, text, numbers, **given)]


def state_limit(real: dict, instructed: dict) -> Finding:
    """What the real model's two experiments cannot tell."""
    level1, train = roles_of(instructed)["level1"], real["lengths"]["train"]
    ours, theirs = (share_of(instructed, arm, NEW).get("mean") for arm in (level1, "sft"))
    text = (
        "**SmolLM2's two experiments.** Human preferences: no gold, no placebo, {pairs} pairs. Instructions: raters are"
        " simulated"
    )
    if ours is not None:
        changed = direction(change_of(instructed, level1, constraint=NEW), alpha_of(instructed), CHANGES)
        text += f", and doing what no training asked for {changed} ({{theirs:percent}} to {{ours:percent}})"
    numbers = {"pairs": train.get("balanced_pairs", train["kept_pairs"]), "ours": ours, "theirs": theirs}
    return make("limit_real", "What can this not tell?", f"{text}.", numbers)
