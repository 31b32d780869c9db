"""Whether reward models that also learn from the raters' own ratings do better than those of pairs alone."""

from findings.contrast_words import CONDITION, DECIDING
from findings.derived import paired_by_seed
from findings.finding import STRENGTHS, Finding, direction, make, shown_by_p, strength_of
from findings.summary import alpha_of, find_rows, models_of, roles_of
from findings.words import VERDICT_WORDS, join, short_metric

HELPS = ("agrees with raters more often", "agrees with raters less often", "is not shown to agree more often")


def kinds_by_head(summary: dict, anchored: bool) -> dict[str, str]:
    """The reward models by head: those with a term for ratings in their loss, or the levels' own."""
    models, roles = summary["settings"]["reward_models"], roles_of(summary)
    if anchored:
        return {model["head"]: kind for kind, model in models.items() if model.get("rating_weight")}
    arms = [summary["settings"]["arms"][arm] for arm in (roles["level1"], *roles.get("level2", []))]
    return {models[arm["reward_model"]]["head"]: arm["reward_model"] for arm in arms}


def state_anchored(summary: dict) -> list[Finding]:
    """Reward models and policies with that term beside each other, and beside those without; none if not trained."""
    arms, with_term = summary["settings"]["arms"], kinds_by_head(summary, True)
    if {*with_term} != {"scalar", "ratings"}:
        return []
    without = kinds_by_head(summary, False)
    rows = {
        row["metric"]: row
        for row in find_rows(summary["contrasts"], role="test", decoding="sampled")
        if row["metric"] in DECIDING
        and row["against"] in arms
        and {arms[row[side]]["reward_model"] for side in ("arm", "against")} == {*with_term.values()}
    }
    if {*without} != {*with_term} or not rows:
        return []
    numbers = {"seeds": len(summary["seeds"])}
    for name, kinds in (("with", with_term), ("without", without)):
        for head, kind in kinds.items():
            models = models_of(summary, kind)
            numbers[f"{name}_{head}"] = sum(row["accuracy"] for row in models) / len(models)
    gain = paired_by_seed(*(models_of(summary, kinds["ratings"]) for kinds in (with_term, without)), "accuracy")
    numbers |= {"gain": gain["estimate"], "gain_p": gain["p_exact"]}
    said = []
    for metric, row in rows.items():
        numbers[metric] = row["estimate"]
        said.append(f"{{{metric}:+.2f}} by {short_metric(metric)} ({VERDICT_WORDS[row['verdict']]})")
    text = (
        f"**With raters' own ratings in its loss the model over ratings {direction(gain, alpha_of(summary), HELPS)}**"
        f" (`{summary['experiment']}`, {{seeds}} seeds). Its accuracy on held-out pairs is {{with_ratings:percent1}},"
        " from pairs alone {without_ratings:percent1} ({gain:points} points, p {gain_p:p}); the scalar model's is"
        " {with_scalar:percent1} and {without_scalar:percent1}. Policies of the two models that learned from ratings"
        f" differ by {join(said)}."
    )
    strength = max(strength_of(*rows.values()), shown_by_p(gain["p_exact"], alpha_of(summary)), key=STRENGTHS.index)
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(summary), "strength": strength}
    given["equivalence_margin"] = summary["settings"]["equivalence_margin"]
    return [make("anchored", "Is it the loss of pairs alone?", text, numbers, **given)]
