"""What best of n predicted of each contrast before any RL, and what came of it."""

from findings.summary import find_contrast
from findings.verdicts import LEVEL

PREDICTIONS = ("ahead", "behind", "equivalent")


def judge_prediction(predicted: dict, found: dict) -> str:
    """Whether RL bore a prediction out: "yes", "no" or "open"; "-" where nothing was predicted that could fail.

    `found` is the contrast after RL, which counts by its verdict, after Holm; equivalence has a test of its own.
    """
    if predicted["prediction"] not in PREDICTIONS:
        return "-"
    words = {"rose": "ahead", "fell": "behind", "equivalent": "equivalent", "inconclusive": None}
    shown = "equivalent" if found["equivalence_p"] < LEVEL else words[found["verdict"]]
    if shown is None:
        return "open"
    return "yes" if shown == predicted["prediction"] else "no"


def judged_predictions(summary: dict) -> list[dict]:
    """The predictions of contrasts of all replicates, each with `after`, the contrast after RL, and `judged`."""
    rows = []
    for row in summary["predictions"]:
        after = find_contrast(summary["contrasts"], row["name"]).get(row["metric"])
        if after and after["seeds"] == row["seeds"] == len(summary["seeds"]):
            rows.append(row | {"after": after, "judged": judge_prediction(row, after)})
    return rows


def state_predictions(rows: list[dict]) -> str:
    """How many predictions there were, how many came true, and how many rows are none, and why."""
    count = {word: sum(row["prediction"] == word for row in rows) for word in (*PREDICTIONS, "same order", "none")}
    came = {word: sum(row["judged"] == word for row in rows) for word in ("yes", "no", "open")}
    made = sum(count[word] for word in PREDICTIONS)
    text = (
        f"Of {len(rows)} rows {made} are predictions: {count['ahead']} ahead, {count['behind']} behind,"
        f" {count['equivalent']} equivalent. {came['yes']} came true, {came['no']} did not, {came['open']} stay open."
    )
    reasons = []
    if count["same order"]:
        reasons.append(f"{count['same order']} since both signals order responses alike, and so choose the same")
    if count["none"]:
        reasons.append(f"{count['none']} since neither a difference beyond the margin is shown nor one within it")
    return text + (f" The others are none: {'; '.join(reasons)}." if reasons else "")
