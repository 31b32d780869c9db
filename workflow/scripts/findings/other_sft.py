"""What comes of the same tests from SFT models of other seeds."""

from findings.contrast_words import CONDITION
from findings.finding import Finding, make, strength_of
from findings.summary import alpha_of, level2_rows, role_contrast
from findings.words import VERDICT_WORDS, join, reach, short_metric


def verdicts_of(summary: dict) -> dict[str, list[str]]:
    """Verdicts by gold on Level 1, and on Level 2's arms, in order."""
    level2 = [row["verdict"] for row in level2_rows(summary) if row["metric"] == "gold"]
    return {"level1": [role_contrast(summary, "level1")["gold"]["verdict"]], "level2": level2}


def say_sizes(rows: list[dict], prefix: str, numbers: dict[str, float]) -> str:
    """Estimates by gold and by the judges with their verdicts, to be filled in from `numbers`."""
    said = []
    for metric in ("gold", "judges"):
        some = [row for row in rows if row["metric"] == metric]
        if some:
            sizes, low, high = [row["estimate"] for row in some], f"{prefix}_{metric}_low", f"{prefix}_{metric}_high"
            numbers |= {low: min(sizes), high: max(sizes)}
            words = join(list(dict.fromkeys(VERDICT_WORDS[row["verdict"]] for row in some)))
            said.append(f"{reach(low, high, '+.2f', numbers)} by {short_metric(metric)} ({words})")
    return join(said)


def say_each(rows: list[dict], numbers: dict[str, float]) -> str:
    """Level 1's rise from each SFT model by gold and by the judges, with what is shown of it, to be filled in."""
    said = []
    for metric in ("gold", "judges"):
        some = [row for row in rows if row["metric"] == metric]
        numbers |= {f"level1_{metric}_{i}": row["estimate"] for i, row in enumerate(some)}
        each = [f"{{level1_{metric}_{i}:+.2f}} ({VERDICT_WORDS[row['verdict']]})" for i, row in enumerate(some)]
        said.append(f"{join(each)} by {short_metric(metric)}")
    return ", ".join(said)


def state_other_sft(summary: dict, others: list[dict]) -> list[Finding]:
    """How far Level 1 rises, and where Level 2 stands, over the other SFT models; none without them."""
    if not others:
        return []
    numbers: dict[str, float] = {"others": len(others)}
    level1 = [role_contrast(one, "level1")[metric] for one in others for metric in ("gold", "judges")]
    level2 = [row for one in others for row in level2_rows(one)]
    text = f"Level 1 differs from SFT by {say_each(level1, numbers)}"
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
    text = f"**From {models}: {closing}.** {text}."
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(summary), "strength": strength_of(*level1, *level2)}
    given["equivalence_margin"] = summary["settings"]["equivalence_margin"]
    question = "Does the answer depend on the SFT model?"
    found = [make("other_sft", question, text, numbers, **given)]
    if level2:
        text = f"From {models} Level 2 differs from Level 1 by {say_sizes(level2, 'level2', numbers)}."
        found.append(make("other_sft_level2", question, text, numbers, **given | {"strength": strength_of(*level2)}))
    return found
