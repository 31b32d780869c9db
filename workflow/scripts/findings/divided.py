"""Whether a distribution helps in the world where it could: divided raters, and a truth that is not the mean rating."""

from findings.contrast_words import CONDITION, DECIDING, in_order
from findings.finding import NOT_TESTED, Finding, make, strength_of
from findings.sharper import sft_temperatures
from findings.summary import (
    alpha_of,
    arm_with_signal,
    contrast_of,
    find_row,
    find_rows,
    kinds_of_levels,
    level2_rows,
    roles_of,
)
from findings.tables import markdown
from findings.words import VERDICT_WORDS, join, reach, short_metric, show


def helps_the_worst(divided: dict) -> bool:
    """Whether the arm trained on the worst tenth raises it above SFT and Level 1, and stands above sharper SFTs."""
    row, alpha = find_row(divided["worst_tenth"], arm=arm_with_signal(divided, "cvar")), alpha_of(divided)
    rivals = [name for name in ("sft", "level1", "sharper") if f"p_{name}" in (row or {})]
    shown = bool(row) and all(row[f"less_{name}"] > 0 and row[f"p_{name}"] < alpha for name in rivals)
    return shown and all(row["mean"] > sharper["mean"] for sharper in sharper_rows(divided))


def sharper_rows(divided: dict) -> list[dict]:
    """The worst tenth's rows of SFT at other temperatures."""
    return [row for row in divided["worst_tenth"] if row["arm"] in sft_temperatures(divided)]


def state_divided(divided: dict) -> list[Finding]:
    """What knowing the spread would gain there, what was learned of it, and whether policies trained on it gain."""
    told, rows = divided["derived"]["oracle"], find_rows(level2_rows(divided), metric="gold")
    ahead, helps = [row for row in rows if row["verdict"] == "rose"], helps_the_worst(divided)
    cvar = arm_with_signal(divided, "cvar")
    answer = "yes" if len(ahead) == len(rows) else "in part" if ahead else "no gain is shown"
    sizes = [row["estimate"] for row in rows]
    numbers = {"low": min(sizes), "high": max(sizes), "spread": told["spread"], "n": told["n"]}
    numbers["seeds"] = len(divided["seeds"])
    paid = "does not pay, so that nothing follows" if told["rejected"] else "pays"
    behind = [row for row in rows if row["verdict"] == "fell"]
    numbers |= {f"behind_{row['arm']}": row["estimate"] for row in behind}
    fell = join([f"`{row['arm']}` behind, {{behind_{row['arm']}:+.2f}}" for row in behind]) if behind else ""
    text = (
        f"**Where a distribution could help, does it? By the share of satisfied raters {answer}; the worst tenth of"
        f" raters {f'may gain by `{cvar}`' if helps else 'are not shown to gain'}.** In a second world (`divided`,"
        f" {{seeds}} replicates) raters disagree about responses, and knowing the true spread {paid}. Level 2"
        " differs from Level 1 by"
        f" {reach('low', 'high', '+.2f', numbers)}{f' ({fell})' if fell else ''}."
    )
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(divided)}
    given |= {"equivalence_margin": divided["settings"]["equivalence_margin"]}
    question = "Does a distribution help where it could?"
    verdict = make("verdict_divided", question, text, numbers, strength=strength_of(*rows), **given)
    worst, numbers = say_worst(divided)
    tenth = [make("divided_tenth", question, worst, numbers)] if worst else []
    return [verdict, *tenth, *state_learned(divided), *state_worst(divided), *state_reading(divided)]


def say_worst(divided: dict) -> tuple[str, dict[str, float]]:
    """The opinion of the worst tenth of raters, of SFT and sharper ones, Level 1 and the arm trained on it."""
    arm, level1 = arm_with_signal(divided, "cvar"), roles_of(divided)["level1"]
    rows = {name: find_row(divided["worst_tenth"], arm=name) for name in ("sft", level1, arm)}
    if not all(rows.values()):
        return "", {}
    numbers = {"worst_sft": rows["sft"]["mean"], "worst_level1": rows[level1]["mean"]}
    numbers |= {"worst_level2": rows[arm]["mean"], "worst_p": rows[arm]["p_level1"]}
    numbers["worst_p_sft"] = rows[arm]["p_sft"]
    sharper, of_sharper = sharper_rows(divided), ""
    if sharper:
        numbers["worst_sharper"] = max(row["mean"] for row in sharper)
        of_sharper = " (at its best temperature {worst_sharper:.2f})"
    beside_it = ""
    if "p_sharper" in rows[arm]:
        numbers["worst_p_sharper"], beside_it = rows[arm]["p_sharper"], ", against that temperature {worst_p_sharper:p}"
    elif sharper:
        beside_it = ", against that temperature not tested"
    text = (
        f"The least satisfied tenth of raters give SFT {{worst_sft:.2f}} rating points{of_sharper}, Level 1"
        f" {{worst_level1:.2f}}, and `{arm}`, trained on the learned worst tenth, {{worst_level2:.2f}} (p against"
        f" SFT {{worst_p_sft:p}}, against Level 1 {{worst_p:p}}{beside_it}; uncorrected)."
    )
    price = []
    for row in in_order(contrast_of(divided, arm, level1)):
        metric = row["metric"]
        if metric in DECIDING:
            numbers[f"price_{metric}"] = row["estimate"]
            by = "that share" if metric == "gold" else short_metric(metric)
            price.append(f"{{price_{metric}:+.2f}} by {by} ({VERDICT_WORDS[row['verdict']]})")
    return f"{text} Beside Level 1 it stands at {join(price)}." if price else text, numbers


def state_worst(divided: dict) -> list[Finding]:
    """Best of n by the worst tenth, and what each arm makes of it."""
    level1, arm = roles_of(divided)["level1"], arm_with_signal(divided, "cvar")
    rows = {row["chooser"]: row for row in find_rows(divided["oracle"], utility="worst_tenth")}
    if not {level1, arm, "true_spread"} <= {*rows} or not divided["worst_tenth"]:
        return []
    choosers = {"level1": level1, "level2": arm, "all": "true_spread"}
    numbers = {name: rows[who]["gain"] for name, who in choosers.items()}
    numbers |= {"mean": rows["true_mean"]["gain"], "n": rows[arm]["n"]}
    said = []
    for row in divided["worst_tenth"]:
        if row["arm"] in divided["settings"]["arms"] and row["arm"] != level1:
            numbers |= {row["arm"]: row["less_level1"], f"{row['arm']}_p": row["p_level1"]}
            said.append(f"`{row['arm']}` {{{row['arm']}:+.2f}} (p {{{row['arm']}_p:p}})")
    text = (
        "The worst tenth is the second reading of the truth, fixed with the world. The best of {n} SFT responses gains"
        " {mean:+.2f} SFT standard deviations of it by the true mean, {all:+.2f} by mean and spread, {level1:+.2f} by"
        f" the scalar reward and {{level2:+.2f}} by `{arm}`'s signal. Against Level 1 policies change it, in points,"
        f" by: {', '.join(said)}; exact p, uncorrected."
    )
    return [make("divided_worst", "And by the worst tenth of raters?", text, numbers, strength=NOT_TESTED)]


def state_learned(divided: dict) -> list[Finding]:
    """What the learned distribution holds of the true spread, and what choosing by it gains."""
    told, kind = divided["derived"]["oracle"], kinds_of_levels(divided)[1]
    measured = {
        row["measure"]: row["value"] for row in find_rows(divided["learned"], name=kind) if row["value"] is not None
    }
    numbers = {"within": measured["spread_within"], "beyond": measured["spread_beyond_mean"], "n": told["n"]}
    numbers |= {"mean": told["mean"], "spread": told["spread"], "level1": told["level1"]}
    numbers |= {"low": min(told["level2"]), "high": max(told["level2"])}
    no_match = ", and is no match for a better mean" if told["level1"] >= numbers["high"] else ""
    text = (
        f"**Where raters disagree (`divided`), the learned spread follows the true one{no_match}.** Within prompts they"
        " correlate {within:.2f}, with the mean held fixed {beyond:.2f}. By the share of satisfied raters, the best of"
        " {n} SFT responses gains {mean:+.2f} by the true mean, {spread:+.2f} more by the true spread; by"
        f" learned signals {{level1:+.2f}} (Level 1) and {reach('low', 'high', '+.2f', numbers)} (Level 2)."
    )
    condition = "no match: no learned reading of the distribution gains more than the scalar reward at the best of n"
    found = [make("divided_learned", "Was the spread learned?", text, numbers, condition=condition)]
    right = {
        level: find_row(divided["learned"], name=arm, measure="decidable")["value"]
        for level, arm in (("level1", roles_of(divided)["level1"]), ("level2", arm_with_signal(divided, "mean")))
    }
    text = (
        "Of the pairs on which most raters agree the mean rating orders {level2:percent} as they do, the scalar reward"
        " {level1:percent}."
    )
    return [*found, make("divided_decidable", "How good are the reward models?", text, right)]


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
    rows_at = find_rows(divided["equal_kl"], against=mean, metric="gold")
    if rows_at:
        numbers |= {f"{row['arm']}_at": row["estimate"] for row in rows_at}
        numbers |= {f"{row['arm']}_at_p": row["p_exact"] for row in rows_at}
        said = [f"`{row['arm']}` {{{row['arm']}_at:+.2f}} (p {{{row['arm']}_at_p:p}})" for row in rows_at]
        text += f" At the KL that both reached: {', '.join(said)}."
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
