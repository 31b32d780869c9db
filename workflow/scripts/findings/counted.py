"""What of a response raters and reward models count: its content, its form, whether it ended."""

import json

import pandas as pd

from findings.compliance import BEST, change_of, share_of
from findings.contrast_words import say_within
from findings.evidence import exact_sign_flip_p
from findings.finding import Finding, make, shown_by_p
from findings.level2_why import EXPLAINS
from findings.summary import alpha_of, contrast_of, find_arm, find_row, find_rows, is_pocket, level2_rows, roles_of
from findings.tables import markdown
from findings.words import join, list_arms, reach, show

WEIGHT = "weight_"  # the measures of measure_oracle that are read here

# In instructions keeping a constraint is mostly a matter of form: there the parts have other names.
PARTS = {
    "pocket": {"form": "form", "content": "content"},
    "instructions": {"form": "wording", "content": "topic and constraint"},
}
# Gold's parts whose weights are told, content first; the raters' bias and the end stand in the table alone.
COUNTED = {
    "pocket": {"helpfulness": "helpfulness", "correctness": "correctness", "form": "form"},
    "instructions": {"helpfulness": "the constraint", "correctness": "the topic", "form": "the wording"},
}
OTHERS = {"bias": "what raters like beyond gold", "end": "having ended"}


def names_of_parts(summary: dict, names: dict[str, dict[str, str]] = PARTS) -> dict[str, str]:
    """What gold's parts are called: form and content, or those whose weights are told."""
    return names["pocket" if is_pocket(summary) else "instructions"]


def describe_weights(path: str, level1: str) -> list[dict]:
    """How much each part counts in each signal, mean over seeds, and less Level 1's; a row a signal and part.

    p are exact, over seeds.
    """
    table = pd.read_csv(path)
    table = table[table["measure"].str.startswith(WEIGHT)]
    rows = []
    for (measure, name), part in table.groupby(["measure", "name"], sort=False):
        ours = part.set_index("seed")["value"]
        theirs = table[(table["measure"] == measure) & (table["name"] == level1)].set_index("seed")["value"]
        less = (ours - theirs).dropna().to_numpy()
        row = {"name": name, "part": measure.removeprefix(WEIGHT), "weight": ours.mean(), "seeds": len(less)}
        rows.append(row | {"less_level1": less.mean(), "p_exact": exact_sign_flip_p(less)})
    return json.loads(pd.DataFrame(rows).to_json(orient="records"))


def weights_of(summary: dict, name: str) -> dict[str, dict]:
    """The rows of a signal, or of raters, by part."""
    return {row["part"]: row for row in find_rows(summary.get("weights", []), name=name)}


def state_weights(summary: dict) -> Finding | None:
    """What Level 1's reward counts, beside what the raters did from whom it learned; None where no truth is known."""
    raters, ours = weights_of(summary, "raters"), weights_of(summary, roles_of(summary)["level1"])
    names = {part: name for part, name in names_of_parts(summary, COUNTED).items() if part in raters and part in ours}
    if not names:
        return None
    numbers = {f"raters_{part}": raters[part]["weight"] for part in names}
    numbers |= {f"ours_{part}": ours[part]["weight"] for part in names}
    order = sorted(names, key=lambda part: ours[part]["weight"] - raters[part]["weight"])
    said = [f"{names[part]} {{raters_{part}:+.2f}} and {{ours_{part}:+.2f}}" for part in order]
    text = (
        f"**Of what raters count, its reward model learned least of {names[order[0]]}.** All else equal, one standard"
        f" deviation more adds, in standard deviations, to the raters' ratings and to the model's: {'; '.join(said)}."
    )
    return make("weights", "What does the reward count?", text, numbers, condition="the part with the largest gap")


def state_level2_weights(summary: dict) -> Finding | None:
    """Whether Level 2's rewards count gold's content as much as Level 1's; None where no truth is known."""
    alpha, level1 = alpha_of(summary), weights_of(summary, roles_of(summary)["level1"])
    arms = list(dict.fromkeys(row["arm"] for row in level2_rows(summary) if weights_of(summary, row["arm"])))
    names = {part: name for part, name in names_of_parts(summary, COUNTED).items() if part in level1}
    if not arms or not names:
        return None
    numbers, said, less, ps = {}, [], [], []
    for part, name in names.items():
        rows = [weights_of(summary, arm)[part] for arm in arms]
        weights, p = [row["weight"] for row in rows], max(row["p_exact"] for row in rows)
        numbers |= {f"{part}_1": level1[part]["weight"], f"{part}_p": p}
        numbers |= {f"{part}_low": min(weights), f"{part}_high": max(weights)}
        size = reach(f"{part}_low", f"{part}_high", "+.2f", numbers)
        said.append(f"{name} counts {size}, in Level 1's {{{part}_1:+.2f}} (largest p {{{part}_p:p}})")
        if p < alpha and part != "form" and all(row["less_level1"] < 0 for row in rows):
            less.append(name)
            ps.append(p)
    opening = f"counts {join(less)} less" if less else f"is not shown to count {join([*names.values()][:2])} less"
    text = f"**Level 2's reward {opening} than Level 1's**, all else equal: {'; '.join(said)}."
    text += say_end(summary, arms, numbers)
    text += say_choice(summary, arms, numbers) + " Uncorrected."
    given = {"condition": "exact p < 1 - confidence for every arm", "confidence": 1 - alpha}
    given["strength"] = shown_by_p(max(ps), alpha) if ps else shown_by_p(1.0, alpha)
    # The report tells the first alone.
    return make("level2_weights" if less else "level2_weights_open", EXPLAINS, text, numbers, **given)


def say_end(summary: dict, arms: list[str], numbers: dict[str, float]) -> str:
    """How much having ended counts in each reward, and to raters; empty where all responses end. Adds to `numbers`."""
    ours = [weights_of(summary, arm).get("end") for arm in arms]
    others = {"end_1": roles_of(summary)["level1"], "end_raters": "raters"}
    theirs = {name: weights_of(summary, who).get("end") for name, who in others.items()}
    if not all([*ours, *theirs.values()]):
        return ""
    numbers |= {"end_low": min(row["weight"] for row in ours), "end_high": max(row["weight"] for row in ours)}
    numbers |= {"end_p": max(row["p_exact"] for row in ours)}
    numbers |= {name: row["weight"] for name, row in theirs.items()}
    size = reach("end_low", "end_high", "+.2f", numbers)
    return (
        f" Having ended counts {size}, in Level 1's {{end_1:+.2f}} (largest p {{end_p:p}}), to raters"
        " {end_raters:+.2f}."
    )


def say_choice(summary: dict, arms: list[str], numbers: dict[str, float]) -> str:
    """How often the best of SFT's responses does what was asked, as each reward chooses; empty where no rule can tell.

    Adds to `numbers`.
    """
    level1 = roles_of(summary)["level1"]
    ours = [share_of(summary, arm, decoding=BEST)["mean"] for arm in arms if share_of(summary, arm, decoding=BEST)]
    if not ours:
        return ""
    changes = [change_of(summary, arm, level1, decoding=BEST) for arm in arms]
    numbers |= {"choice_low": min(ours), "choice_high": max(ours)}
    numbers |= {"choice_1": share_of(summary, level1, decoding=BEST)["mean"]}
    numbers |= {"choice_p": max(change["p_exact"] for change in changes)}
    size = reach("choice_low", "choice_high", "percent", numbers)
    return (
        f" Of SFT's responses, the {BEST} by it do what was asked in {size} of the cases, by Level 1's in"
        " {choice_1:percent} (largest p {choice_p:p})."
    )


def state_gap(summary: dict) -> Finding | None:
    """Which part of gold makes the difference from Level 1; None where gold shows none."""
    names, alpha, level1 = names_of_parts(summary), alpha_of(summary), roles_of(summary)["level1"]
    arms = [row["arm"] for row in find_rows(level2_rows(summary), metric="gold") if row["verdict"] in ("rose", "fell")]
    parts = {part: [find_row(summary["rubric"], arm=arm, against=level1, part=part) for arm in arms] for part in names}
    if not arms or not all(map(all, parts.values())):
        return None
    numbers, said = {}, []
    for part, rows in parts.items():
        numbers |= {f"{part}_{i}": row["estimate"] for i, row in enumerate(rows)}
        numbers |= {f"{part}_p": max(row["p_exact"] for row in rows)}
        sizes = join([f"{{{part}_{i}:+.2f}}" for i in range(len(rows))])
        said.append(f"{names[part]} {sizes} (largest p {{{part}_p:p}})")
    most = max(parts, key=lambda part: sum(abs(row["estimate"]) for row in parts[part]))
    text = (
        f"**Most of the difference from Level 1 by gold is {names[most]}.** In rating points, {list_arms(arms)}"
        f" {'differs' if len(arms) == 1 else 'differ'} by: {'; '.join(said)}. Uncorrected."
    )
    given = {"strength": shown_by_p(numbers[f"{most}_p"], alpha), "condition": "the part with the larger difference"}
    return make("gap", EXPLAINS, text, numbers, confidence=1 - alpha, **given)


def say_parts(summary: dict, arms: list[str], numbers: dict[str, float]) -> str:
    """What content and form make of a difference at equal KL; empty where that is not known. Adds to `numbers`."""
    level1, said = roles_of(summary)["level1"], []
    for part, name in names_of_parts(summary).items():
        rows = [find_row(summary["equal_kl"], arm=arm, against=level1, metric=part) for arm in arms]
        if not all(rows):
            return ""
        numbers |= {f"{part}_{i}": row["estimate"] for i, row in enumerate(rows)}
        numbers |= {f"{part}_p": max(row["p_exact"] for row in rows)}
        sizes = join([f"{{{part}_{i}:+.2f}}" for i in range(len(rows))])
        said.append(f"{name} {sizes} (largest p {{{part}_p:p}})")
    return f"; in rating points, {join(said)}"


def state_moved(summary: dict) -> Finding | None:
    """Whether Level 2's policies moved less far than Level 1's, and what is left where both had come as far.

    None where no arm of Level 2 is shown to differ by the truth, or its distance from SFT is not.
    """
    alpha, level1 = alpha_of(summary), roles_of(summary)["level1"]
    metric = "gold" if summary["world"] else "judges"
    ours, numbers, ps, left, arms = find_arm(summary["arms"], level1), {}, [], [], []
    for arm in dict.fromkeys(row["arm"] for row in level2_rows(summary)):
        row, theirs = contrast_of(summary, arm, level1).get(metric), find_arm(summary["arms"], arm)
        equal = find_row(summary["equal_kl"], arm=arm, against=level1, metric=metric, seeds=ours["seeds"])
        if not row or row["verdict"] not in ("rose", "fell") or not equal or theirs["seeds"] != ours["seeds"]:
            continue
        less = pd.Series(theirs["kl_by_seed"]) - pd.Series(ours["kl_by_seed"])
        ps.append(exact_sign_flip_p(less.to_numpy()))
        if ps[-1] >= alpha or less.mean() > 0:
            return None
        arms.append(arm)
        left.append(equal)
        numbers |= {f"kl_{arm}": theirs["log_ratio"], f"left_{arm}": equal["estimate"]}
    if not arms:
        return None
    numbers |= {"kl": ours["log_ratio"], "p": max(ps), "least": min(row["p_exact"] for row in left)}
    shown = "smallest" if numbers["least"] < alpha else "not shown, least"
    within = say_within(left, "left", numbers)
    text = (
        f"**Level 2's policies moved less with the same settings.** At the end {list_arms(arms)}"
        f" {'is' if len(arms) == 1 else 'are'} {join([f'{{kl_{arm}:.1f}}' for arm in arms])} nats from SFT, Level 1"
        " {kl:.1f} (largest p {p:p}, uncorrected). At equal KL, on the curves of training, the difference by"
        f" {metric} is {join([f'{{left_{arm}:+.2f}}' for arm in arms])} ({shown} p {{least:p}}, {within})"
        f"{say_parts(summary, arms, numbers)}."
    )
    condition = "shown to differ from Level 1, and shown to have a smaller KL"
    return make(
        "moved", EXPLAINS, text, numbers, strength=shown_by_p(max(ps), alpha), condition=condition, confidence=1 - alpha
    )


def table_of_weights(summary: dict) -> str:
    """How much each part counts in each signal, and to raters."""
    names = names_of_parts(summary, COUNTED) | OTHERS
    rows = summary.get("weights", [])
    parts = [part for part in names if find_row(rows, part=part)]
    table = [
        [name, *(show(weights_of(summary, name).get(part, {}).get("weight"), "+.2f") for part in parts)]
        for name in dict.fromkeys(row["name"] for row in rows)
    ]
    return markdown(["signal of", *(names[part] for part in parts)], table) if table else ""


def state_counted(summary: dict) -> list[Finding]:
    """All of them."""
    found = (state_weights(summary), state_level2_weights(summary), state_gap(summary), state_moved(summary))
    return [*filter(None, found)]
