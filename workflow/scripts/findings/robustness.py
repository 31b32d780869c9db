"""The paper's other claim: RLOO bears label noise, and a weak or strong KL penalty, better than RAFT."""

from findings.finding import Finding, make
from findings.summary import find_arm, paper_arms
from findings.tables import markdown
from findings.words import show

EXPLAINS = "Which method bears noise, and a weak or strong KL penalty?"
BEFORE, AFTER = "raft", "rloo"  # the paper's claim is that the second is ahead


def cells_of(paper: dict, robustness: dict) -> dict[str, dict[tuple[float, float], dict]]:
    """By the paper's names of methods, and by share of turned labels and β: means on held-out prompts.

    Of each cell gold, or the judges where no one knows gold, and KL to SFT, nats a response.
    """
    settings = robustness["settings"]
    metric = "gold" if "gold" in find_arm(robustness["arms"], "sft") else "judges"
    cells: dict[str, dict[tuple[float, float], dict]] = {}
    for row in paper_arms(paper, robustness):
        arm = settings["reinforce"] | settings["arms"][row["arm"]]
        noise = settings["reward_models"][arm["reward_model"]].get("label_noise", 0.0)
        means = find_arm(robustness["arms"], row["arm"])
        told = {"gain": means[metric], "kl": means["log_ratio"], "method": row["method"]}
        cells.setdefault(row["name"], {})[noise, arm["kl_coef"]] = told
    return cells


def one_of(cells: dict, method: str) -> tuple[str, dict]:
    """The first of the paper's methods of a family that was run, with its cells."""
    return next(((name, own) for name, own in cells.items() if any(one["method"] == method for one in own.values())))


def state_robustness(summary: dict, paper: dict, robustness: dict) -> list[Finding]:
    """In how many cells RLOO is ahead of RAFT, and what noise and β cost each method."""
    cells, margin = cells_of(paper, robustness), summary["settings"]["equivalence_margin"]
    (first, ahead), (second, behind) = one_of(cells, AFTER), one_of(cells, BEFORE)
    both = sorted(set(ahead) & set(behind))
    gaps = [ahead[cell]["gain"] - behind[cell]["gain"] for cell in both]
    numbers: dict[str, float] = {"cells": len(both), "seeds": len(robustness["seeds"]), "low": min(gaps)}
    numbers |= {"high": max(gaps), "over": sum(gap > margin for gap in gaps)}
    numbers |= {"under": sum(gap < -margin for gap in gaps)}
    holds = numbers["over"] > len(both) / 2
    text = (
        f"**That {first} bears noise and other KL penalties better than {second} is {'' if holds else 'not '}found"
        " again.** In {over} of {cells} cells it is ahead by more than the margin, in {under} behind ({low:+.2f} to"
        " {high:+.2f}; {seeds} seeds: shown, not tested)."
    )
    noises = sorted({noise for noise, _ in both})
    least, most = noises[0], noises[-1]
    if most > least:
        costs = []
        for index, (name, own) in enumerate(cells.items()):
            betas = [beta for noise, beta in own if noise == most and (least, beta) in own]
            changes = [own[most, beta]["gain"] - own[least, beta]["gain"] for beta in betas]
            if changes:
                numbers[f"cost_{index}"] = sum(changes) / len(changes)
                costs.append(f"{name} {{cost_{index}:+.2f}}")
        numbers["noise"] = most
        text += " With {noise:percent} of the labels turned round, a method's mean gain over β changes: "
        text += f"{'; '.join(costs)}."
    condition = "found again: ahead by more than equivalence_margin in more than half of the cells"
    return [make("robustness", EXPLAINS, text, numbers, condition=condition, equivalence_margin=margin)]


def table_of_robustness(paper: dict, robustness: dict) -> str:
    """A row a cell: each method's gain, and in brackets its KL."""
    cells = cells_of(paper, robustness)
    rows = []
    for noise, beta in sorted({cell for own in cells.values() for cell in own}):
        told = [own.get((noise, beta)) for own in cells.values()]
        shown = [f"{show(one['gain'], '+.2f')} ({show(one['kl'], '.1f')})" if one else "-" for one in told]
        rows.append([show(noise, "percent"), f"{beta:g}", *shown])
    return markdown(["labels turned", "β", *cells], rows)
