"""The paper's other claim: RLOO bears label noise, and a weak or strong KL penalty, better than RAFT."""

from findings.finding import Finding, make
from findings.summary import find_arm, paper_arms
from findings.tables import markdown
from findings.words import join, show

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


def changes_from_home(own: dict[tuple[float, float], dict], beta: float) -> dict[str, dict[tuple[float, float], float]]:
    """What noise and another β each change of a method's own gain: by what changed, and by cell.

    Noise beside the fewest turned labels at the same β, β beside `beta` on those labels.
    """
    least = min(noise for noise, _ in own)
    homes = {"noise": {}, "β": {}}
    for (noise, kl_coef), told in own.items():
        if noise > least and (least, kl_coef) in own:
            homes["noise"][noise, kl_coef] = told["gain"] - own[least, kl_coef]["gain"]
        elif noise == least and kl_coef != beta and (least, beta) in own:
            homes["β"][noise, kl_coef] = told["gain"] - own[least, beta]["gain"]
    return homes


def state_robustness(summary: dict, paper: dict, robustness: dict) -> list[Finding]:
    """Whether RLOO loses less than RAFT does by noise, and by another β, each beside its own gain without."""
    cells, margin = cells_of(paper, robustness), summary["settings"]["equivalence_margin"]
    beta = robustness["settings"]["reinforce"]["kl_coef"]
    changes = {name: changes_from_home(own, beta) for name, own in cells.items()}
    (first, _), (second, _) = one_of(cells, AFTER), one_of(cells, BEFORE)
    numbers: dict[str, float] = {"seeds": len(robustness["seeds"]), "beta": beta}
    said, costs, holds = [], [], []
    for what, where in (("noise", "turned labels"), ("β", "another β")):
        both = sorted({*changes[first][what]} & {*changes[second][what]})
        gaps = [changes[first][what][cell] - changes[second][what][cell] for cell in both]
        if not gaps:
            continue
        numbers |= {f"{what}_cells": len(gaps), f"{what}_over": sum(gap > margin for gap in gaps)}
        numbers |= {f"{what}_under": sum(gap < -margin for gap in gaps)}
        holds.append(numbers[f"{what}_over"] > len(gaps) / 2)
        said.append(f"in {{{what}_over}} of {{{what}_cells}} cells with {where} (in {{{what}_under}} it loses more)")
        means = []
        for index, (name, own) in enumerate(changes.items()):
            if own[what]:
                numbers[f"{what}_{index}"] = sum(own[what].values()) / len(own[what])
                means.append(f"{name} {{{what}_{index}:+.2f}}")
        costs.append(f"By {where} a method's gain changes, on average over cells, by: {'; '.join(means)}.")
    found = "found again" if all(holds) else "found again in part" if any(holds) else "not found again"
    text = (
        f"**That {first} bears noise and other KL penalties better than {second} is {found}.** Beside its own gain on"
        f" the labels as they are and at β = {{beta:g}}, it loses less than the other, by more than the margin,"
        f" {join(said)}; {{seeds}} seeds: shown, not tested. {' '.join(costs)}"
    )
    condition = "found again: loses less by more than equivalence_margin in more than half of the cells, of both kinds"
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
