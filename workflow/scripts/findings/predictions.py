"""What best of n predicted of a contrast before any RL, and what came of it."""

PREDICTIONS = ("ahead", "behind", "equivalent")


def judge_prediction(predicted: dict, found: dict, alpha: float) -> str:
    """Whether RL bore a prediction out: "yes", "no" or "open"; "-" where nothing was predicted that could fail.

    `found` is the contrast after RL, which counts by its verdict, after Holm; equivalence has a test of its own.
    """
    if predicted["prediction"] not in PREDICTIONS:
        return "-"
    words = {"rose": "ahead", "fell": "behind", "equivalent": "equivalent", "inconclusive": None}
    shown = "equivalent" if found["equivalence_p"] < alpha else words[found["verdict"]]
    if shown is None:
        return "open"
    return "yes" if shown == predicted["prediction"] else "no"


def state_predictions(rows: list[dict]) -> tuple[str, dict[str, int]]:
    """How many predictions there were, how many came true, and how many rows are none, and why; with the counts."""
    count = {word: sum(row["prediction"] == word for row in rows) for word in (*PREDICTIONS, "same order", "none")}
    count["same"] = count.pop("same order")
    count |= {word: sum(row["judged"] == word for row in rows) for word in ("yes", "no", "open")}
    count |= {"rows": len(rows), "made": sum(count[word] for word in PREDICTIONS)}
    text = (
        "Of {rows} rows {made} are predictions: {ahead} ahead, {behind} behind, {equivalent} equivalent. {yes} came"
        " true, {no} did not, {open} stay open."
    )
    reasons = []
    if count["same"]:
        reasons.append("In {same} both signals choose the same responses.")
    if count["none"]:
        reasons.append("In {none} no difference is shown, beyond the margin or within it.")
    return text + (f" The others predict nothing. {' '.join(reasons)}" if reasons else ""), count
