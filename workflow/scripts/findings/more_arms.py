"""Arms beside those in question: what each is beside Level 1, in the same replicates; shown, not tested."""

from findings.finding import Finding, make
from findings.summary import arm_with_signal, contrast_of, find_arm, roles_of, seeds_of_contrast
from findings.words import join, short_metric

TOLD_ELSEWHERE = ("placebo", "unpenalised", "centred", "ended", "relabelled")


def kl_beside(summary: dict, row: dict) -> tuple[float, float]:
    """Mean KL to SFT of a contrast's two arms over the replicates that both have, nats a response."""
    means = []
    for arm in (row["arm"], row["against"]):
        own = summary["settings"]["arms"][arm].get("seeds", summary["seeds"])
        of_seed = dict(zip(sorted({*own} & {*summary["seeds"]}), find_arm(summary["arms"], arm)["kl_by_seed"]))
        values = [of_seed[seed] for seed in seeds_of_contrast(summary, row)]
        means.append(sum(values) / len(values))
    return means[0], means[1]


def state_more_arms(summary: dict) -> Finding | None:
    """Each arm that is a control beside Level 1 and has no role of its own; None without such."""
    roles, arms = roles_of(summary), summary["settings"]["arms"]
    known = {roles["level1"]}
    for role in TOLD_ELSEWHERE:
        given = roles.get(role) or []
        known |= {given} if isinstance(given, str) else {*given}
    twin, win = roles.get("bounded"), arm_with_signal(summary, "win")
    if contrast_of(summary, win, twin):  # told beside the win probability
        known.add(twin)
    numbers, said = {}, []
    for i, arm in enumerate(arm for arm in arms if arm not in known):
        rows = contrast_of(summary, arm, roles["level1"])
        rows = {metric: rows[metric] for metric in ("gold", "judges") if metric in rows}
        if not rows or any(row["role"] != "control" for row in rows.values()):
            continue
        first = next(iter(rows.values()))
        numbers |= {f"{metric}_{i}": row["estimate"] for metric, row in rows.items()}
        numbers |= {f"{metric}_{i}_p": row["p_exact"] for metric, row in rows.items()}
        numbers |= {f"of_{i}": first["seeds"]} | dict(zip((f"kl_{i}", f"kl_{i}_1"), kl_beside(summary, first)))
        sizes = [f"{{{metric}_{i}:+.2f}} by {short_metric(metric)} (p {{{metric}_{i}_p:p}})" for metric in rows]
        said.append(f"`{arm}` {join(sizes)}, at {{kl_{i}:.1f}} nats and {{kl_{i}_1:.1f}} ({{of_{i}}} replicates)")
    if not said:
        return None
    text = (
        "**Other arms, less Level 1 in the same replicates, with both one's KL to SFT** (shown; p are exact and"
        f" uncorrected): {'; '.join(said)}."
    )
    return make("more_arms", "What do the other arms do?", text, numbers)
