"""Whether an ensemble's mean, or its members' doubt, keeps a policy from over-optimising its reward."""

from findings.contrast_words import CONDITION
from findings.finding import Finding, make, strength_of
from findings.summary import alpha_of, contrast_of, find_arm, find_row, find_rows
from findings.words import VERDICT_WORDS, join

HEADS = {"reward": "scalar reward", "win": "win probability"}  # by signal
ROLES = {"single": "one model", "mean": "the ensemble's mean", "doubt": "its doubt"}


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


def bounded_row(pessimism: dict) -> dict | None:
    """The scalar reward's doubt beside a single model whose signal is bounded, by gold; None where not compared."""
    arms = pessimism["settings"]["arms"]
    bounded = [arm for arm, given in arms.items() if given["signal"] == "bounded" and given.get("kl_coef") == 0]
    doubt = arms_by_role(pessimism, "reward").get("doubt")
    return next(filter(None, (contrast_of(pessimism, doubt, arm).get("gold") for arm in bounded)), None)


def whose(rows: list[dict], what: str) -> str:
    """Of which head a comparison is shown to help, in words; empty where it is of none."""
    heads = [HEADS[row["signal"]] for row in find_rows(rows, what=what, verdict="rose")]
    return f"of the {' and the '.join(heads)}" if heads else ""


def say_opening(rows: list[dict], collapsed: int) -> str:
    """What is shown of averaging and of doubt; only where a single model's policy collapses is there a cure."""
    helps = {what: whose(rows, what) for what in ("averaging", "doubt")}
    does, shown_to = ("helps", "help") if collapsed else ("raises gold at the end", "raise gold at the end")
    against = " against over-optimisation" if collapsed else ""
    if all(helps.values()):
        mean, doubt = helps.values()
        return f"An ensemble's mean {does}{against} {mean}, and its doubt beyond it {doubt}"
    if helps["averaging"]:
        return f"An ensemble's mean {does}{against} {helps['averaging']}, and its doubt is not shown to"
    if helps["doubt"]:
        return f"An ensemble's doubt {does}{against} {helps['doubt']}, and its mean alone is not shown to"
    return f"Neither an ensemble's mean nor its doubt is shown to {shown_to}{against}"


def say_collapses(pessimism: dict, numbers: dict[str, float]) -> tuple[str, int]:
    """In how many replicates gold collapses, by head and kind of model, and of single models; adds to `numbers`."""
    said, single = [], 0
    for signal, name in HEADS.items():
        arms = arms_by_role(pessimism, signal)
        rows = {role: find_row(pessimism.get("overoptimisation", []), arm=arms.get(role)) for role in ROLES}
        if not all(rows.values()):
            continue
        for role, row in rows.items():
            numbers |= {f"{signal}_{role}_collapsed": row["collapsed"], f"{signal}_of": row["seeds"]}
            numbers |= {f"{signal}_{role}_peak": row["peak_gold"]}
        each = [f"{{{signal}_{role}_collapsed}} by {words}" for role, words in ROLES.items()]
        peaks = join([f"{{{signal}_{role}_peak:+.2f}}" for role in ROLES])
        said.append(f"with the {name} {join(each)} (highest gold on the way {peaks})")
        single += rows["single"]["collapsed"]
    if not said:
        return "", 0
    return f" Of {{{next(iter(HEADS))}_of}} replicates, gold collapses {'; '.join(said)}.", single


def state_pessimism(pessimism: dict) -> list[Finding]:
    """What averaging and doubt change of gold where nothing else holds the policy; none without those contrasts."""
    rows = rows_of_pessimism(pessimism)
    if not rows:
        return []
    models, numbers, said, ends = pessimism["settings"]["reward_models"], {}, [], []
    collapses, single = say_collapses(pessimism, numbers)
    members = max(model.get("members", 1) for model in models.values())
    for signal, name in HEADS.items():
        some = {row["what"]: row for row in find_rows(rows, signal=signal)}
        if {"averaging", "doubt"} <= {*some}:
            numbers |= {f"{signal}_{what}": row["estimate"] for what, row in some.items()}
            numbers |= {f"{signal}_end": find_arm(pessimism["arms"], some["doubt"]["arm"])["gold"]}
            words = {what: VERDICT_WORDS[row["verdict"]] for what, row in some.items()}
            said.append(
                f"{{{signal}_averaging:+.2f}} ({words['averaging']}) and {{{signal}_doubt:+.2f}} ({words['doubt']})"
                f" with the {name}"
            )
            ends.append(f"{{{signal}_end:+.2f}} with the {name}")
    numbers |= {"members": members, "seeds": len(pessimism["seeds"])}
    numbers |= {"steps": pessimism["settings"]["reinforce"]["steps"]}
    text = f"**{say_opening(rows, single)}** (`{pessimism['experiment']}`)."
    text += f" Averaging, and doubt beyond it, change gold by {'; '.join(said)}." if said else ""
    more = "{members} reward models a replicate, no KL penalty, {steps} steps, {seeds} seeds."
    more += f" With doubt gold ends, from SFT, at {join(ends)}." if ends else ""
    more += collapses
    bounded = bounded_row(pessimism)
    if bounded:
        numbers["bounded"] = bounded["estimate"]
        more += (
            f" Beside one scalar reward that is bounded (`{bounded['against']}`) doubt stands at {{bounded:+.2f}} by"
            f" gold ({VERDICT_WORDS[bounded['verdict']]})."
        )
    given = {"condition": CONDITION, "confidence": 1 - alpha_of(pessimism)}
    given |= {"equivalence_margin": pessimism["settings"]["equivalence_margin"], "strength": strength_of(*rows)}
    question = "Does doubt of the model itself help?"
    texts = {"pessimism": text, "pessimism_more": more}
    return [make(name, question, words, numbers, **given) for name, words in texts.items()]
