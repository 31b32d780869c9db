"""The report's tables as Markdown: rows of statistics, set beside each other and never reckoned with."""

from findings.by_seed import GOLD_PARTS
from findings.summary import find_row, find_rows, level2_rows, role_contrast, roles_of
from findings.words import join, plural, show, show_interval

FORMULAS = {
    "reward": "$r$",
    "centred": "$r - \\bar r$, with $\\bar r$ the mean reward of SFT's responses to the prompt: centred, without a"
    " bound",
    "bounded": "$\\sigma(r - r')$, mean over the rewards $r'$ of SFT's responses to the prompt (Fu et al.,"
    " [PAR](https://arxiv.org/abs/2502.18770)): the win probability's scalar twin",
    "mean": "$E[k]$",
    "win": "$P(y > y')$, mean over SFT's responses $y'$ to the prompt",
    "risk": "$E[k] - \\lambda \\mathrm{sd}[k]$",
    "cvar": "mean of the worst share of the distribution",
    "content": "$P(k \\ge t)$",
    "sampled": "one rating, drawn",
}
OPTIONS = {
    "risk_aversion": ", λ = {:g}",
    "rating_threshold": ", t = {:g}",
    "relabelling": ", ratings renamed ({})",
    "kl_coef": ", β = {:g}",
    "cut_off_reward": "; {:g} where it is cut off",
    "cvar_share": ", share {:g}",
    "advantage_weight": ", weighted by {}",
}


def markdown(header: list[str], rows: list[list], left: int = 1) -> str:
    """A Markdown table whose first `left` columns are words, the others numbers; empty without rows."""
    if not rows:
        return ""
    rules = ["---" if i < left else "---:" for i in range(len(header))]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in (header, rules, *rows))


def escape(text: str) -> str:
    """Text that stays within its cell of a Markdown table, as it was written."""
    for mark in "\\`*_|<":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split()) or "(empty)"


def columns(summary: dict, *names: str) -> list[str]:
    """Of these columns those that the experiment has: gold only where the truth is known."""
    return [name for name in names if name != "gold" or summary["world"]]


def relabelled(summary: dict) -> list[str]:
    return roles_of(summary).get("relabelled", [])


def table_of_arms(summary: dict, short: bool = True) -> str:
    """What each arm's responses are worth; `short`: sampled ones, and SFT's greedy ones."""
    left_out = {"sft_again", *relabelled(summary), roles_of(summary).get("centred") if short else None}
    shown = [
        row
        for row in summary["arms"]
        if row["arm"] not in left_out and (not short or row["decoding"] == "sampled" or row["arm"] == "sft")
    ]
    scores = columns(summary, "gold", "judges")
    rows = []
    for row in shown:
        greedy = row["decoding"] == "greedy"
        named = row | {"arm": row["arm"] + (" (greedy)" if greedy else "")}
        place = [name_of_row(named, len(summary["seeds"]))] if short else [row["arm"], row["decoding"], row["seeds"]]
        moments = [show(None if greedy else row["log_ratio"], ".2f"), show(row["tokens"], ".1f")]
        moments += [] if short else [show(row["finished"], "percent")]
        rows.append([*place, *(show(row[name], "+.2f") for name in scores), *moments])
    header = ["arm"] if short else ["arm", "decoding", "seeds"]
    header += [*scores, "KL (nats)", "tokens"]
    return markdown(header if short else [*header, "finished"], rows, 1 if short else 2)


def table_of_signals(summary: dict, short: bool = False) -> str:
    """What each arm's reward is; `short`: of the arms of both levels, without controls."""
    rows, roles = [], roles_of(summary)
    for arm, own in summary["settings"]["arms"].items():
        if short and arm not in (roles["level1"], *roles.get("level2", [])):
            continue
        options = "".join(words.format(own[name]) for name, words in OPTIONS.items() if name in own)
        rows.append([arm, FORMULAS.get(own["signal"], own["signal"]) + options, own["reward_model"]])
    return markdown(["arm", "reward of a response $y$", "reward model"], rows, 3)


def table_of_examples(summary: dict, examples: list[dict], arms: list[str], most: int | None = None) -> str:
    """Responses of some arms to the same prompts, each with gold and judges; of a long one its first `most` words."""
    scores, rows = columns(summary, "gold", "judges"), []
    for example in examples:
        cells = [escape(example["prompt"])]
        for arm in arms:
            row = find_row(example["responses"], arm=arm, decoding="sampled")
            if not row:
                cells.append("-")
                continue
            words = row["text"].split()
            text = " ".join([*words[:most], "\N{HORIZONTAL ELLIPSIS}"]) if most and len(words) > most else row["text"]
            cells.append(f"{escape(text)} ({'; '.join(show(row.get(name), '+.2f') for name in scores)})")
        rows.append(cells)
    return markdown(["prompt", *("SFT" if arm == "sft" else arm for arm in arms)], rows, len(arms) + 1)


def arms_to_show(summary: dict, examples: list[dict], *roles: str) -> list[str]:
    """SFT and the arms of some roles, the first of several, that the examples have responses of."""
    named = [roles_of(summary).get(role) for role in roles]
    arms = [arm[0] if isinstance(arm, list) and arm else arm for arm in named]
    there = {row["arm"] for row in examples[0]["responses"]} if examples else set()
    return ["sft", *dict.fromkeys(arm for arm in arms if isinstance(arm, str) and arm in there)]


def table_of_placebos(summary: dict) -> str:
    """Each placebo's reward model beside what its policy did."""
    if not summary["placebo"]:
        return ""
    scores = columns(summary, "proxy", "gold", "judges")
    rows = [
        [
            row["seed"],
            f"{show(row['accuracy'], '.3f')} ({show_interval(row['accuracy_low'], row['accuracy_high'], '.3f')})",
        ]
        + [show(row.get(name), "+.2f") for name in scores]
        for row in summary["placebo"]["seeds"]
    ]
    return markdown(["seed", "accuracy of its reward model (interval)", *scores], rows, 0)


def table_of_contrasts(summary: dict) -> str:
    """All of them, by every metric, sampled and greedy."""
    header = [
        "contrast",
        "arm",
        "against",
        "metric",
        "decoding",
        "difference (SFT s.d.)",
        "interval",
        "seeds",
        "exact p",
    ]
    header += ["after Holm", "detectable", "verdict"]
    rows = []
    for row in summary["contrasts"]:
        several = row["seeds"] > 1
        name = row["name"] + (" (control)" if row["role"] == "control" else "")
        rows.append(
            [name, row["arm"], row["against"], row["metric"], row["decoding"], show(row["estimate"], "+.2f")]
            + [
                show_interval(row["ci_low"], row["ci_high"]),
                row["seeds"],
                show(row["p_exact"], "p") if several else "-",
            ]
            + [show(row["p_holm"], "p") if row["role"] == "test" else "-", show(row["minimum_detectable"], ".2f")]
            + [row["verdict"] if several else "one seed"]
        )
    return markdown(header, rows, 5)


def table_of_level2(summary: dict) -> str:
    """Level 2's arms against Level 1, gold first."""
    rows = [
        [row["arm"], row["metric"], show(row["estimate"], "+.2f"), show_interval(row["ci_low"], row["ci_high"])]
        + [show(row["p_holm"], "p"), show(row["equivalence_p"], "p")]
        for row in sorted(level2_rows(summary), key=lambda row: row["metric"] != "gold")
    ]
    header = ["arm", "by", "less Level 1 (SFT s.d.)", "interval", "p after Holm", "p of equivalence"]
    return markdown(header, rows, 2)


def table_of_equal_kl(summary: dict) -> str:
    """Contrasts at the KL that both arms reached."""
    rows = [
        [f"{row['name']}: {row['arm']} - {row['against']}", row["metric"], show(row["kl"], ".2f")]
        + [show(row["estimate"], "+.2f"), show_interval(row["ci_low"], row["ci_high"]), show(row["p_exact"], "p")]
        for row in summary["equal_kl"]
        if row["seeds"] == len(summary["seeds"]) and row["metric"] not in GOLD_PARTS
    ]
    return markdown(["contrast", "by", "KL (nats)", "difference (SFT s.d.)", "t interval", "exact p"], rows, 2)


def table_of_predictions(summary: dict) -> str:
    """What best of n predicted of each contrast, and what came of it."""
    rows = []
    for row in summary["derived"]["predictions"]:
        after = row["after"]
        rows.append(
            [f"{row['name']}: {row['arm']} - {row['against']}", row["metric"]]
            + [f"{show(row['estimate'], '+.2f')} ({row['prediction']}, p {show(row['p_exact'], 'p')})"]
            + [
                f"{show(after['estimate'], '+.2f')} (p {show(after['p_holm'], 'p')}, equivalence"
                f" {show(after['equivalence_p'], 'p')})"
            ]
            + [show_interval(after["ci_low"], after["ci_high"]), row["judged"]]
        )
    return markdown(["contrast", "by", "best of n, before RL", "after RL", "interval", "borne out?"], rows, 2)


def name_of_row(row: dict, seeds: int) -> str:
    """An arm, and of how many replicates where those are not all."""
    return row["arm"] + (f" ({plural(row['seeds'], 'seed')})" if row["seeds"] < seeds else "")


def table_of_compliance(summary: dict) -> str:
    """What share of responses did what was asked, seen in training and held out, and the parts of that."""
    told, rows, seeds = summary.get("compliance") or [], [], len(summary["seeds"])
    for row in find_rows(told, constraint="all seen"):
        other = find_row(told, arm=row["arm"], decoding=row["decoding"], constraint="all held out")
        if row["arm"] != "sft_again":
            shares = [
                f"{show(one.get('mean'), 'percent')} ({show_interval(one.get('min'), one.get('max'), 'percent')})"
                for one in (row, other)
            ]
            parts = [show(row[name], "percent") for name in ("keeps", "keeps_unasked", "names_topic")]
            points = [show(row[name], ".2f") for name in ("gold", "raters", "praise")]
            rows.append([name_of_row(row, seeds), row["decoding"], *shares, *parts, *points])
    header = ["arm", "decoding", "did what was asked", "on held-out constraints", "constraint kept", "kept unasked"]
    return markdown([*header, "topic named", "gold, points", "raters, points", "of that praise"], rows, 2)


def table_of_constraints(summary: dict) -> str:
    """The same constraint by constraint, sampled responses."""
    told = find_rows(summary.get("compliance") or [], decoding="sampled")
    names = [row["constraint"] for row in find_rows(told, arm="sft") if not row["constraint"].startswith("all ")]
    arms = [row for row in find_rows(told, constraint="all seen") if row["arm"] != "sft_again"]
    rows = [
        [name_of_row(row, len(summary["seeds"]))]
        + [show(find_row(told, arm=row["arm"], constraint=name).get("mean"), "percent") for name in names]
        for row in arms
    ]
    return markdown(["arm", *names], rows)


def table_of_unpenalised(summary: dict) -> str:
    """Gold by seed without a KL penalty, beside the KL at which it was seen."""
    row, arm = role_contrast(summary, "unpenalised").get("gold"), roles_of(summary).get("unpenalised")
    if not row:
        return ""
    kl = find_row(summary["arms"], arm=arm, decoding="sampled").get("kl_by_seed") or []
    cells = [[show(value, "+.2f"), show(nats, ".0f")] for value, nats in zip(row["by_seed"], kl)]
    return markdown(["gold less SFT's, a seed a row", "KL (nats)"], cells, 0)


def list_versions(summary: dict) -> str:
    return join([f"{name} {version}" for name, version in summary["versions"].items()])
