"""What of a response raters and reward models count: its content, its form, whether it ended."""

import json

import pandas as pd

from findings.evidence import exact_sign_flip_p
from findings.finding import Finding, direction, make, shown_by_p
from findings.level2_why import EXPLAINS
from findings.summary import alpha_of, contrast_of, find_arm, find_row, find_rows, is_pocket, level2_rows, roles_of
from findings.tables import markdown
from findings.words import join, list_arms, reach, show

WEIGHT = "weight_"  # the measures of measure_oracle that are read here
ARE_HELD = "Within prompts, the other parts held, in standard deviations,"

ENDED = {"end": "having ended"}
# Keeping a constraint is mostly a matter of form: there the two parts have other names.
PARTS = {
    "pocket": {"form": "form", "content": "content"},
    "instructions": {"form": "wording", "content": "what was asked"},
}


def names_of_parts(summary: dict) -> dict[str, str]:
    """What gold's two parts are called: form and content."""
    return PARTS["pocket" if is_pocket(summary) else "instructions"]


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


def say_weights(said: list[list[str]], one: str, other: str) -> str:
    """What each part counts to two, each a name and two weights."""
    (name, ours, theirs), *rest = said
    return "; ".join(
        [f"{name} counts {ours} {one} and {theirs} {other}", *map("{0[0]} {0[1]} and {0[2]}".format, rest)]
    )


def state_weights(summary: dict) -> Finding | None:
    """What Level 1's reward counts, beside what the raters did from whom it learned; None where no truth is known."""
    raters, ours = weights_of(summary, "raters"), weights_of(summary, roles_of(summary)["level1"])
    if not raters or not ours:
        return None
    names, numbers, said = names_of_parts(summary) | ENDED, {}, []
    for part, row in raters.items():
        numbers |= {f"raters_{part}": row["weight"], f"ours_{part}": ours[part]["weight"]}
        said.append([names[part], f"{{raters_{part}:+.2f}}", f"{{ours_{part}:+.2f}}"])
    lost = {part: raters[part]["weight"] - ours[part]["weight"] for part in ("content", "form")}
    most = max(lost, key=lost.get)
    opening = f"Of what raters count, its reward model learned least of {names[most]}"
    text = f"**{opening}.** {ARE_HELD} {say_weights(said, 'to raters', 'to the model')}."
    return make("weights", "What does the reward count?", text, numbers, condition="the part with the largest gap")


def state_level2_weights(summary: dict) -> Finding | None:
    """Whether Level 2's rewards count gold's content as much as Level 1's; None where no truth is known."""
    alpha, names = alpha_of(summary), names_of_parts(summary) | ENDED
    level1 = weights_of(summary, roles_of(summary)["level1"])
    arms = [row["arm"] for row in level2_rows(summary) if weights_of(summary, row["arm"])]
    arms = list(dict.fromkeys(arms))
    if not arms or not level1:
        return None
    numbers, said = {}, []
    for part, row in level1.items():
        weights = [weights_of(summary, arm)[part]["weight"] for arm in arms]
        numbers |= {f"{part}_1": row["weight"], f"{part}_low": min(weights), f"{part}_high": max(weights)}
        high = reach(f"{part}_low", f"{part}_high", "+.2f", numbers)
        said.append([names[part], f"{{{part}_1:+.2f}}", high])
    rows = [weights_of(summary, arm)["content"] for arm in arms]
    least = max(rows, key=lambda row: row["p_exact"])
    alike = len({row["less_level1"] > 0 for row in rows}) == 1
    told = {"estimate": least["less_level1"], "p_exact": least["p_exact"] if alike else 1.0}
    words = ("counts {} more", "counts {} less", "is not shown to count {} more or less")
    opening = direction(told, alpha, words).format(names["content"])
    numbers |= {"p": least["p_exact"]}
    text = (
        f"**Level 2's reward {opening} than Level 1's** (largest p {{p:p}}, uncorrected):"
        f" {say_weights(said, 'to Level 1', 'to Level 2')}."
    )
    given = {"condition": "exact p < 1 - confidence for every arm", "confidence": 1 - alpha}
    name = "level2_weights" if told["p_exact"] < alpha else "level2_weights_open"  # the report tells the first alone
    return make(name, EXPLAINS, text, numbers, strength=shown_by_p(told["p_exact"], alpha), **given)


def state_moved(summary: dict) -> Finding | None:
    """Whether Level 2's policies moved less far than Level 1's, and what is left where both had come as far.

    None where no arm of Level 2 is shown to differ by the truth, or its distance from SFT is not.
    """
    alpha, level1 = alpha_of(summary), roles_of(summary)["level1"]
    metric = "gold" if summary["world"] else "judges"
    ours, numbers, ps, left, arms = find_arm(summary["arms"], level1), {}, [], [], []
    for arm in roles_of(summary).get("level2", []):
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
    gone = numbers["least"] >= alpha
    text = (
        f"**Level 2's policies moved less with the same settings.** At the end {list_arms(arms)}"
        f" {'is' if len(arms) == 1 else 'are'} {join([f'{{kl_{arm}:.1f}}' for arm in arms])} nats from SFT, Level 1"
        " {kl:.1f} (largest p {p:p}, uncorrected). Where both had come as far, in training, the difference by"
        f" {metric} is {join([f'{{left_{arm}:+.2f}}' for arm in arms])}"
        f" ({'not shown, least' if gone else 'smallest'} p {{least:p}})."
    )
    condition = "shown to differ from Level 1, and shown to have a smaller KL"
    return make(
        "moved", EXPLAINS, text, numbers, strength=shown_by_p(max(ps), alpha), condition=condition, confidence=1 - alpha
    )


def table_of_weights(summary: dict) -> str:
    """How much each part counts in each signal, and to raters."""
    names = names_of_parts(summary) | ENDED
    rows = summary.get("weights", [])
    parts = [part for part in names if find_row(rows, part=part)]
    table = [
        [name, *(show(weights_of(summary, name).get(part, {}).get("weight"), "+.2f") for part in parts)]
        for name in dict.fromkeys(row["name"] for row in rows)
    ]
    return markdown(["signal of", *(names[part] for part in parts)], table) if table else ""


def state_counted(summary: dict) -> list[Finding]:
    """All of them."""
    return [*filter(None, (state_weights(summary), state_level2_weights(summary), state_moved(summary)))]
