"""Whether tied pairs teach a reward model over ratings its spread, and whether a policy gains by it."""

from findings.contrast_words import CONDITION, DECIDING
from findings.derived import paired_by_seed
from findings.finding import Finding, make, strength_of
from findings.summary import alpha_of, contrast_of, find_row, find_rows, kinds_of_levels, models_of
from findings.words import VERDICT_WORDS, join, short_metric

QUESTION = "Do ties identify the spread?"
READINGS = {
    "cvar": "the mean of the worst {cvar_share:percent} of the distribution",
    "sampled": "one rating drawn from it",
    "confidence": "certainty as a weight of the advantage",
}
SPREAD = "spread_noise_correlation"


def tied_kinds(ties: dict) -> dict[str, str]:
    """The reward models that learn from ties too, by head."""
    return {model["head"]: kind for kind, model in ties["settings"]["reward_models"].items() if model.get("ties")}


def rows_of_ties(ties: dict) -> list[dict]:
    """The tests by gold of arms that read a spread which ties taught, against arms that learned from ties too."""
    kinds, arms = tied_kinds(ties), ties["settings"]["arms"]
    rows = find_rows(ties["contrasts"], metric="gold", role="test", decoding="sampled")
    return [
        row
        for row in rows
        if row["against"] in arms
        and arms[row["arm"]]["reward_model"] == kinds["ratings"]
        and arms[row["against"]]["reward_model"] in kinds.values()
        and (arms[row["arm"]]["signal"] != "mean" or "advantage_weight" in arms[row["arm"]])
    ]


def say_each(rows: list[dict], numbers: dict[str, float]) -> list[str]:
    """Each contrast's estimate and verdict, to be filled in from `numbers`, to which they are added by name."""
    numbers |= {row["name"]: row["estimate"] for row in rows}
    return [
        f"`{row['arm']}` {{{row['name']}:+.2f}} beside `{row['against']}` ({VERDICT_WORDS[row['verdict']]})"
        for row in rows
    ]


def state_ties(ties: dict) -> list[Finding]:
    """What ties teach of the raters' noise, and what policies gain by it; none without both kinds of models."""
    kinds = tied_kinds(ties)
    if {*kinds} != {"scalar", "ratings"}:
        return []
    with_ties, without = models_of(ties, kinds["ratings"]), models_of(ties, kinds_of_levels(ties)[1])
    if None in [row.get(SPREAD) for row in with_ties]:  # where raters' noise is not known
        return []
    gap, rows = paired_by_seed(with_ties, without, SPREAD), rows_of_ties(ties)
    learned = gap["estimate"] > 0 and gap["p_exact"] < alpha_of(ties)
    gains = [row for row in rows if row["verdict"] == "rose"]
    teach = "teach" if learned else "are not shown to teach"
    link = "and" if learned == bool(gains) else "but"
    gain = "a policy gains by it" if gains else "no policy is shown to gain by it"
    numbers = {"seeds": gap["seeds"], "gap_p": gap["p_exact"]}
    for name, some in (("with", with_ties), ("without", without)):
        numbers[name] = sum(row[SPREAD] for row in some) / len(some)
    numbers |= {head: find_row(ties["ties"], kind=kind)["ties_told"] for head, kind in kinds.items()}
    said = say_each(rows, numbers)
    lead = (
        f"**Ties {teach} the spread, {link} {gain}.** With tied pairs (`{ties['experiment']}`) the learned spread"
        " correlates {with:.2f} with the raters' true noise, without {without:.2f} (p {gap_p:p}, {seeds} seeds)."
    )
    more = (
        "Of a tied and a decided pair the tied one has the larger chance of a tie in {ratings:percent} of the cases, by"
        f" a scalar model with one parameter for ties in {{scalar:percent}}. By gold: {', '.join(said)}."
    )
    given = {"condition": f"teach: more correlation with p < 1 - confidence; {CONDITION}"}
    given |= {"confidence": 1 - alpha_of(ties), "equivalence_margin": ties["settings"]["equivalence_margin"]}
    given["strength"] = strength_of(*rows)
    return [make(name, QUESTION, text, numbers, **given) for name, text in (("ties", lead), ("ties_more", more))]


def state_divided_ties(ties: dict) -> list[Finding]:
    """What ties teach where noise is a response's, and what policies gain by it; none without both kinds of models."""
    kinds, rows = tied_kinds(ties), []
    for row in find_rows(ties["contrasts"], metric="gold", decoding="sampled"):
        of_both = {row["arm"], row["against"]} <= {*ties["settings"]["arms"]}
        rows += [row] if of_both and any(learned_from_ties(ties, row[side]) for side in ("arm", "against")) else []
    spreads = {
        name: find_row(ties["learned"], name=kind, measure="spread_within").get("value")
        for name, kind in (("with", kinds.get("ratings")), ("without", kinds_of_levels(ties)[1]))
    }
    if not rows or None in spreads.values():
        return []
    tests, numbers = find_rows(rows, role="test"), dict(spreads)
    gains = [f"`{row['arm']}`" for row in tests if row["verdict"] == "rose"]
    opening = f"{join(gains)} {'gain' if len(gains) > 1 else 'gains'}" if gains else "no policy is shown to gain"
    text = (
        f"**With tied pairs, where raters disagree about responses, {opening}** (`{ties['experiment']}`). Within"
        " prompts the learned spread correlates {with:.2f} with the true one, without tied pairs {without:.2f}. By the"
        f" share of satisfied raters: {', '.join(say_each(rows, numbers))}."
    )
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(ties), "strength": strength_of(*tests)}
    given["equivalence_margin"] = ties["settings"]["equivalence_margin"]
    return [make("divided_ties", QUESTION, text, numbers, **given)]


def learned_from_ties(ties: dict, arm: str) -> bool:
    """Whether an arm's reward model learned from tied pairs too."""
    return ties["settings"]["arms"][arm]["reward_model"] in tied_kinds(ties).values()


def state_other_readings(ties: dict) -> list[Finding]:
    """Readings of the distribution that the default experiment does not train, each beside the mean; none untrained."""
    arms, kind = ties["settings"]["arms"], kinds_of_levels(ties)[1]
    plain = {arm: own for arm, own in arms.items() if own["reward_model"] == kind}
    means = [arm for arm, own in plain.items() if own["signal"] == "mean" and "advantage_weight" not in own]
    said, numbers, shown = [], {"seeds": len(ties["seeds"])}, []
    for arm, own in plain.items():
        reading = own.get("advantage_weight", own["signal"])
        rows = contrast_of(ties, arm, means[0]) if means and reading in READINGS else {}
        some = {metric: rows[metric] for metric in DECIDING if metric in rows}
        if not some:
            continue
        if reading == "cvar":
            numbers["cvar_share"] = own["cvar_share"]
        numbers |= {f"{reading}_{metric}": row["estimate"] for metric, row in some.items()}
        sizes = [
            f"{{{reading}_{metric}:+.2f}} by {short_metric(metric)} ({VERDICT_WORDS[row['verdict']]})"
            for metric, row in some.items()
        ]
        said.append(f"{READINGS[reading]} {join(sizes)}")
        shown += some.values()
    if not said:
        return []
    gains = any(row["verdict"] == "rose" for row in shown)
    text = (
        f"**Of other readings {'some gain' if gains else 'none gains'}.** Less the mean rating of the same reward"
        f" models (`{ties['experiment']}`, {{seeds}} seeds, uncorrected): {'; '.join(said)}."
    )
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(ties), "strength": strength_of(*shown)}
    given["equivalence_margin"] = ties["settings"]["equivalence_margin"]
    return [make("other_readings", "What else can be read of the distribution?", text, numbers, **given)]
