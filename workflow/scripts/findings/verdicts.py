"""The words of the report and of the verdict: each follows from a contrast's verdict field, and from nothing else."""

from findings.evidence import exact_sign_flip_p
from findings.summary import family_size, find_arm, find_contrast, find_row, level2_rows, paired_by_seed

LEVEL = 0.05
METRIC_NAMES = {"judges": "the judges", "own": "the reward model it was trained on", "gold": "the gold rating"}


def name_metric(metric: str) -> str:
    """A metric in words; what is not named above is a kind of judges of another make."""
    return METRIC_NAMES.get(metric, f"the judges `{metric}`, of another make")


def format_p(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "< 0.0001"


def state_size(row: dict) -> str:
    """Estimate, interval and p of a contrast."""
    return (
        f"{row['estimate']:+.2f} SFT standard deviations (interval {row['ci_low']:+.2f} to {row['ci_high']:+.2f},"
        f" {row['seeds']} seed{'s' if row['seeds'] > 1 else ''}, exact p after Holm {format_p(row['p_holm'])})"
    )


def state_verdict(row: dict) -> str:
    """A contrast against SFT in words that follow from its verdict field."""
    words = {
        "rose": "rose",
        "fell": "fell",
        "equivalent": "changed by less than what matters",
        "inconclusive": "was not shown to change",
    }[row["verdict"]]
    return f"By {name_metric(row['metric'])}, the mean reward on held-out prompts {words}: {state_size(row)}."


def state_comparison(row: dict, margin: float) -> str:
    """A contrast between two arms in words that follow from its verdict field."""
    words = {
        "rose": f"is ahead of `{row['against']}`",
        "fell": f"is behind `{row['against']}`",
        "equivalent": f"is equivalent to `{row['against']}` (within ±{margin:g}, p {format_p(row['equivalence_p'])})",
        "inconclusive": f"is not shown to differ from `{row['against']}`",
    }[row["verdict"]]
    small = ", by less than what matters" if row["verdict"] in ("rose", "fell") and row["equivalence_p"] < LEVEL else ""
    return f"By {name_metric(row['metric'])}, `{row['arm']}` {words}{small}: {state_size(row)}."


def state_levels(summary: dict) -> list[str]:
    """The answers to both questions, and a line a metric."""
    lines = ["Level 1, REINFORCE with b_MA against SFT:"]
    lines += [state_verdict(row) for row in find_contrast(summary["contrasts"], "level1").values()]
    levels = level2_rows(summary)
    if levels:
        lines.append("Level 2, a reward model over ratings against Level 1:")
        margin = summary["settings"]["equivalence_margin"]
        lines += [state_comparison(row, margin) for row in levels]
    return lines


def list_arms(rows: list[dict]) -> str:
    """The arms of contrasts, as code, with commas and an "and"."""
    names = [f"`{row['arm']}`" for row in rows]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def answer_level1(summary: dict) -> str:
    """Did the mean reward rise? One sentence."""
    rows = find_contrast(summary["contrasts"], "level1")
    primary = rows[summary["primary_metric"]]
    opening = {"rose": "Yes", "fell": "No, it fell", "equivalent": "No", "inconclusive": "That is not shown"}
    words = {"rose": "rose", "fell": "fell", "equivalent": "changed by less than what matters"}
    words["inconclusive"] = "is not shown to have changed"
    verdict, size = primary["verdict"], f"{primary['estimate']:+.2f} SFT standard deviations"
    text = f"{opening[verdict]}: on held-out prompts it {words[verdict]}, {size} by judges that no policy was trained"
    tests = family_size(summary, primary)
    smallest = ""
    if primary["p_holm"] < 0.05 and primary["p_holm"] <= tests * 2 / 2 ** primary["seeds"]:
        smallest = f", the smallest that {primary['seeds']} seeds and {tests} tests allow"
    text += f" against (exact p after Holm {format_p(primary['p_holm'])}{smallest})"
    if "gold" in rows:
        gold = rows["gold"]
        text += f"; the gold rating, which no model saw, {words[gold['verdict']]} ({gold['estimate']:+.2f})"
    return text + "."


def qualify_level1(summary: dict) -> str:
    """How much of Level 1's gain greedy decoding of the SFT model has too, and what is left where both are greedy."""
    greedy, sft = (
        find_contrast(summary["contrasts"], "level1", "greedy"),
        find_arm(summary["arms"], "sft", "greedy"),
    )
    metrics = [metric for metric in ("judges", "gold") if metric in greedy]
    stands = " and ".join(f"{sft[metric]:+.2f} by {name_metric(metric)}" for metric in metrics)
    adds = " and ".join(f"{greedy[metric]['estimate']:+.2f}" for metric in metrics)
    sharpened = find_contrast(summary["contrasts"], "level1")["judges"]["verdict"] == "rose" and sft["judges"] > 0
    return (
        ("Part of that is sharpening: " if sharpened else "")
        + f"SFT, merely decoded greedily, stands at {stands} against its own sampled responses;"
        f" where both are greedy, the policy adds {adds}."
    )


def compare_groups(rows: list[dict], margin: float) -> str:
    """Which arms are ahead of Level 1, behind it, equivalent to it or not told apart, and their range of estimates."""
    words = {"rose": "ahead of Level 1", "fell": "behind Level 1"}
    words |= {"equivalent": f"equivalent to Level 1 within ±{margin:g}", "inconclusive": "not told apart from Level 1"}
    said = []
    for verdict, meaning in words.items():
        some = [row for row in rows if row["verdict"] == verdict]
        if some:
            small = verdict in ("rose", "fell") and all(row["equivalence_p"] < LEVEL for row in some)
            meaning += ", by less than what matters" if small else ""
            said.append(f"{list_arms(some)} {'is' if len(some) == 1 else 'are'} {meaning}")
    spread = [row["estimate"] for row in rows]
    sizes = f"{spread[0]:+.2f}" if len(rows) == 1 else f"{min(spread):+.2f} to {max(spread):+.2f}"
    return f"{', '.join(said)} ({sizes} SFT standard deviations)"


def state_power(rows: list[dict], summary: dict) -> str:
    """What differences tests that decided nothing could have found, as a clause; empty where there are none."""
    if not rows:
        return ""
    sizes = [row["minimum_detectable"] for row in rows]
    if None in sizes:
        tests, seeds = family_size(summary, rows[0]), rows[0]["seeds"]
        return f"; there, {seeds} seed{'s are' if seeds > 1 else ' is'} too few for {tests} tests to find anything"
    reach, power = f"{min(sizes):.2f}", 100 * summary["settings"]["power"]
    reach += f" to {max(sizes):.2f}" if len(sizes) > 1 else ""
    return f"; there, only differences of {reach} could have been found (with a power of {power:.0f} %)"


def answer_level2(summary: dict) -> str:
    """Did a distribution over ratings make it better? By the judges, and where there is gold, by gold."""
    levels, margin = level2_rows(summary), summary["settings"]["equivalence_margin"]
    judged = [row for row in levels if row["metric"] == summary["primary_metric"]]
    if not judged:
        return ""
    ahead = [row for row in judged if row["verdict"] == "rose"]
    opening = "Yes" if len(ahead) == len(judged) else "In part" if ahead else "No gain is shown"
    text = f"{opening}: by the judges {compare_groups(judged, margin)}."
    golden = [row for row in levels if row["metric"] == "gold"]
    if golden:
        text += f" By gold {compare_groups(golden, margin)}"
        text += state_power([row for row in golden if row["verdict"] == "inconclusive"], summary)
        signs = {row["estimate"] < 0 for row in golden}
        if len(signs) == 1 and {row["verdict"] for row in golden} <= {"inconclusive", "equivalent"}:
            text += f", and every estimate lies {'below' if True in signs else 'above'} Level 1"
        text += "."
    return text


def list_reasons(summary: dict) -> list[str]:
    """What was measured that explains how Level 2 compares with Level 1; nothing that was not seen."""
    agreement = summary["agreement"]
    mean_win, mean_risk = (find_row(agreement, arm="level2_mean", other=f"level2_{name}") for name in ("win", "risk"))
    mean_scalar = find_row(agreement, arm="level2_mean", other="level1_scalar")
    scalar_seeds = find_row(agreement, arm="level1_scalar", other="another seed")
    rated, scalar = ([row for row in summary["reward_models"] if row["kind"] == kind] for kind in ("ratings", "scalar"))
    reasons = []
    if mean_win and mean_risk and min(mean_win["correlation"], mean_risk["correlation"]) > 0.9:
        reasons.append(
            "the ways to read the distribution order SFT's responses almost alike (correlations of the mean rating:"
            f" {mean_win['correlation']:.2f} with the win probability, {mean_risk['correlation']:.2f} with the"
            " risk-averse rating)"
        )
    if mean_scalar and scalar_seeds and mean_scalar["correlation"] > scalar_seeds["correlation"] - 0.1:
        reasons.append(
            "the kind of reward model changes that order about as much as another seed does"
            f" ({mean_scalar['correlation']:.2f} between mean rating and scalar reward,"
            f" {scalar_seeds['correlation']:.2f} between two scalar models)"
        )
    weaker = paired_by_seed(rated, scalar, "accuracy") if rated else {"mean": 0.0, "p": 1.0}
    if weaker["mean"] < 0 and weaker["p"] < 0.05:
        reasons.append(
            "trained on the same pairs for as long, the model over ratings is the weaker one"
            f" ({100 * weaker['mean']:+.1f} points of held-out accuracy, p {format_p(weaker['p'])})"
        )
    spread = [row["interaction_gain"] for row in rated]
    if rated and not (sum(spread) > 0 and exact_sign_flip_p(spread) < LEVEL):
        reasons.append("its spread was not found to help to tell which response raters choose")
    return reasons


def longer_where_gold_fell(summary: dict) -> list[dict]:
    """Of Level 2's arms, those whose gold differs over seeds as their length does: the longer, the lower."""
    names = {row["name"] for row in level2_rows(summary)}
    return [
        row
        for row in summary["relations"]
        if row["name"] in names
        and (row["metric"], row["beside"]) == ("gold", "tokens")
        and row["p_exact"] < 0.05
        and row["correlation"] < 0
    ]


def state_longer(longer: dict) -> str:
    """What came of reward models trained for longer, scalar and over ratings. One sentence."""
    words = {"rose": "ahead", "fell": "behind", "equivalent": "equivalent", "inconclusive": "not told apart"}
    said = [
        f"{words[row['verdict']]} by {name_metric(metric)} ({row['estimate']:+.2f})"
        for metric, row in find_contrast(longer["contrasts"], "longer").items()
    ]
    epochs = longer["settings"]["reward_models"]["ratings_longer"]["epochs"]
    return (
        f"With reward models of {epochs:g} epochs, a policy trained on the mean rating is, against one trained on the"
        f" scalar reward, {' and '.join(said)}."
    )


def order_methods(methods: dict, paper: dict) -> str:
    """Whether the paper's order of methods is found again, and which differences from REINFORCE are shown."""
    ours = {row["arm"]: row["judges"] for row in methods["responses"] if row["decoding"] == "sampled"}
    known = [row for row in paper["methods"] if row["win_rates"] and row["arm"] in ours]
    theirs = sorted(known, key=lambda row: -row["win_rates"][0])
    here = sorted(known, key=lambda row: -ours[row["arm"]])
    tests = [
        row
        for row in methods["contrasts"]
        if row["against"] == "level1_scalar" and (row["metric"], row["decoding"]) == ("judges", "sampled")
    ]
    ahead, behind = ([row for row in tests if row["verdict"] == verdict] for verdict in ("rose", "fell"))
    said = f"The paper's order on TL;DR is {', '.join(row['name'] for row in theirs)}; here it is"
    said += f" {', '.join(row['name'] for row in here)}: " + ("the same." if theirs == here else "another.")
    if tests and not ahead and not behind:
        sizes = [row["estimate"] for row in tests]
        said += (
            f" But differences from REINFORCE of {min(sizes):+.2f} to {max(sizes):+.2f} are too small to order them by."
        )
    said += f" Shown to be ahead of REINFORCE: {list_arms(ahead) or 'none'}; behind it: {list_arms(behind) or 'none'}."
    return said
