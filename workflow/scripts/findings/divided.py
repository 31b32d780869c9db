"""Whether a distribution helps in the world where it could: divided raters, and a truth that is not the mean rating."""

from findings.contrast_words import CONDITION
from findings.finding import Finding, make, strength_of
from findings.summary import alpha_of, arm_with_signal, find_row, find_rows, kinds_of_levels, level2_rows, roles_of
from findings.tables import markdown
from findings.words import VERDICT_WORDS, reach, show


def state_divided(divided: dict) -> list[Finding]:
    """What knowing the spread would gain there, what was learned of it, and whether policies trained on it gain."""
    told, rows = divided["derived"]["oracle"], find_rows(level2_rows(divided), metric="gold")
    ahead = [row for row in rows if row["verdict"] == "rose"]
    answer = "Yes" if len(ahead) == len(rows) else "In part" if ahead else "No gain is shown there either"
    sizes = [row["estimate"] for row in rows]
    numbers = {"low": min(sizes), "high": max(sizes), "ahead": len(ahead), "arms": len(rows)}
    numbers |= {"spread": told["spread"], "n": told["n"]}
    paid = "does not pay, so that nothing follows" if told["rejected"] else "pays"
    text = (
        f"**Where a distribution could help, does it? {answer}.** In a second world raters divide over responses, and"
        f" the truth is the share who are content. Knowing the true spread {paid}: {{spread:+.2f}} SFT standard"
        f" deviations beyond the true mean, at the best of {{n}}. Level 2 differs from Level 1 by"
        f" {reach('low', 'high', '+.2f', numbers)} by gold; {{ahead}} of {{arms}} arms are shown to be ahead."
    )
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(divided)}
    given |= {"equivalence_margin": divided["settings"]["equivalence_margin"]}
    question = "Does a distribution help where it could?"
    verdict = make("verdict_divided", question, text, numbers, strength=strength_of(*rows), **given)
    return [verdict, state_learned(divided), *state_reading(divided)]


def state_learned(divided: dict) -> Finding:
    """What the learned distribution holds of the true spread, and what choosing by it gains."""
    told, kind = divided["derived"]["oracle"], kinds_of_levels(divided)[1]
    measured = {
        row["measure"]: row["value"] for row in find_rows(divided["learned"], name=kind) if row["value"] is not None
    }
    right = {
        level: find_row(divided["learned"], name=arm, measure="decidable")["value"]
        for level, arm in (("level1", roles_of(divided)["level1"]), ("level2", arm_with_signal(divided, "mean")))
    }
    numbers = {"within": measured["spread_within"], "beyond": measured["spread_beyond_mean"]}
    numbers |= {"decidable_level1": right["level1"], "decidable_level2": right["level2"], "n": told["n"]}
    numbers |= {"mean": told["mean"], "spread": told["spread"], "level1": told["level1"]}
    numbers |= {"low": min(told["level2"]), "high": max(told["level2"])}
    no_match = ", and is no match for a better mean" if told["level1"] >= numbers["high"] else ""
    text = (
        f"**Where raters divide (`divided`), the learned spread follows the true one{no_match}.** Within prompts they"
        " correlate {within:.2f}, among responses of one mean {beyond:.2f}. Of the pairs on which most raters agree the"
        " mean rating orders {decidable_level2:percent} as they do, the scalar reward {decidable_level1:percent}. The"
        " best of {n} SFT responses gains {mean:+.2f} by the true mean and {spread:+.2f} more by the true spread; by"
        f" learned signals {{level1:+.2f}} (Level 1) and {reach('low', 'high', '+.2f', numbers)} (Level 2)."
    )
    condition = "no match: no learned reading of the distribution gains more than the scalar reward at the best of n"
    return make("divided_learned", "Was the spread learned?", text, numbers, condition=condition)


def state_reading(divided: dict) -> list[Finding]:
    """What reading the spread adds to the mean of the same reward model."""
    mean = arm_with_signal(divided, "mean")
    rows = find_rows(divided["contrasts"], against=mean, metric="gold", decoding="sampled")
    if not rows:
        return []
    said, numbers = [], {}
    for row in rows:
        signal = divided["settings"]["arms"][row["arm"]]["signal"]
        numbers |= {f"{signal}": row["estimate"], f"{signal}_p": row["p_exact"]}
        said.append(f"`{row['arm']}` {{{signal}:+.2f}} (p {{{signal}_p:p}})")
    text = f"Against the mean rating of the same reward model, by gold: {', '.join(said)}; before any correction."
    return [
        make("divided_reading", "What does the spread add to the mean?", text, numbers, strength=strength_of(*rows))
    ]


def table_of_divided(divided: dict) -> str:
    """A row an arm of Level 2 there: its difference from Level 1 by gold and by the judges."""
    rows = []
    for row in level2_rows(divided):
        size = [show(row[name], "+.2f") for name in ("estimate", "ci_low", "ci_high")]
        cells = [row["arm"], row["metric"], size[0], f"{size[1]} to {size[2]}", show(row["p_holm"], "p")]
        rows.append([*cells, VERDICT_WORDS[row["verdict"]]])
    header = ["arm", "by", "less Level 1 (SFT s.d.)", "interval", "p after Holm", "verdict"]
    return markdown(header, rows, left=2)
