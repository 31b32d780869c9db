"""What the real model showed, in two sentences, before the embedded world speaks."""

from findings.contrast_words import CONDITION, smallness
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
from findings.words import VERDICT_WORDS, join

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
    others = len(other_makes(real))
    return f" ({'judges of other makes' if others > 1 else 'a judge of another make'})" if others else ""


def by_makes(real: dict, rows: dict[str, dict], name: str, numbers: dict[str, float]) -> str:
    """What judges of each make say of one contrast; its numbers are added to `numbers`."""
    said = []
    for metric in (metric for metric in name_makes(real) if metric in rows):
        numbers[f"{name}_{metric}"] = rows[metric]["estimate"]
        verdict = f"{VERDICT_WORDS[rows[metric]['verdict']]}{smallness(real, [rows[metric]])}"
        said.append(f"{{{name}_{metric}:+.2f}} ({verdict})")
    return join(said)


def state_level1(real: dict) -> Finding:
    """Whether the mean reward rose against SFT's."""
    rows = role_contrast(real, "level1")
    numbers = {"seeds": rows["judges"]["seeds"], "p": rows["judges"]["p_holm"]}
    text = (
        f"**On the real model, SmolLM2-135M-Instruct, Level 1's reward {RISES[rows['judges']['verdict']]}**"
        f" ([its report](results/{real['experiment']}/report.md), {{seeds}} replicates). On held-out prompts the mean"
        f" reward less SFT's, in SFT standard deviations, is {by_makes(real, rows, 'level1', numbers)} by"
        f" {join([*name_makes(real).values()])}{explain_makes(real)}; exact p of the first, after Holm, {{p:p}}."
    )
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(real), "strength": strength_of(rows["judges"])}
    return make("verdict_real", QUESTION, text, numbers, **given)


def state_level2(real: dict) -> list[Finding]:
    """Whether its arms of Level 2 do better than Level 1; nothing without such arms."""
    level1, numbers, said, verdicts, cut_off = roles_of(real)["level1"], {}, [], [], []
    for i, arm in enumerate(row["arm"] for row in find_rows(level2_rows(real), metric="judges")):
        rows = contrast_of(real, arm, level1)
        verdicts += [rows[metric]["verdict"] for metric in name_makes(real) if metric in rows]
        said.append(f"`{arm}` is {by_makes(real, rows, f'level2_{i}', numbers)}")
        cut = find_row(real["cut_off"], arm=arm)
        if cut:
            numbers |= {f"cut_{i}": cut["cut_off"], f"of_{i}": cut["seeds"]}
            cut_off.append(f"`{arm}` in {{cut_{i}}} of {{of_{i}}}")
    if not said:
        return []
    ahead = [verdict == "rose" for verdict in verdicts]
    opening = "gains, as every judge sees" if all(ahead) else "has no gain that all judges see"
    opening = opening if any(ahead) else "shows no gain"
    order = f", by the same judge{'s in the same order' if len(name_makes(real)) > 1 else ''}"
    text = f"**There Level 2 {opening}.** Less Level 1{order}, {'; '.join(said)}."
    least = {}
    for metric in name_makes(real):
        sizes = [row["minimum_detectable"] for row in find_rows(level2_rows(real), metric=metric)]
        least |= {f"least_{metric}": min(sizes)} if sizes and None not in sizes else {}
    if len(least) == len(name_makes(real)):
        numbers |= least
        found = join([f"{{{name}:.2f}}" for name in least])
        text += f" The smallest differences that the tests could have found are {found}."
    if cut_off:
        text += f" Policies go on until they are cut off: {join(cut_off)} replicates."
    given = {"condition": f"gain: ahead by every judge; {CONDITION}", "confidence": 1 - alpha_of(real)}
    return [make("verdict_real_level2", QUESTION, text, numbers, **given)]
