"""What the real model showed, in two sentences, before the embedded world speaks."""

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
from findings.words import VERDICT_WORDS, join, list_arms

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
    names = list_arms(other_makes(real))
    if not names:
        return ""
    return f" {names} are judges of other makes." if len(other_makes(real)) > 1 else f" {names} is one of another make."


def by_makes(real: dict, rows: dict[str, dict], name: str, numbers: dict[str, float]) -> str:
    """What judges of each make say of one contrast; its numbers are added to `numbers`."""
    said = []
    for metric, make_in_words in name_makes(real).items():
        if metric in rows:
            numbers[f"{name}_{metric}"] = rows[metric]["estimate"]
            verdict = VERDICT_WORDS[rows[metric]["verdict"]]
            said.append(f"{{{name}_{metric}:+.2f}} by {make_in_words} ({verdict})")
    return join(said)


def state_level1(real: dict) -> Finding:
    """Whether the mean reward rose against SFT's."""
    rows = role_contrast(real, "level1")
    numbers = {"seeds": rows["judges"]["seeds"], "p": rows["judges"]["p_holm"]}
    text = (
        f"**On the real model, SmolLM2-135M-Instruct, Level 1 {RISES[rows['judges']['verdict']]}**"
        f" ([its report](results/{real['experiment']}/report.md), {{seeds}} replicates). On held-out prompts the mean"
        f" reward less SFT's is, in SFT standard deviations, {by_makes(real, rows, 'level1', numbers)}; exact p of the"
        f" first, after Holm, {{p:p}}.{explain_makes(real)}"
    )
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(real), "strength": strength_of(rows["judges"])}
    return make("verdict_real", QUESTION, text, numbers, **given)


def state_level2(real: dict) -> list[Finding]:
    """Whether its arms of Level 2 do better than Level 1; nothing without such arms."""
    level1, numbers, said, verdicts = roles_of(real)["level1"], {}, [], []
    for i, arm in enumerate(row["arm"] for row in find_rows(level2_rows(real), metric="judges")):
        rows = contrast_of(real, arm, level1)
        verdicts += [rows[metric]["verdict"] for metric in name_makes(real) if metric in rows]
        text = f"{'' if said else 'Beside Level 1 '}`{arm}` stands at {by_makes(real, rows, f'level2_{i}', numbers)}"
        cut = find_row(real["cut_off"], arm=arm)
        if cut:
            numbers |= {f"cut_{i}": cut["cut_off"], f"of_{i}": cut["seeds"]}
            text += f"; in {{cut_{i}}} of {{of_{i}}} replicates it goes on until it is cut off"
        said.append(f"{text}.")
    if not said:
        return []
    ahead = [verdict == "rose" for verdict in verdicts]
    opening = "gains, as every judge sees" if all(ahead) else "has no gain that all judges see"
    opening = opening if any(ahead) else "shows no gain"
    text = f"**There Level 2 {opening}.** {' '.join(said)}"
    given = {"condition": f"gain: ahead by every judge; {CONDITION}", "confidence": 1 - alpha_of(real)}
    return [make("verdict_real_level2", QUESTION, text, numbers, **given)]
