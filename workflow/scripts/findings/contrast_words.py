"""Contrasts in words that follow from their verdict fields: a line a contrast, and several arms in one sentence."""

import itertools

from findings.finding import Finding, make, strength_of
from findings.summary import alpha_of, level2_rows, role_contrast
from findings.words import capital, list_arms, name_metric, reach, short_metric

BY_LESS = ", by less than the margin"
SIZE = ("estimate", "ci_low", "ci_high", "p_holm", "equivalence_p", "seeds")
DECIDING = ("gold", "judges")
CONDITION = "rose or fell: p_holm < 1 - confidence; else equivalent: equivalence_p < 1 - confidence"


def say_within(rows: list[dict], name: str, numbers: dict[str, float]) -> str:
    """Within what the intervals of all rows lie, in words; adds to `numbers` by this name."""
    numbers |= {f"{name}_from": min(row["ci_low"] for row in rows), f"{name}_to": max(row["ci_high"] for row in rows)}
    return f"intervals within {{{name}_from:+.2f}} to {{{name}_to:+.2f}}"


def in_order(rows: dict[str, dict]) -> list[dict]:
    """A contrast's rows, gold first: it is the truth, where there is one."""
    return sorted(rows.values(), key=lambda row: row["metric"] != "gold")


def answer_each(answers: dict[str, str]) -> str:
    """One answer where all agree, else one a metric; `answers` by metric."""
    said = (
        answers.values()
        if len(set(answers.values())) == 1
        else [f"by {short_metric(m)} {a}" for m, a in answers.items()]
    )
    return capital("; ".join(dict.fromkeys(said)))


def size_in_words(row: dict) -> str:
    """Estimate, interval and p of a contrast, to be filled in."""
    return (
        "{estimate:+.2f} SFT standard deviations (interval {ci_low:+.2f} to {ci_high:+.2f},"
        f" {{seeds}} seed{'s' if row['seeds'] > 1 else ''}, exact p after Holm {{p_holm:p}})"
    )


def line_against_sft(summary: dict, row: dict, name: str) -> Finding:
    """A contrast against SFT in words that follow from its verdict field."""
    words = {
        "rose": "rose",
        "fell": "fell",
        "equivalent": "changed by less than what matters",
        "inconclusive": "was not shown to change",
    }[row["verdict"]]
    if row["verdict"] == "inconclusive" and 2 * 0.5 ** row["seeds"] >= alpha_of(summary):
        words = "cannot be shown to have changed in so few replicates"
    text = f"By {name_metric(row['metric'])} it {words}: {size_in_words(row)}."
    return _line(summary, row, name, "Did the mean reward rise against SFT?", text)


def line_between_arms(summary: dict, row: dict, name: str) -> Finding:
    """A contrast between two arms in words that follow from its verdict field."""
    words = {
        "rose": f"is ahead of `{row['against']}`",
        "fell": f"is behind `{row['against']}`",
        "equivalent": f"is equivalent to `{row['against']}` (within ±{{equivalence_margin:g}}, p {{equivalence_p:p}})",
        "inconclusive": f"is not shown to differ from `{row['against']}`",
    }[row["verdict"]]
    who, small = name_metric(row["metric"]).rstrip(","), smallness(summary, [row])
    text = f"By {who}, `{row['arm']}` {words}{small}: {size_in_words(row)}."
    return _line(summary, row, name, f"Is {row['arm']} better than {row['against']}?", text)


def _line(summary: dict, row: dict, name: str, question: str, text: str) -> Finding:
    numbers = {key: row[key] for key in SIZE}
    thresholds = {"confidence": 1 - alpha_of(summary), "equivalence_margin": summary["settings"]["equivalence_margin"]}
    return make(name, question, text, numbers, strength=strength_of(row), condition=CONDITION, **thresholds)


def smallness(summary: dict, rows: list[dict]) -> str:
    """Of differences that are shown: whether they are shown to be small, too."""
    alpha = alpha_of(summary)
    small = all(row["verdict"] in ("rose", "fell") and row["equivalence_p"] < alpha for row in rows)
    return BY_LESS if small else ""


def state_lines(summary: dict) -> list[Finding]:
    """A line a metric for Level 1, and one an arm and metric for Level 2."""
    found = [
        line_against_sft(summary, row, f"line_level1_{row['metric']}")
        for row in in_order(role_contrast(summary, "level1"))
    ]
    rows = level2_rows(summary)
    return found + [line_between_arms(summary, row, f"line_level2_{row['arm']}_{row['metric']}") for row in rows]


def group_arms(summary: dict, rows: list[dict], prefix: str) -> tuple[str, dict[str, float]]:
    """Which arms are ahead of Level 1, behind it, equivalent or not told apart, and their range, to be filled in."""
    words = {"rose": "ahead of Level 1", "fell": "behind Level 1"}
    words |= {
        "equivalent": "equivalent to Level 1 within ±{equivalence_margin:g}",
        "inconclusive": "not told apart from Level 1",
    }
    said = []
    for verdict, small in itertools.product(words, ("", BY_LESS)):
        some = [row for row in rows if (row["verdict"], smallness(summary, [row])) == (verdict, small)]
        if some:
            are = "is" if len(some) == 1 else "are"
            who = (
                list_arms([row["arm"] for row in some])
                if len(some) < len(rows)
                else f"its {'arm' if len(some) == 1 else 'arms'}"
            )
            said.append(f"{who} {are} {words[verdict]}{small}")
    sizes = [row["estimate"] for row in rows]
    numbers = {f"{prefix}_low": min(sizes), f"{prefix}_high": max(sizes)}
    return (
        f"{', '.join(said)} ({reach(f'{prefix}_low', f'{prefix}_high', '+.2f', numbers)})",
        numbers,
    )


def shared_evidence(summary: dict) -> Finding | None:
    """Which arms of Level 2 are one piece of evidence, since they move together over seeds."""
    groups = summary["derived"]["one_piece"]
    if not groups:
        return None
    said, numbers = [], {}
    for i, group in enumerate(groups):
        low, high = min(group["correlations"]), max(group["correlations"])
        numbers |= {f"low_{i}": low, f"high_{i}": high}
        size = reach(f"low_{i}", f"high_{i}", ".2f", numbers)
        said.append(f"by {short_metric(group['metric'])}, {list_arms(group['arms'])} ({size})")
    text = (
        "Arms whose differences from Level 1 correlate over seeds above {one_piece:g} are one piece of evidence and not"
        f" several: {'; '.join(said)}."
    )
    threshold = summary["settings"]["findings"]["one_piece"]
    condition = "correlation over seeds > one_piece"
    return make(
        "level2_one_piece",
        "How many pieces of evidence are these?",
        text,
        numbers,
        condition=condition,
        one_piece=threshold,
    )
