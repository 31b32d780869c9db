"""Claims that could be made for Level 2: where each was tested, whether that could have shown it, what came of it."""

from findings.divided import helps_the_worst, sharper_rows
from findings.finding import direction
from findings.level2_learned import could_tell, spread_helps
from findings.pessimism import rows_of_pessimism
from findings.summary import (
    alpha_of,
    arm_with_signal,
    contrast_of,
    find_row,
    find_rows,
    kinds_of_levels,
    level2_rows,
    models_of,
    other_makes,
    roles_of,
)
from findings.sweep import rows_of_sweep
from findings.tables import markdown
from findings.ties import rows_of_ties
from findings.words import VERDICT_WORDS, join, short_metric, show

NO_ORACLE = "no: an oracle that knows the spread gains {} more than one that knows the mean"
ORACLE = "yes: an oracle that knows the spread gains {} more than one that knows the mean"
POWER = "yes: differences of {}, with a power of {}"


def span(values: list[float], how: str = "+.2f") -> str:
    """Least to most of some numbers."""
    ends = [show(value, how) for value in (min(values), max(values))]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def verdicts_and_span(rows: list[dict]) -> str:
    """What came of some contrasts."""
    verdicts = join(list(dict.fromkeys(VERDICT_WORDS[row["verdict"]] for row in rows)))
    return f"{verdicts}: {span([row['estimate'] for row in rows])}"


def could_be_shown(summary: dict, rows: list[dict]) -> str:
    """From which difference on the tests of these contrasts would have found one."""
    least = [row["minimum_detectable"] for row in rows]
    if None in least:
        return "no: too few seeds"
    return POWER.format(span(least, ".2f"), show(summary["settings"]["power"], "percent"))


def claims_of_rl(summary: dict) -> list[list[str]]:
    """A better reward, whichever reading; by gold and by the judges."""
    rows = []
    for metric in ("gold", "judges", *other_makes(summary)):
        some = find_rows(level2_rows(summary), metric=metric)
        if some:
            where = f"policies of `{summary['experiment']}`, by {short_metric(metric)}"
            could = could_be_shown(summary, some)
            rows.append(["A distribution is the better reward", where, could, verdicts_and_span(some)])
    return rows


def claims_of_learning(summary: dict) -> list[list[str]]:
    """A better mean, a spread that tells who wins, and a spread that pays where the truth is the mean."""
    rows, alpha, derived = [], alpha_of(summary), summary["derived"]
    here = f"held-out pairs of `{summary['experiment']}`"
    gap = (derived["levels"] or {}).get("accuracy")
    if gap:
        word = direction(gap, alpha, ("higher", "lower", "not shown to differ"))
        spread = [row["accuracy"] for kind in kinds_of_levels(summary) for row in models_of(summary, kind)]
        size = f"{word}: {show(gap['estimate'], 'points')} points (p {show(gap['p_exact'], 'p')})"
        could = f"yes: models reach {span(spread, 'percent')}"
        rows.append(["It learns a better mean from the same pairs", here, could, size])
    told = derived["interaction"]
    if told and "oracle" in told:
        own = show(-told["true_noise"], "+.4f")
        could = f"{could_tell(told)}: beside true means"
        could += f" the true spread changes the loss by {show(-told['oracle'], '+.4f')};"
        could += f" beside the model's own it changes it by {own}"
        helps = spread_helps(told, alpha)
        did = f"{'lowers' if helps else 'is not shown to lower'} it: {show(-told['gain'], '+.4f')}"
        did += f" (p {show(told['p_exact'], 'p')})"
        did += ", and not by knowing raters' noise" if helps and told["oracle"] <= 0 else ""
        rows.append(["Its spread helps to tell who wins", here, could, did])
    oracle = derived["oracle"]
    if oracle and oracle["level1"] is not None and oracle["level2"]:
        could = (NO_ORACLE if oracle["rejected"] else ORACLE).format(show(oracle["spread"], "+.2f"))
        did = f"best of {oracle['n']}: {span(oracle['level2'])}, Level 1 {show(oracle['level1'], '+.2f')}"
        where = f"SFT's responses in `{summary['experiment']}`, by gold"
        rows.append(["The spread pays where the truth is a mean", where, could, did])
    return rows


def claims_of_divided(divided: dict) -> list[list[str]]:
    """The spread pays where the truth is not the mean: the share of satisfied raters, and the worst tenth."""
    told, gold = divided["derived"]["oracle"], find_rows(level2_rows(divided), metric="gold")
    could = (NO_ORACLE if told["rejected"] else ORACLE).format(show(told["spread"], "+.2f"))
    best = [row for row in gold if row["verdict"] == "rose"]
    did = f"{'some' if best else 'none'} ahead of Level 1: {span([row['estimate'] for row in gold])}"
    rows = [["It pays where the truth is the share of satisfied raters", "policies of `divided`, by gold", could, did]]
    arm, level1 = arm_with_signal(divided, "cvar"), roles_of(divided)["level1"]
    opinions = {name: find_row(divided["worst_tenth"], arm=name) for name in (arm, level1)}
    choosers = {row["chooser"]: row["gain"] for row in find_rows(divided["oracle"], utility="worst_tenth")}
    if all(opinions.values()) and {"true_mean", "true_spread"} <= {*choosers}:
        could = ORACLE.format(show(choosers["true_spread"] - choosers["true_mean"], "+.2f"))
        means = f"`{arm}` {show(opinions[arm]['mean'], '.2f')}, Level 1 {show(opinions[level1]['mean'], '.2f')}"
        sharper = max((row["mean"] for row in sharper_rows(divided)), default=None)
        means += "" if sharper is None else f", SFT's best temperature {show(sharper, '.2f')} (not tested against it)"
        did = f"{'perhaps' if helps_the_worst(divided) else 'not shown'}: {means}"
        where = "policies of `divided`, by the worst tenth's opinion"
        rows.append(["It pays where the truth is the worst tenth of raters", where, could, did])
    return rows


def claims_of_settings(summary: dict, sweep: dict | None, longer: dict | None) -> list[list[str]]:
    """A gain at other hyper-parameters, after more training, or beyond a scalar reward that is bounded as well."""
    rows = []
    twin, win = roles_of(summary).get("bounded"), arm_with_signal(summary, "win")
    against = contrast_of(summary, win, twin) if twin and win else {}
    if "gold" in against:
        row = against["gold"]
        did = f"{VERDICT_WORDS[row['verdict']]} by gold: {show(row['estimate'], '+.2f')}"
        rows.append(
            [
                "It is the distribution, and not that it is bounded",
                f"`{win}` against `{twin}`",
                could_be_shown(summary, [row]),
                did,
            ]
        )
    if sweep:
        sizes = [row["estimate"] for row in find_rows(rows_of_sweep(sweep), metric="gold")]
        could = f"in part: {len(sweep['seeds'])} pilot seeds, not tested"
        rows.append(["Other settings show a gain", "policies of `sweep`, by gold", could, span(sizes)])
    if longer:
        row = find_row(longer["contrasts"], name="longer", metric="gold", decoding="sampled")
        did = f"{VERDICT_WORDS[row['verdict']]} by gold: {show(row['estimate'], '+.2f')}"
        rows.append(["More training shows a gain", "policies of `longer`, by gold", could_be_shown(longer, [row]), did])
    return rows


def claims_beyond_one_model(ties: dict | None, pessimism: dict | None) -> list[list[str]]:
    """A spread that tied pairs taught, and doubt of the model itself, by what policies gain."""
    tested = []
    if ties:
        tested.append(("A spread that ties taught pays", ties, rows_of_ties(ties)))
    if pessimism:
        doubt = find_rows(rows_of_pessimism(pessimism), what="doubt")
        tested.append(("Doubt of the model itself keeps gold from falling", pessimism, doubt))
    return [
        [claim, f"policies of `{told['experiment']}`, by gold", could_be_shown(told, some), verdicts_and_span(some)]
        for claim, told, some in tested
        if some
    ]


def real_of(beside: dict[str, dict]) -> list[dict]:
    """The real model's experiments."""
    return [beside[role] for role in ("real", "instructed") if role in beside]


def table_of_claims(summary: dict, beside: dict[str, dict]) -> str:
    """A row a claim, with what experiments beside it say, by role; empty without Level 2."""
    if not level2_rows(summary):
        return ""
    divided = beside.get("divided")
    rows = [row for one in (summary, *real_of(beside)) for row in claims_of_rl(one)]
    rows += [*claims_of_learning(summary), *(claims_of_divided(divided) if divided else [])]
    rows += claims_of_settings(summary, beside.get("sweep"), beside.get("longer"))
    rows += claims_beyond_one_model(beside.get("ties"), beside.get("pessimism"))
    return markdown(["claim", "where it was tested", "could it have been shown?", "what came of it"], rows, left=4)
