"""What came of reward models that were trained for longer."""

from findings.contrast_words import in_order, line_between_arms
from findings.derived import compare_training
from findings.finding import Finding, direction, make, shown_by_p, strength_of
from findings.summary import alpha_of, contrast_of, find_rows, roles_of
from findings.words import VERDICT_WORDS, join, short_metric


def state_longer(longer: dict) -> list[Finding]:
    """What came of reward models trained for longer, scalar and over ratings."""
    found, alpha = compare_training(longer), alpha_of(longer)
    rows = {row["metric"]: row for row in find_rows(longer["contrasts"], name="longer", decoding="sampled")}
    one = next(iter(rows.values()))
    kind = longer["settings"]["arms"][one["arm"]]["reward_model"]
    numbers = {"epochs": longer["settings"]["reward_models"][kind]["epochs"], "seeds": len(longer["seeds"])}
    said = []
    for row in in_order(rows):
        metric = row["metric"]
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
    changed = [row for row in changes if row["p_exact"] < alpha]
    text = (
        f"**{opening}.** With reward models of {{epochs:g}} epochs, a policy trained on the mean rating is, against"
        f" one trained on the scalar reward, {join(said)}. "
    )
    text += f"That this difference changed from the shorter training is {'' if changed else 'not '}shown. "
    before = contrast_of(longer, one["against"], roles_of(longer)["level1"])
    if before:
        gains = []
        for row in in_order(before):
            metric = row["metric"]
            numbers |= {f"alone_{metric}": row["estimate"], f"alone_{metric}_p": row["p_exact"]}
            size = f"{{alone_{metric}:+.2f}}, p {{alone_{metric}_p:p}}"
            gains.append(f"{VERDICT_WORDS[row['verdict']]} by {short_metric(metric)} ({size})")
        text += f"Level 1 after the longer training is, against Level 1 after the shorter, {join(gains)}. "
    text += "Asked afterwards: exploratory."
    condition = "as the contrast's verdict; a change: exact p < 1 - confidence"
    result = [
        make(
            "longer",
            "Was it trained too little?",
            text,
            numbers,
            strength=strength_of(*rows.values()),
            condition=condition,
            confidence=1 - alpha,
        )
    ]
    numbers = {"after": found["gap"]["estimate"], "after_p": found["gap"]["p_exact"]}
    numbers |= {f"change_{row['metric']}": row["estimate"] for row in changes} | {
        f"p_{row['metric']}": row["p_exact"] for row in changes
    }
    change = ("rose", "fell", "was not shown to change")
    told = [
        f"by {short_metric(row['metric'])} {direction(row, alpha, change)} ({{change_{row['metric']}:+.2f}}, p"
        f" {{p_{row['metric']}:p}})"
        for row in found["changes"]
    ]
    told.append(
        f"the gap in accuracy {direction(changes[-1], alpha, change)} ({{change_gap:points}} points, p {{p_gap:p}})"
    )
    text = (
        "The gap in accuracy, paired by seed, is {after:points} points (p {after_p:p}) after the longer training."
        f" From the shorter training to the longer, seed by seed, the policies' difference {join(told)}."
    )
    strength = shown_by_p(max(row["p_exact"] for row in changes), alpha)
    result.append(
        make(
            "longer_change", "What did longer training change?", text, numbers, strength=strength, confidence=1 - alpha
        )
    )
    return result + [line_between_arms(longer, row, f"line_longer_{metric}") for metric, row in rows.items()]
