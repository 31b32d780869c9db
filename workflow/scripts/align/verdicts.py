"""The words of the report and of the verdict: each follows from a contrast's verdict field, and from nothing else."""

import numpy as np

from align.evidence import exact_sign_flip_p

METRIC_NAMES = {"judges": "the judges", "own": "the reward model it was trained on", "gold": "the gold rating"}


def format_p(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "< 0.0001"


def state_size(row: dict) -> str:
    """Estimate, interval and p of a contrast."""
    return (
        f"{row['estimate']:+.2f} SFT standard deviations (interval {row['ci_low']:+.2f} to {row['ci_high']:+.2f},"
        f" {row['seeds']} seeds, exact p after Holm {format_p(row['p_holm'])})"
    )


def state_verdict(row: dict) -> str:
    """A contrast against SFT in words that follow from its verdict field."""
    words = {
        "rose": "rose",
        "fell": "fell",
        "equivalent": "changed by less than what matters",
        "inconclusive": "was not shown to change",
    }[row["verdict"]]
    return f"By {METRIC_NAMES[row['metric']]}, the mean reward on held-out prompts {words}: {state_size(row)}."


def state_comparison(row: dict, margin: float) -> str:
    """A contrast between two arms in words that follow from its verdict field."""
    words = {
        "rose": f"is ahead of `{row['against']}`",
        "fell": f"is behind `{row['against']}`",
        "equivalent": f"is equivalent to `{row['against']}` (within ±{margin:g}, p {format_p(row['equivalence_p'])})",
        "inconclusive": f"is not shown to differ from `{row['against']}`",
    }[row["verdict"]]
    return f"By {METRIC_NAMES[row['metric']]}, `{row['arm']}` {words}: {state_size(row)}."


def find_contrast(contrasts: list[dict], name: str, decoding: str = "sampled") -> dict[str, dict]:
    """The rows of a contrast by metric; empty if it was not declared."""
    return {row["metric"]: row for row in contrasts if row["name"] == name and row["decoding"] == decoding}


def find_arm(arms: list[dict], arm: str, decoding: str = "sampled") -> dict:
    """An arm's means on held-out prompts; `log_ratio` is its KL to SFT, nats a response."""
    return next(row for row in arms if row["arm"] == arm and row["decoding"] == decoding)


def level2_rows(summary: dict) -> list[dict]:
    """The tests of arms with a reward model over ratings against Level 1, on sampled answers."""
    arms = summary["settings"]["arms"]
    return [
        row
        for row in summary["contrasts"]
        if (row["against"], row["role"], row["decoding"]) == ("level1_scalar", "test", "sampled")
        and arms[row["arm"]]["signal"] not in ("reward", "bounded")
    ]


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
    text += f" against (exact p after Holm {format_p(primary['p_holm'])})"
    if "gold" in rows:
        gold = rows["gold"]
        text += f"; the gold rating, which no model saw, {words[gold['verdict']]} ({gold['estimate']:+.2f})"
    return text + "."


def answer_level2(summary: dict) -> str:
    """Did a distribution over ratings make it better? One sentence."""
    rows = [row for row in level2_rows(summary) if row["metric"] == summary["primary_metric"]]
    if not rows:
        return ""
    margin = summary["settings"]["equivalence_margin"]
    words = {"rose": "ahead of Level 1", "fell": "behind Level 1"}
    words |= {"equivalent": f"equivalent to Level 1 within ±{margin:g}", "inconclusive": "not told apart from Level 1"}
    groups = {verdict: [row for row in rows if row["verdict"] == verdict] for verdict in words}
    said = [
        f"{list_arms(some)} {'is' if len(some) == 1 else 'are'} {words[verdict]}"
        for verdict, some in groups.items()
        if some
    ]
    opening = "Yes" if len(groups["rose"]) == len(rows) else "In part" if groups["rose"] else "No gain is shown"
    spread = [row["estimate"] for row in rows]
    sizes = f"{spread[0]:+.2f}" if len(rows) == 1 else f"{min(spread):+.2f} to {max(spread):+.2f}"
    return f"{opening}: by the judges {', '.join(said)} ({sizes} SFT standard deviations)."


def list_reasons(summary: dict) -> list[str]:
    """What was measured that explains how Level 2 compares with Level 1; nothing that was not seen."""
    agreement = summary["agreement"]
    mean_win, mean_risk = (find_row(agreement, arm="level2_mean", other=f"level2_{name}") for name in ("win", "risk"))
    mean_scalar = find_row(agreement, arm="level2_mean", other="level1_scalar")
    scalar_seeds = find_row(agreement, arm="level1_scalar", other="another seed")
    rated = [row for row in summary["reward_models"] if row["kind"] == "ratings"]
    reasons = []
    if mean_win and mean_risk and min(mean_win["correlation"], mean_risk["correlation"]) > 0.9:
        reasons.append(
            "the ways to read the distribution order SFT's answers almost alike (correlations of the mean rating:"
            f" {mean_win['correlation']:.2f} with the win probability, {mean_risk['correlation']:.2f} with the"
            " risk-averse rating)"
        )
    if mean_scalar and scalar_seeds and mean_scalar["correlation"] > scalar_seeds["correlation"] - 0.1:
        reasons.append(
            "the kind of reward model changes that order about as much as another seed does"
            f" ({mean_scalar['correlation']:.2f} between mean rating and scalar reward,"
            f" {scalar_seeds['correlation']:.2f} between two scalar models)"
        )
    if rated and sum(row["spread_gain"] > 0 for row in rated) <= len(rated) / 2:
        reasons.append("the spread adds nothing to the mean that helps to tell held-out choices")
    return reasons


def order_methods(methods: dict, paper: dict) -> str:
    """Whether the paper's order of methods is found again, and which differences from REINFORCE are shown."""
    ours = {row["arm"]: row["judges"] for row in methods["answers"] if row["decoding"] == "sampled"}
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
    said += f" Shown to be ahead of REINFORCE: {list_arms(ahead) or 'none'}; behind it: {list_arms(behind) or 'none'}."
    return said


def paired_by_seed(rows: list[dict], others: list[dict], column: str) -> dict:
    """Mean difference of a column between two kinds of models of the same seeds, and its exact p."""
    theirs = {row["seed"]: row[column] for row in others}
    differences = np.array([row[column] - theirs[row["seed"]] for row in rows if row["seed"] in theirs])
    return {"mean": float(differences.mean()), "p": exact_sign_flip_p(differences), "seeds": len(differences)}


def mean_of(rows: list[dict], column: str) -> float:
    return sum(row[column] for row in rows) / len(rows)


def find_row(rows: list[dict], **values) -> dict:
    """The row in which all columns have these values; empty if there is none."""
    return next((row for row in rows if all(row[name] == value for name, value in values.items())), {})
