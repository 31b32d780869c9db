"""What comes of the same tests from SFT models of other seeds."""

import numpy as np

from findings.contrast_words import CONDITION, DECIDING
from findings.evidence import mean_interval
from findings.finding import Finding, make, strength_of
from findings.summary import alpha_of, contrast_of, find_rows, level2_rows, role_contrast, roles_of
from findings.words import VERDICT_WORDS, join, reach, short_metric

QUESTION = "Does the answer depend on the SFT model?"
FEWEST_MODELS = 3  # of an interval over SFT models


def verdicts_of(summary: dict) -> dict[str, list[str]]:
    """Verdicts by gold on Level 1, and on Level 2's arms, in order."""
    level2 = [row["verdict"] for row in find_rows(level2_rows(summary), metric="gold")]
    return {"level1": [role_contrast(summary, "level1")["gold"]["verdict"]], "level2": level2}


def say_sizes(rows: list[dict], prefix: str, numbers: dict[str, float]) -> str:
    """Ranges of estimates by gold and by the judges, to be filled in from `numbers`."""
    said = []
    for metric in DECIDING:
        sizes = [row["estimate"] for row in rows if row["metric"] == metric]
        if sizes:
            low, high = f"{prefix}_{metric}_low", f"{prefix}_{metric}_high"
            numbers |= {low: min(sizes), high: max(sizes)}
            said.append(f"{reach(low, high, '+.2f', numbers)} by {short_metric(metric)}")
    return join(said)


def state_unit(models: list[dict]) -> Finding | None:
    """Level 2's arms less Level 1 by gold where the SFT model is the unit, and not the seed; None of too few models.

    Of each SFT model its replicates' mean; t intervals over SFT models, uncorrected.
    """
    sizes, ends = [], []
    for arm in dict.fromkeys(row["arm"] for row in level2_rows(models[0])):
        rows = [contrast_of(one, arm, roles_of(one)["level1"]).get("gold") for one in models]
        if all(rows) and len(rows) >= FEWEST_MODELS:
            each = np.array([row["estimate"] for row in rows])
            sizes.append(float(each.mean()))
            ends += mean_interval(each, 1 - alpha_of(models[0]))
    if not sizes:
        return None
    numbers = {"models": len(models), "low": min(sizes), "high": max(sizes), "least": min(ends), "most": max(ends)}
    text = (
        "Over these {models} SFT models, each counted once, it differs by"
        f" {reach('low', 'high', '+.2f', numbers)} by gold (intervals within {{least:+.2f}} to {{most:+.2f}})."
    )
    return make("other_sft_unit", QUESTION, text, numbers)


def state_other_sft(summary: dict, others: list[dict]) -> list[Finding]:
    """How far Level 1 rises, and where Level 2 stands, over the other SFT models; none without them."""
    if not others:
        return []
    numbers: dict[str, float] = {"others": len(others)}
    level1 = [role_contrast(one, "level1")[metric] for one in others for metric in DECIDING]
    level2 = [row for one in others for row in find_rows(level2_rows(one), metric="gold")]
    here, there = verdicts_of(summary), [verdicts_of(one) for one in others]
    changed = []
    if any(one["level1"] != here["level1"] for one in there):
        numbers["rose"] = sum(one["level1"] == ["rose"] for one in there)
        kept = "shown from {rose} of {others}" if numbers["rose"] else "no longer shown"
        rise = here["level1"] == ["rose"]
        changed.append(f"Level 1's rise by gold is {kept}" if rise else "the verdict by gold on Level 1 changes")
    if any(one["level2"] != here["level2"] for one in there):
        words = dict.fromkeys(VERDICT_WORDS[verdict] for one in there for verdict in one["level2"])
        changed.append(f"Level 2 is {' or '.join(words)} by gold")
    closing = join(changed) if changed else "verdicts by gold are the same"
    models = "{others} other SFT models" if len(others) > 1 else "another SFT model"
    text = f"**From {models}: {closing}.** Level 1 differs from SFT by {say_sizes(level1, 'level1', numbers)}"
    text += f", Level 2 from Level 1 by {say_sizes(level2, 'level2', numbers)}." if level2 else "."
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(summary), "strength": strength_of(*level1, *level2)}
    given["equivalence_margin"] = summary["settings"]["equivalence_margin"]
    unit = state_unit([summary, *others])
    return [make("other_sft", QUESTION, text, numbers, **given), *([unit] if unit else [])]
