"""What is said of policies that go on until they are cut off: how many, why, and what helps."""

from findings.finding import Finding, make
from findings.summary import (
    alpha_of,
    by_seed,
    contrast_of,
    find_arm,
    find_row,
    level2_rows,
    other_makes,
    roles_of,
    seeds_of_contrast,
)
from findings.words import join, list_arms, short_metric

WHY = "Why do policies go on until they are cut off?"


def worth_of_the_end(summary: dict) -> tuple[str, dict[str, float]]:
    """What reward models and judges give responses without an end, and whether policies follow; nothing if unknown."""
    judges = find_row(summary["worth_of_the_end"], scorer="judges")
    shown = [roles_of(summary)["level1"], *roles_of(summary).get("level2", [])]
    ours = [row for row in summary["worth_of_the_end"] if row["scorer"] in shown]
    if not ours or not judges:
        return "", {}
    numbers = {"worth_low": min(row["low"] for row in ours), "worth_high": max(row["high"] for row in ours)}
    numbers["replicates"] = max(row["of"] for row in ours)
    numbers |= {"judges_low": judges["low"], "judges_high": judges["high"], "judges": judges["of"]}
    numbers["cut_off_share"] = summary["lengths"]["train"].get("cut_off_share", 0.0)
    if numbers["cut_off_share"]:
        text = (
            "**The pairs hold responses that are cut off**: {cut_off_share:percent} of those that reward models learn"
            " from, and raters tell what they are worth. Beside"
        )
    else:
        text = "**No training pair holds a response that is cut off.**"
        chance = numbers["worth_low"] < 0 < numbers["worth_high"]
        text += f"{' So chance decides how a reward model rates one.' if chance else ''} Beside"
    text += (
        " finished responses to the same prompt, SFT's cut-off ones stand at"
        " {worth_low:+.2f} to {worth_high:+.2f} SFT standard deviations by reward models of {replicates} replicates."
        " By the {judges} judges of all makes they stand at {judges_low:+.2f} to {judges_high:+.2f}."
    )
    ended = find_row(summary["worth_of_the_end"], scorer="judges_with_end")
    if ended:
        numbers |= {"ended_low": ended["low"], "ended_high": ended["high"]}
        text += " With an end mark behind them, judges put them at {ended_low:+.2f} to {ended_high:+.2f}."
    more = []
    for i, row in enumerate(summary["derived"]["end_gaps"]):
        numbers |= {f"gap_{i}": row["estimate"], f"gap_{i}_p": row["p_exact"]}
        more.append(f"{{gap_{i}:+.2f}} (`{row['arm']}`, exact p {{gap_{i}_p:p}})")
    if more:
        any_shown = any(row["p_exact"] < alpha_of(summary) for row in summary["derived"]["end_gaps"])
        text += f" Level 2's models rate them {join(more)} from Level 1's. This was asked afterwards"
        text += f"{'' if any_shown else '; it may be chance'}."
    followed = []
    for i, row in enumerate(row for row in ours if row["correlation"] is not None):
        numbers |= {f"follows_{i}": row["correlation"], f"follows_{i}_p": row["p_exact"]}
        followed.append(f"`{row['scorer']}` {{follows_{i}:+.2f}} (exact p {{follows_{i}_p:p}})")
    if followed:
        text += f" Correlation over replicates with the share that the policy finishes: {join(followed)}."
    return text, numbers


def untrained_heads(summary: dict) -> tuple[str, dict[str, float]]:
    """Why reward models part on responses without an end: what training leaves as it found it; nothing if unknown."""
    row = summary.get("untrained")
    if not row:
        return "", {}
    shown = [roles_of(summary)["level1"], *roles_of(summary).get("level2", [])]
    numbers = {name: row[name] for name in ("models", "moved_ended", "moved_cut_off", "told")}
    kept = row["moved_cut_off"] < row["moved_ended"] / 2
    left = " So a cut-off response keeps the score that the head, drawn at random, gave it." if kept else ""
    text = (
        f"**Training {'hardly moves' if kept else 'moves'} the scores of cut-off responses.** It moves them by"
        " {moved_cut_off:.2f} SFT standard deviations, and the scores of finished ones by {moved_ended:.2f} (means of"
        f" {{models}} models).{left} Pairs fix differences of scores and not their level, so finished"
        " responses may end anywhere. Take the untrained head's score of cut-off responses, less the trained model's of"
        " finished ones: its sign tells in {told} of {models} models which the model prefers."
    )
    followed = []
    for i, part in enumerate(
        part for part in row["follows"] if part["arm"] in shown and part["correlation"] is not None
    ):
        numbers |= {f"told_{i}": part["correlation"], f"told_{i}_p": part["p_exact"]}
        followed.append(f"`{part['arm']}` {{told_{i}:+.2f}} (exact p {{told_{i}_p:p}})")
    if followed:
        text += (
            " Correlation of that over replicates with the share that the policy finishes, asked afterwards:"
            f" {join(followed)}."
        )
    return text, numbers


def remedy(summary: dict) -> tuple[str, dict[str, float]]:
    """What a fixed reward for responses without an end changes; nothing if that was not tried."""
    arms, level1 = roles_of(summary).get("ended"), roles_of(summary)["level1"]
    if not arms:
        return "", {}
    arm = arms[0]
    means, row = find_arm(summary["arms"], arm), contrast_of(summary, arm, level1).get("judges")
    if not row:
        return "", {}
    numbers = {"fixed": summary["settings"]["arms"][arm]["cut_off_reward"], "tried": row["seeds"]}
    numbers |= {"ended": means["finished"], "ended_judges": row["estimate"]}
    text = (
        f"**The usual remedy**, a fixed reward of {{fixed:g}} for a response without an end (`{arm}`, asked afterwards,"
        f" {{tried}} replicates), makes {{ended:percent}} of them finish; the judges put it {{ended_judges:+.2f}}"
        f" beside `{level1}` there."
    )
    beside_it = [other for other in arms[1:] if contrast_of(summary, other, arm)]
    for i, other in enumerate(beside_it):
        means, row = find_arm(summary["arms"], other), contrast_of(summary, other, arm)["judges"]
        plain = contrast_of(summary, without_remedy(summary, other), level1)["judges"]
        tried = seeds_of_contrast(summary, row)
        beside = [value for seed, value in by_seed(summary, plain).items() if seed in tried]
        numbers |= {f"other_ended_{i}": means["finished"], f"other_judges_{i}": row["estimate"]}
        numbers |= {f"least_{i}_with": min(row["by_seed"]), f"most_{i}_with": max(row["by_seed"])}
        numbers |= {f"least_{i}_without": min(beside), f"most_{i}_without": max(beside)}
        text += (
            f" With it `{other}` finishes {{other_ended_{i}:percent}}; the judges put it {{other_judges_{i}:+.2f}}"
            f" beside `{arm}`, from {{least_{i}_with:+.2f}} to {{most_{i}_with:+.2f}} in single replicates, and without"
            f" it, in the same replicates, `{plain['arm']}` from {{least_{i}_without:+.2f}} to"
            f" {{most_{i}_without:+.2f}} beside `{level1}`."
        )
    return text, numbers


def without_remedy(summary: dict, arm: str) -> str:
    """The arm of Level 2 that differs from this one in its remedy alone."""
    arms = summary["settings"]["arms"]
    alike = ("reward_model", "signal")
    return next(
        other for other in roles_of(summary)["level2"] if all(arms[other].get(k) == arms[arm].get(k) for k in alike)
    )


def say_price(summary: dict, arms: list[str]) -> tuple[str, dict[str, float]]:
    """Whether judges put an arm lower where it finishes less than Level 1, over replicates; nothing if unknown."""
    numbers, said = {}, []
    for metric in ("judges", *other_makes(summary)):
        place = {"against": roles_of(summary)["level1"], "metric": metric, "beside": "finished"}
        rows = [find_row(summary["relations"], arm=arm, **place) for arm in arms]
        if not all(row.get("correlation") is not None for row in rows):
            continue
        numbers |= {f"{metric}_{i}": row["correlation"] for i, row in enumerate(rows)}
        numbers |= {f"{metric}_{i}_p": row["p_exact"] for i, row in enumerate(rows)}
        each = [f"{{{metric}_{i}:+.2f}} (p {{{metric}_{i}_p:p}})" for i in range(len(rows))]
        said.append(f"{join(each)} by {short_metric(metric)}")
    if not said:
        return "", {}
    text = " Over replicates the difference from Level 1 correlates with that in the share that is finished:"
    return f"{text} {'; '.join(said)}. Looked at afterwards.", numbers


def state_cut_off(summary: dict) -> list[Finding]:
    """Which arms are cut off, what that comes from, and the remedy; none where all end as SFT does."""
    level2 = roles_of(summary).get("level2", [])
    cut = [row for row in summary["cut_off"] if row["arm"] in (roles_of(summary)["level1"], *level2)]
    if not cut:
        return []
    numbers = {"max_new_tokens": summary["settings"]["lengths"]["max_new_tokens"]}
    numbers["share"] = summary["settings"]["findings"]["cut_off"]
    said = []
    for i, row in enumerate(cut):
        numbers |= {f"cut_{i}": row["cut_off"], f"seeds_{i}": row["seeds"], f"least_{i}": row["least"]}
        said.append(
            f"`{row['arm']}` in {{cut_{i}}} of {{seeds_{i}}} replicates (the worst finishes {{least_{i}:percent}})"
        )
    text = (
        "**Length came back.** Some policies learned to go on until they are cut off at {max_new_tokens} tokens. They"
        f" finish less than {{share:percent}} of the share that SFT finishes: {join(said)}."
    )
    given = {"condition": "a replicate finishes less than cut_off times SFT's share"}
    given["cut_off"] = summary["settings"]["findings"]["cut_off"]
    found = [make("failed_length", "What did not work?", text, numbers, **given)]
    tellers = {"failed_length_why": worth_of_the_end, "failed_length_start": untrained_heads}
    for name, tell in (tellers | {"failed_length_remedy": remedy}).items():
        text, numbers = tell(summary)
        found += [make(name, WHY, text, numbers)] if text else []
    tested = {row["arm"] for row in level2_rows(summary)}
    ours = [row["arm"] for row in cut if row["arm"] in tested]
    if ours:
        text, numbers = say_price(summary, ours)
        text = (
            f"**Some replicates of {list_arms(ours)} go on until they are cut off.**{text} [Why](#what-did-not-work)."
        )
        found.append(make("length_explains", "What explains how Level 2 compares?", text, numbers))
    return found
