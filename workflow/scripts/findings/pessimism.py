"""Whether an ensemble's mean, or its members' doubt, keeps a policy from over-optimising its reward."""

from findings.contrast_words import CONDITION
from findings.finding import Finding, make, strength_of
from findings.summary import alpha_of, contrast_of, find_arm, find_rows
from findings.words import VERDICT_WORDS

HEADS = {"reward": "scalar reward", "win": "win probability"}  # by signal


def arms_by_role(pessimism: dict, signal: str) -> dict[str, str]:
    """The unpenalised arms of a signal: of a single model, of an ensemble's mean, and of that less its doubt."""
    models, found = pessimism["settings"]["reward_models"], {}
    for arm, given in pessimism["settings"]["arms"].items():
        if given["signal"] == signal and given.get("kl_coef") == 0:
            many = "members" in models[given["reward_model"]]
            found["doubt" if given.get("doubt_aversion") else "mean" if many else "single"] = arm
    return found


def rows_of_pessimism(pessimism: dict) -> list[dict]:
    """A row a head and comparison, by gold: what averaging changes, and what doubt changes beyond it."""
    rows = []
    for signal in HEADS:
        arms = arms_by_role(pessimism, signal)
        for what, one, other in (("averaging", "mean", "single"), ("doubt", "doubt", "mean")):
            row = contrast_of(pessimism, arms.get(one), arms.get(other)).get("gold")
            if row:
                rows.append(row | {"signal": signal, "what": what})
    return rows


def whose(rows: list[dict], what: str) -> str:
    """Of which head a comparison is shown to help, in words; empty where it is of none."""
    heads = [HEADS[row["signal"]] for row in find_rows(rows, what=what, verdict="rose")]
    return f"of the {' and the '.join(heads)}" if heads else ""


def state_pessimism(pessimism: dict) -> list[Finding]:
    """What averaging and doubt change of gold where nothing else holds the policy; none without those contrasts."""
    rows = rows_of_pessimism(pessimism)
    if not rows:
        return []
    helps = {what: whose(rows, what) for what in ("averaging", "doubt")}
    if all(helps.values()):
        mean, doubt = helps.values()
        opening = f"An ensemble's mean helps against over-optimisation {mean}, and its doubt beyond it {doubt}"
    elif helps["averaging"]:
        opening = (
            f"An ensemble's mean helps against over-optimisation {helps['averaging']}, and its doubt is not shown to"
        )
    elif helps["doubt"]:
        opening = (
            f"An ensemble's doubt helps against over-optimisation {helps['doubt']}, and its mean alone is not shown to"
        )
    else:
        opening = "Neither an ensemble's mean nor its doubt is shown to help against over-optimisation"
    models, numbers, said = pessimism["settings"]["reward_models"], {}, []
    members = max(model.get("members", 1) for model in models.values())
    for signal, name in HEADS.items():
        some = {row["what"]: row for row in find_rows(rows, signal=signal)}
        if {"averaging", "doubt"} <= {*some}:
            numbers |= {f"{signal}_{what}": row["estimate"] for what, row in some.items()}
            numbers |= {f"{signal}_end": find_arm(pessimism["arms"], some["doubt"]["arm"])["gold"]}
            words = {what: VERDICT_WORDS[row["verdict"]] for what, row in some.items()}
            said.append(
                f"With the {name} the mean changes gold by {{{signal}_averaging:+.2f}} ({words['averaging']}) and doubt"
                f" beyond it by {{{signal}_doubt:+.2f}} ({words['doubt']}), to {{{signal}_end:+.2f}} from SFT."
            )
    numbers |= {
        "members": members,
        "seeds": len(pessimism["seeds"]),
        "steps": pessimism["settings"]["reinforce"]["steps"],
    }
    text = (
        f"**{opening}** (`{pessimism['experiment']}`: {{members}} reward models a replicate, no KL penalty, {{steps}}"
        f" steps, {{seeds}} seeds). {' '.join(said)}"
    )
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(pessimism)}
    given |= {"equivalence_margin": pessimism["settings"]["equivalence_margin"], "strength": strength_of(*rows)}
    return [make("pessimism", "Does doubt of the model itself help?", text, numbers, **given)]
