"""Whether responses did what was asked, where a rule can tell: in an experiment itself, or one that stands beside."""

import numpy as np

from findings.evidence import exact_sign_flip_p
from findings.finding import Finding, direction, make, shown_by_p, strength_of
from findings.summary import alpha_of, contrast_of, find_row, find_rows, level2_rows, role_contrast, roles_of
from findings.words import VERDICT_WORDS, join

QUESTION = "Did responses do what was asked?"
ASKED, NEW = "all seen", "all held out"  # constraints that training asked for, and those that it did not
OTHERS = {"placebo": "a meaningless reward model's policy", "unpenalised": "a policy without a KL penalty"}


def share_of(summary: dict, arm: str | None, constraint: str = ASKED, decoding: str = "sampled") -> dict:
    """What an arm's responses did of what was asked, on average over constraints; empty if unknown."""
    return find_row(summary.get("compliance") or [], arm=arm, constraint=constraint, decoding=decoding)


def compare_compliance(summary: dict) -> list[dict]:
    """Differences in the share that complies, paired by seed: Level 1 less SFT, Level 2's arms less Level 1."""
    roles, rows = roles_of(summary), []
    pairs = [(roles["level1"], "sft"), *((arm, roles["level1"]) for arm in roles.get("level2", []))]
    for arm, against in pairs:
        for constraint in (ASKED, NEW):
            ours, theirs = (share_of(summary, name, constraint).get("by_seed", {}) for name in (arm, against))
            changes = np.array([ours[seed] - theirs[seed] for seed in ours if seed in theirs])
            if len(changes):
                key = {"arm": arm, "against": against, "constraint": constraint, "seeds": len(changes)}
                rows.append(key | {"estimate": float(changes.mean()), "p_exact": exact_sign_flip_p(changes)})
    return rows


def best_temperature(summary: dict) -> dict:
    """SFT's share at that lower temperature at which it is highest, chosen by the truth itself; empty without any."""
    rows = [row for row in find_rows(summary["compliance"], constraint=ASKED, decoding="sampled")]
    return max((row for row in rows if row["arm"].startswith("sft_0")), key=lambda row: row["mean"], default={})


def state_compliance(summary: dict) -> list[Finding]:
    """Whether responses did what was asked, policies beside SFT; none where no rule can tell."""
    level1 = roles_of(summary)["level1"]
    ours, theirs = share_of(summary, level1), share_of(summary, "sft")
    if not ours or not theirs:
        return []
    numbers, alpha = {"ours": ours["mean"], "theirs": theirs["mean"]}, alpha_of(summary)
    text = "**Level 1's sampled responses do what was asked in {ours:percent} of the cases, SFT's in {theirs:percent}**"
    change = find_row(summary["derived"]["compliance"], arm=level1, constraint=ASKED)
    numbers |= {"p": change["p_exact"]}
    text += " (exact p {p:p})."
    beside = {"greedy": share_of(summary, "sft", decoding="greedy"), "cooler": best_temperature(summary)}
    beside |= {"best": share_of(summary, level1, decoding="best of 16")}
    words = {
        "greedy": "{greedy:percent} decoded greedily",
        "cooler": "{cooler:percent} at its best lower temperature",
        "best": "{best:percent} as the best of 16 by Level 1's reward model",
    }
    numbers |= {name: row["mean"] for name, row in beside.items() if row}
    told = [words[name] for name, row in beside.items() if row]
    text += f" SFT's do in {join(told)}." if told else ""
    new, new_theirs = share_of(summary, level1, NEW), share_of(summary, "sft", NEW)
    if new and new_theirs:
        change = find_row(summary["derived"]["compliance"], arm=level1, constraint=NEW)
        numbers |= {"new": new["mean"], "new_theirs": new_theirs["mean"], "new_p": change["p_exact"]}
        carried = direction(change, alpha, ("carries over", "does harm there", "is not shown to carry over"))
        text += (
            f" To constraints that no training asked for it {carried}: {{new:percent}}, SFT {{new_theirs:percent}}"
            " (exact p {new_p:p})."
        )
    given = {"condition": "exact p < 1 - confidence", "confidence": 1 - alpha}
    found = [make("compliance", QUESTION, text, numbers, strength=shown_by_p(numbers["p"], alpha), **given)]
    return [*found, *state_other_arms(summary), *state_parting(summary)]


def state_other_arms(summary: dict) -> list[Finding]:
    """The share that complies of Level 2's arms, beside Level 1, and of controls."""
    roles, numbers, said = roles_of(summary), {}, []
    for i, arm in enumerate(arm for arm in roles.get("level2", []) if share_of(summary, arm)):
        change = find_row(summary["derived"]["compliance"], arm=arm, constraint=ASKED)
        numbers |= {f"share_{i}": share_of(summary, arm)["mean"], f"p_{i}": change["p_exact"]}
        numbers |= {f"change_{i}": change["estimate"]}
        said.append(f"`{arm}` {{share_{i}:percent}} ({{change_{i}:points}} points to Level 1's, exact p {{p_{i}:p}})")
    for role, words in OTHERS.items():
        row = share_of(summary, roles.get(role))
        if row:
            numbers |= {role: row["mean"]}
            said.append(f"{words} {{{role}:percent}}")
    return [make("compliance_others", QUESTION, f"Of other policies, {join(said)}.", numbers)] if said else []


def state_parting(summary: dict) -> list[Finding]:
    """What of the rise in raters' mean rating is gold, and what is praise and length."""
    ours, theirs = share_of(summary, roles_of(summary)["level1"]), share_of(summary, "sft")
    numbers = {name: ours[name] - theirs[name] for name in ("gold", "rater_bias")}
    text = (
        "In rating points of 0 to 4, Level 1 changed gold by {gold:+.2f} and what raters add for praise and length,"
        " for which nobody asked, by {rater_bias:+.2f}."
    )
    return [make("parting", "Where do raters and truth part?", text, numbers)]


def state_instructed(instructed: dict) -> list[Finding]:
    """What the real model does where the truth is known, and how far to trust its judges; for another's report."""
    level1, alpha = roles_of(instructed)["level1"], alpha_of(instructed)
    ours, theirs, rows = share_of(instructed, level1), share_of(instructed, "sft"), role_contrast(instructed, "level1")
    change = find_row(instructed["derived"]["compliance"], arm=level1, constraint=ASKED)
    numbers = {"ours": ours["mean"], "theirs": theirs["mean"], "p": change["p_exact"], "seeds": change["seeds"]}
    numbers |= {f"level1_{metric}": rows[metric]["estimate"] for metric in ("gold", "judges")}
    numbers |= {"holm": rows["gold"]["p_holm"], "r": instructed["world"]["judge_gold_correlation"]}
    cooler = best_temperature(instructed)
    numbers |= {"cooler": cooler["mean"]} if cooler else {}
    beside = " ({cooler:percent} at its best lower temperature)" if cooler else ""
    text = (
        "**On instructions that a rule can check, where its truth is known, the real model did what was asked in"
        f" {{theirs:percent}} of the cases{beside}, and after Level 1 in {{ours:percent}}**"
        f" ([its report](results/{instructed['experiment']}/report.md), {{seeds}} replicates, exact p {{p:p}}). By gold"
        f" it is {{level1_gold:+.2f}} ({VERDICT_WORDS[rows['gold']['verdict']]}, exact p after Holm {{holm:p}}), by the"
        f" judges {{level1_judges:+.2f}} ({VERDICT_WORDS[rows['judges']['verdict']]}), which on SFT's responses"
        " correlate {r:.2f} with gold within prompts."
    )
    given = {"condition": "as the contrast's verdict; exact p", "confidence": 1 - alpha}
    question = "What does the real model show where its truth is known?"
    found = [make("verdict_instructed", question, text, numbers, strength=strength_of(rows["gold"]), **given)]
    numbers, said, verdicts = {}, [], []
    for i, arm in enumerate(row["arm"] for row in find_rows(level2_rows(instructed), metric="gold")):
        rows = contrast_of(instructed, arm, level1)
        verdicts.append(rows["gold"]["verdict"])
        numbers |= {f"{metric}_{i}": rows[metric]["estimate"] for metric in ("gold", "judges")}
        numbers |= {f"share_{i}": share_of(instructed, arm)["mean"]}
        words = [f"{{{metric}_{i}:+.2f}} ({VERDICT_WORDS[rows[metric]['verdict']]})" for metric in ("gold", "judges")]
        said.append(f"`{arm}` is {words[0]} by gold and {words[1]} by the judges, and does {{share_{i}:percent}}")
    if said:
        opening = "gains by gold" if {"rose"} == {*verdicts} else "has no gain by gold that all its arms share"
        opening = opening if "rose" in verdicts else "shows no gain by gold"
        text = f"**There too Level 2 {opening}.** Less Level 1, {'; '.join(said)} of what was asked."
        text = text.replace("There too", "There") if "rose" in verdicts else text
        found.append(make("verdict_instructed_level2", question, text, numbers, **given))
    return found
