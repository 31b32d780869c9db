"""What came of reward models that were trained for longer; all within one run."""

from findings.contrast_words import in_order, line_between_arms
from findings.derived import compare_training
from findings.finding import Finding, direction, make, shown_by_p, strength_of
from findings.level2_why import EXPLAINS
from findings.summary import alpha_of, contrast_of, find_rows
from findings.words import VERDICT_WORDS, join, short_metric

TO_LEVEL1 = {"rose": "ahead of", "fell": "behind", "equivalent": "equivalent to", "inconclusive": "not told apart from"}
CHANGED = ("rose", "fell", "was not shown to change")


def contrast_named(longer: dict, name: str) -> dict[str, dict]:
    """The rows of a contrast by metric, gold first; sampled responses."""
    rows = {row["metric"]: row for row in find_rows(longer["contrasts"], name=name, decoding="sampled")}
    return {row["metric"]: row for row in in_order(rows)}


def say_alone(longer: dict, numbers: dict[str, float]) -> str:
    """What the longer training changes of each level's own policy; adds to `numbers`."""
    after, before, text = contrast_named(longer, "longer"), contrast_named(longer, "mean"), ""
    for level, side in (("1", "against"), ("2", "arm")):
        arms = [next(iter(rows.values()))[side] for rows in (after, before)]
        gains = []
        for row in in_order(contrast_of(longer, *arms)):
            name = f"alone{level}_{row['metric']}"
            numbers |= {name: row["estimate"], f"{name}_p": row["p_exact"]}
            verdict = VERDICT_WORDS[row["verdict"]]
            gains.append(f"{verdict} by {short_metric(row['metric'])} ({{{name}:+.2f}}, p {{{name}_p:p}})")
        if gains:
            text += f"Level {level} after the longer training is, against itself after the shorter, {join(gains)}. "
    return text


def state_longer(longer: dict) -> list[Finding]:
    """What came of reward models trained for longer, scalar and over ratings."""
    found, alpha, rows = compare_training(longer), alpha_of(longer), contrast_named(longer, "longer")
    kind = longer["settings"]["arms"][next(iter(rows.values()))["arm"]]["reward_model"]
    numbers = {"epochs": longer["settings"]["reward_models"][kind]["epochs"], "seeds": len(longer["seeds"])}
    said = []
    for metric, row in rows.items():
        numbers[metric] = row["estimate"]
        said.append(f"{VERDICT_WORDS[row['verdict']]} by {short_metric(metric)} ({{{metric}:+.2f}})")
    verdicts = {row["verdict"] for row in rows.values()}
    opening = (
        "More training is not shown to bring Level 2 a gain over Level 1"
        if "inconclusive" in verdicts
        else "More training brings Level 2 no gain over Level 1"
    )
    opening = "With more training Level 2 is ahead of Level 1" if "rose" in verdicts else opening
    changes = [*found["changes"], found["change_in_gap"] | {"metric": "gap"}]
    changed = any(row["p_exact"] < alpha for row in found["changes"])
    text = (
        f"**{opening}.** With reward models of {{epochs:g}} epochs, a policy trained on the mean rating is, against"
        f" one trained on the scalar reward, {join(said)}. That this difference changed from the shorter training is"
        f" {'' if changed else 'not '}shown. {say_alone(longer, numbers)}Asked afterwards: exploratory."
    )
    given = {"strength": strength_of(*rows.values()), "confidence": 1 - alpha}
    given["condition"] = "as the contrast's verdict; a change: exact p < 1 - confidence"
    stated = [make("longer", "Was it trained too little?", text, numbers, **given), state_change(found, changes, alpha)]
    if {"alone1_gold", "alone2_gold"} <= {*numbers}:
        stated.append(state_short(rows["gold"], found, numbers, given))
    return stated + [line_between_arms(longer, row, f"line_longer_{metric}") for metric, row in rows.items()]


def state_short(row: dict, found: dict, numbers: dict[str, float], given: dict) -> Finding:
    """The same by gold, in short."""
    change = next(change for change in found["changes"] if change["metric"] == "gold")
    text = (
        "**With reward models trained for {epochs:g} epochs the mean rating is"
        f" {TO_LEVEL1[row['verdict']]} Level 1 by gold** ({{gold:+.2f}}; `longer`, asked afterwards). The longer"
        " training changes its policy by {alone2_gold:+.2f} (p {alone2_gold_p:p}), Level 1's by {alone1_gold:+.2f} (p"
        " {alone1_gold_p:p}; p of the difference {change_p:p})."
    )
    names = ("epochs", "gold", "alone1_gold", "alone1_gold_p", "alone2_gold", "alone2_gold_p")
    told = {name: numbers[name] for name in names} | {"change_p": change["p_exact"]}
    return make("longer_short", EXPLAINS, text, told, **given | {"strength": strength_of(row)})


def state_change(found: dict, changes: list[dict], alpha: float) -> Finding:
    """What changed from the shorter training to the longer: the policies' difference, and the models'."""
    numbers = {"after": found["gap"]["estimate"], "after_p": found["gap"]["p_exact"]}
    numbers |= {f"change_{row['metric']}": row["estimate"] for row in changes}
    numbers |= {f"p_{row['metric']}": row["p_exact"] for row in changes}
    told = [
        f"by {short_metric(row['metric'])} {direction(row, alpha, CHANGED)} ({{change_{row['metric']}:+.2f}}, p"
        f" {{p_{row['metric']}:p}})"
        for row in found["changes"]
    ]
    told.append(
        f"the gap in accuracy {direction(changes[-1], alpha, CHANGED)} ({{change_gap:points}} points, p {{p_gap:p}})"
    )
    text = (
        "The gap in accuracy, paired by seed, is {after:points} points (p {after_p:p}) after the longer training. From"
        f" the shorter training to the longer, seed by seed, the policies' difference {join(told)}."
    )
    strength = shown_by_p(max(row["p_exact"] for row in changes), alpha)
    question = "What did longer training change?"
    return make("longer_change", question, text, numbers, strength=strength, confidence=1 - alpha)
