"""What comes of the same tests from SFT models of other seeds."""

from findings.contrast_words import CONDITION
from findings.finding import Finding, make, strength_of
from findings.summary import alpha_of, level2_rows, role_contrast
from findings.words import join, reach, short_metric

VERDICTS = {"level1": "Level 1", "level2": "Level 2"}


def verdicts_of(summary: dict) -> dict[str, list[str]]:
    """Verdicts by gold on Level 1, and on Level 2's arms, in order."""
    level2 = [row["verdict"] for row in level2_rows(summary) if row["metric"] == "gold"]
    return {"level1": [role_contrast(summary, "level1")["gold"]["verdict"]], "level2": level2}


def state_other_sft(summary: dict, others: list[dict]) -> list[Finding]:
    """How far Level 1 rises, and where Level 2 stands, over the other SFT models; none without them."""
    if not others:
        return []
    numbers, said = {"others": len(others), "seeds": min(len(one["seeds"]) for one in others)}, []
    for metric in ("gold", "judges"):
        sizes = [role_contrast(one, "level1")[metric]["estimate"] for one in others]
        numbers |= {f"{metric}_low": min(sizes), f"{metric}_high": max(sizes)}
        said.append(f"{reach(f'{metric}_low', f'{metric}_high', '+.2f', numbers)} by {short_metric(metric)}")
    text = f"Level 1 rises by {join(said)}"
    rows = [row for one in others for row in level2_rows(one)]
    said = []
    for metric in ("gold", "judges"):
        sizes = [row["estimate"] for row in rows if row["metric"] == metric]
        if sizes:
            numbers |= {f"level2_{metric}_low": min(sizes), f"level2_{metric}_high": max(sizes)}
            size = reach(f"level2_{metric}_low", f"level2_{metric}_high", "+.2f", numbers)
            said.append(f"{size} by {short_metric(metric)}")
    if said:
        text += f", and Level 2 differs from it by {join(said)}"
    here = verdicts_of(summary)
    changed = [VERDICTS[name] for name in VERDICTS if any(verdicts_of(one)[name] != here[name] for one in others)]
    closing = f"verdicts by gold on {join(changed)} change" if changed else "verdicts by gold are the same"
    models = f"{{others}} SFT model{'s' if len(others) > 1 else ''}"
    text = f"**From {models} of other seeds {closing}.** {text} ({{seeds}} seeds each)."
    level1 = [row for one in others for row in role_contrast(one, "level1").values() if row["metric"] != "own"]
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(summary), "strength": strength_of(*level1, *rows)}
    given["equivalence_margin"] = summary["settings"]["equivalence_margin"]
    return [make("other_sft", "Does the answer depend on the SFT model?", text, numbers, **given)]
