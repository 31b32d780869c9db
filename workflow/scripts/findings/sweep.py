"""Whether the conclusion on Level 2 depends on the settings that it shares with Level 1."""

from findings.finding import Finding, make
from findings.summary import find_arm, find_row, find_rows
from findings.tables import markdown
from findings.words import join, reach, short_metric, show

EXPLAINS = "Does the conclusion depend on the shared hyper-parameters?"
SWEPT = ("kl_coef", "learning_rate")
KL = ("kl_level1", "kl_level2")


def rows_of_sweep(sweep: dict, signal: str = "win", against: str = "reward") -> list[dict]:
    """A row a setting and metric: one signal's arm less another's at the same settings, with both KL to SFT in nats."""
    arms, shared = sweep["settings"]["arms"], sweep["settings"]["reinforce"]
    rows = []
    for row in find_rows(sweep["contrasts"], decoding="sampled"):
        one, other = arms.get(row["arm"]), arms.get(row["against"])
        if not one or not other or (one["signal"], other["signal"]) != (signal, against):
            continue
        given = {name: (shared | one)[name] for name in SWEPT}
        if given == {name: (shared | other)[name] for name in SWEPT}:
            kl = [find_arm(sweep["arms"], row[side])["log_ratio"] for side in ("against", "arm")]
            rows.append(row | given | dict(zip(KL, kl)))
    return sorted(rows, key=lambda row: [row[name] for name in SWEPT])


def state_sweep(summary: dict, sweep: dict, other: dict | None = None) -> list[Finding]:
    """How far Level 2 is from Level 1 over all settings, by metric, and over seeds where it is farthest.

    `other` is the sweep from another SFT model.
    """
    margin, rows = summary["settings"]["equivalence_margin"], rows_of_sweep(sweep)
    settings = {tuple(row[name] for name in SWEPT) for row in rows}
    numbers: dict[str, float] = {"settings": len(settings), "seeds": len(sweep["seeds"])}
    said = []
    for metric in ("gold", "judges"):
        sizes = [row["estimate"] for row in find_rows(rows, metric=metric)]
        if sizes:
            numbers |= {f"{metric}_low": min(sizes), f"{metric}_high": max(sizes)}
            said.append(f"{reach(f'{metric}_low', f'{metric}_high', '+.2f', numbers)} by {short_metric(metric)}")
    most = max(find_rows(rows, metric="gold") or rows, key=lambda row: abs(row["estimate"]))
    numbers |= {name: most[name] for name in SWEPT}
    numbers |= {"least_seed": min(most["by_seed"]), "most_seed": max(most["by_seed"])}
    ahead = sorted({short_metric(row["metric"]) for row in rows if row["estimate"] > margin})
    if ahead:
        opening = f"At some shared settings Level 2 is ahead by more than the margin, by {join(ahead)}"
    else:
        opening = "In this run no shared setting puts Level 2 ahead by more than the margin"
    text = (
        f"**{opening}.** At {{settings}} settings of β and learning rate the win probability differs"
        f" by {join(said)} ({{seeds}} pilot seeds: shown, not tested)."
    )
    elsewhere = [row["estimate"] for row in find_rows(rows_of_sweep(other), metric=most["metric"])] if other else []
    if elsewhere:
        numbers |= {"other_low": min(elsewhere), "other_high": max(elsewhere)}
        size = reach("other_low", "other_high", "+.2f", numbers)
        text += f" From another SFT model the win probability differs by {size} by {short_metric(most['metric'])}."
    condition = "ahead: an estimate > equivalence_margin"
    farthest = (
        "They differ most at β = {kl_coef:g} and learning rate {learning_rate:g}: by {least_seed:+.2f} to"
        " {most_seed:+.2f} in single seeds."
    )
    return [
        make("sweep", EXPLAINS, text, numbers, condition=condition, equivalence_margin=margin),
        make("sweep_seeds", EXPLAINS, farthest, numbers),
    ]


def table_of_sweep(sweep: dict) -> str:
    """A row a setting: the difference by each metric, and both arms' KL."""
    found = rows_of_sweep(sweep)
    metrics = [name for name in ("gold", "judges") if find_rows(found, metric=name)]
    twins = {"twin": rows_of_sweep(sweep, "bounded"), "less twin": rows_of_sweep(sweep, "win", "bounded")}
    twins = {name: some for name, some in twins.items() if some}
    rows = []
    for setting in dict.fromkeys(tuple(row[name] for name in SWEPT) for row in found):
        by_metric = {row["metric"]: row for row in find_rows(found, **dict(zip(SWEPT, setting)))}
        kl = by_metric[metrics[0]]
        sizes = [show(by_metric[name]["estimate"], "+.2f") for name in metrics]
        for some in twins.values():
            place = dict(zip(SWEPT, setting)) | {"metric": metrics[0]}
            sizes.append(show(find_row(some, **place).get("estimate"), "+.2f"))
        rows.append([*(f"{value:g}" for value in setting), *sizes, *(show(kl[name], ".1f") for name in KL)])
    beside = [f"{name}, {metrics[0]}" for name in twins]
    return markdown(["β", "learning rate", *metrics, *beside, "KL, Level 1 (nats)", "KL, Level 2 (nats)"], rows)
