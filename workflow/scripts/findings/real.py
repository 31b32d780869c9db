"""What the real model showed, in words beside the table of verdicts, before the embedded world speaks."""

from findings.contrast_words import CONDITION
from findings.finding import Finding, make, strength_of
from findings.summary import (
    alpha_of,
    contrast_of,
    find_row,
    find_rows,
    is_pocket,
    level2_rows,
    other_makes,
    role_contrast,
    roles_of,
)
from findings.units import PRIMARY_KIND
from findings.words import join, reach

QUESTION = "What does the real model show?"
RISES = {
    "rose": "rose",
    "fell": "fell",
    "equivalent": "hardly changed",
    "inconclusive": "is not shown to have changed",
}
POCKET = "**What follows is of *pocket***, an embedded chat world with a tiny model, whose truth is known (*gold*)."


def state_real(summary: dict, real: dict | None) -> list[Finding]:
    """The real model's Level 1 and Level 2, by judges of every make; nothing in other experiments' reports."""
    if not is_pocket(summary):
        return []
    if real is None:
        text = (
            "**The real model first.** SmolLM2-135M-Instruct has not been trained whole yet: no verdict is given on it"
            " (so far: `docs/smollm2.md`)."
        )
        found = [make("verdict_real", QUESTION, text)]
    else:
        found = [state_level1(real), *state_level2(real)]
    return [*found, make("verdict_pocket", "What do the other answers come from?", POCKET)]


def name_makes(real: dict) -> dict[str, str]:
    """Judges of each make in words, by metric; those of the SFT model's make first."""
    many = "s" if len(real["settings"]["judges"][PRIMARY_KIND]) > 1 else ""
    return {"judges": f"the judge{many} of its make"} | {name: f"`{name}`" for name in other_makes(real)}


def explain_makes(real: dict) -> str:
    """What the names of judges of other makes mean; empty without such judges."""
    others = [f"`{name}`" for name in other_makes(real)]
    if not others:
        return ""
    return f" {join(others)} {'are judges of other makes' if len(others) > 1 else 'is a judge of another make'}."


def state_level1(real: dict) -> Finding:
    """Whether the mean reward rose against SFT's; the table beside it has the numbers."""
    row = role_contrast(real, "level1")["judges"]
    text = (
        f"**On the real model, SmolLM2-135M-Instruct, Level 1's reward {RISES[row['verdict']]}** by"
        f" {name_makes(real)['judges']} ([its report](results/{real['experiment']}/report.md), {{seeds}} replicates,"
        f" exact p after Holm {{p:p}}).{explain_makes(real)}"
    )
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(real), "strength": strength_of(row)}
    return make("verdict_real", QUESTION, text, {"seeds": row["seeds"], "p": row["p_holm"]}, **given)


def state_level2(real: dict) -> list[Finding]:
    """Whether its arms of Level 2 do better than Level 1; nothing without such arms."""
    level1, numbers, verdicts, cut_off = roles_of(real)["level1"], {}, [], []
    for i, arm in enumerate(row["arm"] for row in find_rows(level2_rows(real), metric="judges")):
        rows = contrast_of(real, arm, level1)
        verdicts += [rows[metric]["verdict"] for metric in name_makes(real) if metric in rows]
        cut = find_row(real["cut_off"], arm=arm)
        if cut:
            numbers |= {f"cut_{i}": cut["cut_off"], f"of_{i}": cut["seeds"]}
            cut_off.append(f"`{arm}` in {{cut_{i}}} of {{of_{i}}}")
    if not verdicts:
        return []
    ahead = [verdict == "rose" for verdict in verdicts]
    opening = "gains, as every judge sees" if all(ahead) else "has no gain that all judges see"
    opening = opening if any(ahead) else "shows no gain"
    text = f"**There Level 2 {opening}.**"
    ranges = []
    for metric in name_makes(real):
        sizes = [row["minimum_detectable"] for row in find_rows(level2_rows(real), metric=metric)]
        if sizes and None not in sizes:
            numbers |= {f"{metric}_least": min(sizes), f"{metric}_most": max(sizes)}
            ranges.append(reach(f"{metric}_least", f"{metric}_most", ".2f", numbers))
    if len(ranges) == len(name_makes(real)):
        numbers["power"] = real["settings"]["power"]
        text += f" With a power of {{power:percent}}, differences of {join(ranges)} could have been found."
    if cut_off:
        text += f" Policies go on until they are cut off: {join(cut_off)} replicates."
    given = {"condition": f"gain: ahead by every judge; {CONDITION}", "confidence": 1 - alpha_of(real)}
    return [make("verdict_real_level2", QUESTION, text, numbers, **given)]
