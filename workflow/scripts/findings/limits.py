"""What an experiment cannot tell, and what did not work."""

from findings.finding import Finding, make
from findings.summary import (
    alpha_of,
    by_seed,
    contrast_of,
    find_arm,
    find_row,
    find_rows,
    is_pocket,
    kinds_of_levels,
    level2_rows,
    roles_of,
    seeds_of_contrast,
)
from findings.units import PRIMARY_KIND
from findings.words import join

LIMITS = {
    "limit_world": "**The world is small.** Held-out prompts are new texts, and not new tasks.",
    "limit_simulated": "**Raters are simulated.** Gold knows whether the topic is named, and not whether what is"
    " said of it is true.",
    "limit_model": "**One small SFT model, trained from scratch** on responses of poor writers. All replicates start"
    " from it and share the judges: no interval tells of others.",
    "limit_judges": "**Judges may err as the reward models do.** They are of the same make and learned from raters of"
    " the same kind. Where those err together, only gold can tell.",
    "limit_gold": "**There is no gold rating.** Judges learn from the same data set as the reward models, and"
    " share the biases of those who rated it.",
}


def limits_that_hold(summary: dict) -> set[str]:
    """Which of those are true of an experiment."""
    if not summary["world"]:
        return {"limit_gold"}
    return {"limit_world", "limit_model", "limit_judges"} if is_pocket(summary) else {"limit_simulated", "limit_judges"}


def state_limits(summary: dict) -> list[Finding]:
    """What the experiment cannot tell."""
    seeds, question = len(summary["seeds"]), "What can this not tell?"
    few = "no exact two-sided test can show anything with so few: nothing here excludes chance"
    enough = "a difference smaller than those named below may well be there"
    alpha, tests = alpha_of(summary), max(summary["derived"]["tests"].values(), default=1)
    text = (
        f"**Few replicates.** {{seeds}} seed{'s' if seeds > 1 else ''}:"
        f" {few if summary['derived']['smallest_p'] * tests >= alpha else enough}."
    )
    found = [make("limit_seeds", question, text, {"seeds": seeds}, confidence=1 - alpha)]
    found += [make(name, question, words) for name, words in LIMITS.items() if name in limits_that_hold(summary)]
    if len(summary["settings"]["judges"][PRIMARY_KIND]) == 1:
        text = (
            "**One judge of the SFT model's make** is what *judges* means here. Another, of another seed, may differ."
        )
        found.append(make("limit_one_judge", question, text))
    if "placebo" not in roles_of(summary):
        text = (
            "**There is no placebo.** What a policy gains from a reward model that learned nothing is not known here."
        )
        found.append(make("limit_placebo", question, text))
    read = {*summary["settings"]["evaluation"].get("proxy_seeds", summary["seeds"])} & {*summary["seeds"]}
    if len(read) < seeds:
        text = (
            "**Proxy rewards are known of {read} of {seeds} replicates.** In the others the reward models that policies"
            " learned from did not read the held-out responses; judges did."
        )
        found.append(make("limit_proxy", question, text, {"read": len(read), "seeds": seeds}))
    return found


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
    chance = " So that is left to chance: beside" if numbers["worth_low"] < 0 < numbers["worth_high"] else " Beside"
    text = (
        f"{chance} finished responses to the same prompt, SFT's cut-off ones stand at"
        " {worth_low:+.2f} to {worth_high:+.2f} SFT standard deviations by reward models of {replicates} replicates,"
        " at {judges_low:+.2f} to {judges_high:+.2f} by the {judges} judges of all makes."
    )
    ended = find_row(summary["worth_of_the_end"], scorer="judges_with_end")
    if ended:
        numbers |= {"ended_low": ended["low"], "ended_high": ended["high"]}
        text += " With an end mark behind them they stand at {ended_low:+.2f} to {ended_high:+.2f}."
    more = []
    for i, row in enumerate(summary["derived"]["end_gaps"]):
        numbers |= {f"gap_{i}": row["estimate"], f"gap_{i}_p": row["p_exact"]}
        more.append(f"`{row['arm']}` {{gap_{i}:+.2f}} (exact p {{gap_{i}_p:p}})")
    if more:
        text += f" Beside Level 1's models those of Level 2 give them: {join(more)}; asked afterwards."
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
    kept = row["moved_cut_off"] < row["moved_ended"]
    text = (
        f" Training {'leaves such responses near where' if kept else 'moves such responses from where'} the head, drawn"
        " at random, had put them: it moves them by {moved_cut_off:.2f} SFT standard deviations and finished ones by"
        " {moved_ended:.2f} (means of {models} models). Pairs fix differences between finished responses, and not their"
        " level. The untrained head's value for cut-off ones, less the trained model's for finished ones, tells in"
        " {told} of {models} models which of the two it prefers."
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
    means, row = find_arm(summary["arms"], arm), contrast_of(summary, arm, level1)["judges"]
    numbers = {"fixed": summary["settings"]["arms"][arm]["cut_off_reward"], "tried": row["seeds"]}
    numbers |= {"ended": means["finished"], "ended_judges": row["estimate"]}
    text = (
        f" The usual remedy, a fixed reward of {{fixed:g}} for a response without an end (`{arm}`, asked afterwards,"
        f" {{tried}} replicates), makes {{ended:percent}} of them finish; the judges put it {{ended_judges:+.2f}}"
        f" beside `{level1}` there."
    )
    for i, other in enumerate(arms[1:]):
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


def state_failures(summary: dict) -> list[Finding]:
    """What did not work, of what can be read from numbers."""
    found, question = [], "What did not work?"
    rows = level2_rows(summary)
    if rows and not find_rows(rows, verdict="rose"):
        text = "**The distribution.** Here no reading of it is shown to be ahead of the scalar reward, by any metric."
        found.append(make("failed_distribution", question, text, condition="no arm of Level 2 rose"))
    shown = {roles_of(summary)["level1"], *roles_of(summary).get("level2", [])}
    cut = [row for row in summary["cut_off"] if row["arm"] in shown]
    if cut:
        numbers = {"max_new_tokens": summary["settings"]["lengths"]["max_new_tokens"]}
        numbers["share"] = summary["settings"]["findings"]["cut_off"]
        said = []
        for i, row in enumerate(cut):
            numbers |= {f"cut_{i}": row["cut_off"], f"seeds_{i}": row["seeds"], f"least_{i}": row["least"]}
            said.append(
                f"`{row['arm']}` in {{cut_{i}}} of {{seeds_{i}}} replicates (the worst finishes {{least_{i}:percent}})"
            )
        text = (
            f"**Length came back.** Policies learned to be cut off at {{max_new_tokens}} tokens, so that they finish"
            f" less than {{share:percent}} of what SFT does: {join(said)}. Pairs hold whole responses only: none told"
            " the reward models what a response without an end is worth."
        )
        for tell in (worth_of_the_end, untrained_heads, remedy):
            more, known = tell(summary)
            text, numbers = text + more, numbers | known
        given = {"condition": "a replicate finishes less than cut_off times SFT's share"}
        given["cut_off"] = summary["settings"]["findings"]["cut_off"]
        found.append(make("failed_length", question, text, numbers, **given))
    judged = summary["derived"]["predictions"]
    made, wrong = [row for row in judged if row["judged"] != "-"], find_rows(judged, judged="no")
    if rows and wrong:
        names = join([f"{row['name']} by {row['metric']}" for row in wrong])
        text = (
            f"**Predicting RL from best of n** failed in {{wrong}} of {{made}} predictions ({names}): choosing among"
            f" SFT's responses does not show what a policy does that may leave them."
        )
        found.append(make("failed_predictions", question, text, {"wrong": len(wrong), "made": len(made)}))
    accuracy = summary["derived"]["models"][kinds_of_levels(summary)[0]]["accuracy"]["mean"]
    lowest = summary["settings"]["findings"]["accuracy_wanted"][0]
    if summary["world"] and accuracy < lowest:
        text = (
            "**Reward models.** Their accuracy of {accuracy:percent1} is below the {lowest:percent} wanted of this"
            " world."
        )
        found.append(
            make(
                "failed_accuracy",
                question,
                text,
                {"accuracy": accuracy},
                condition="accuracy < accuracy_wanted",
                lowest=lowest,
            )
        )
    if is_pocket(summary):
        text = (
            "**The first version of this report.** Four conclusions fell in a review; the appendix on method"
            " names them."
        )
        found.append(make("failed_first_version", question, text))
    return found
