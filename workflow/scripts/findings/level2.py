"""Level 2's findings: did a distribution over ratings help, what could have been found, was it as predicted?"""

from findings.contrast_words import CONDITION, DECIDING, group_arms, say_within, shared_evidence, smallness
from findings.finding import Finding, direction, make, shown_by_p, strength_of
from findings.level2_learned import state_learning, state_spread
from findings.level2_why import (
    state_longer_responses,
    state_names,
    state_narrowing,
    state_oracle,
    state_signals,
    state_win,
)
from findings.predictions import state_predictions
from findings.summary import (
    alpha_of,
    find_row,
    find_rows,
    kind_of,
    level2_rows,
    other_makes,
    roles_of,
)
from findings.words import VERDICT_WORDS, capital, join, list_arms, reach, short_metric


def verdict_level2(summary: dict, by_metric: dict[str, list[dict]], by_others: dict[str, list[dict]]) -> Finding:
    """Did a distribution over ratings make it better? Gold first; judges of other makes, `by_others`, last."""
    answers, said, numbers = [], [], {}
    for metric, rows in by_metric.items():
        ahead = [row for row in rows if row["verdict"] == "rose"]
        worse = all(row["verdict"] == "fell" for row in rows)
        none = "No, it did worse" if worse else "No gain is shown"
        answers.append("Yes" if len(ahead) == len(rows) else "In part" if ahead else none)
        text, found = group_arms(summary, rows, metric)
        said.append(f"by {short_metric(metric)} {text}")
        numbers |= found
    opening = (
        answers[0] if len(set(answers)) == 1 else f"By gold: {answers[0].lower()}; by the judges: {answers[1].lower()}"
    )
    gains = [short_metric(metric) for metric, rows in by_others.items() if find_rows(rows, verdict="rose")]
    if gains and {*answers} == {"No gain is shown"}:
        see = "sees" if len(gains) == 1 else "see"
        opening += f" by {join([short_metric(metric) for metric in by_metric])}; {join(gains)} {see} one"
    for metric, rows in by_others.items():
        text, found = group_arms(summary, rows, metric)
        said.append(f"by judges of another make, {short_metric(metric)}, {text}")
        numbers |= found
    text = f"**Level 2: did a distribution over ratings do better? {opening}.** "
    text += ". ".join(map(capital, said)) + "."
    rows = [row for some in by_metric.values() for row in some]
    return make(
        "verdict_level2",
        "Did a reward model over ratings improve the alignment?",
        text,
        numbers,
        strength=strength_of(*rows),
        condition=CONDITION,
        confidence=1 - alpha_of(summary),
        equivalence_margin=summary["settings"]["equivalence_margin"],
    )


def lead_level2(summary: dict, by_metric: dict[str, list[dict]]) -> Finding:
    """The first sentence of the comparison."""
    told = [
        f"{' or '.join(dict.fromkeys(VERDICT_WORDS[row['verdict']] for row in rows))} by {short_metric(metric)}"
        f"{smallness(summary, rows)}"
        for metric, rows in by_metric.items()
    ]
    text = f"**Against Level 1, the arms of Level 2 are {join(told)}.**"
    rows = [row for some in by_metric.values() for row in some]
    return make("level2_lead", "Did it improve the alignment?", text, strength=strength_of(*rows), condition=CONDITION)


def state_ratings(summary: dict) -> Finding:
    """What a reward model over ratings returns."""
    text = (
        "The model returns {bins} logits. Their softmax $p(k | x, y)$ is the probability of rating $k$, {one} to"
        " {bins}; $p_w$ is that of the chosen response and $p_l$ that of the rejected one."
    )
    numbers = {"bins": summary["settings"]["reward_training"]["bins"], "one": 1}
    return make("ratings", "What does the model return?", text, numbers)


def state_what_could_be_found(summary: dict, by_metric: dict[str, list[dict]]) -> Finding:
    """What differences the tests could have found, or that so few seeds find none."""
    sizes, few, numbers = [], [], {}
    for metric, rows in by_metric.items():
        least = [row["minimum_detectable"] for row in rows]
        if None in least:
            tests = summary["derived"]["tests"][metric]
            numbers |= {f"{metric}_seeds": rows[0]["seeds"], f"{metric}_tests": tests}
            few.append(
                f"{{{metric}_seeds}} seed{'s are' if rows[0]['seeds'] > 1 else ' is'} too few for {{{metric}_tests}}"
                f" test{'s' if tests != 1 else ''} by {short_metric(metric)} to find anything"
            )
        else:
            numbers |= {f"{metric}_least": min(least), f"{metric}_most": max(least)}
            sizes.append(f"{reach(f'{metric}_least', f'{metric}_most', '.2f', numbers)} by {short_metric(metric)}")
    said = []
    if sizes:
        found = f"the tests could have found differences of {join(sizes)}"
        said.append(f"with a power of {{power:percent}}, after Holm's correction, {found}")
    text = ". ".join(map(capital, [*said, *few])) + "."
    question = "What difference could have been found?"
    return make("level2_power", question, text, numbers, power=summary["settings"]["power"])


def state_equal_length(summary: dict) -> Finding | None:
    """Both levels beside SFT at equal length, where texts differ in it and no gold tells; None with gold."""
    arms = [roles_of(summary)["level1"], *dict.fromkeys(row["arm"] for row in level2_rows(summary))]
    rows = {arm: find_row(summary["responses"], arm=arm, decoding="sampled") for arm in arms}
    if summary["rubric"] or not all(rows.values()):
        return None
    numbers = {arm: row["judges_at_equal_length"] for arm, row in rows.items()}
    said = join([f"`{arm}` at {{{arm}:+.2f}}" for arm in arms])
    text = f"At equal length the judges put {said} from SFT."
    return make("level2_equal_length", "And at equal length?", text, numbers)


def state_equal_kl(summary: dict) -> Finding | None:
    """Level 2 against Level 1 at the KL that both reached."""
    arms, alpha = {row["arm"] for row in level2_rows(summary)}, alpha_of(summary)
    level1, seeds = roles_of(summary)["level1"], len(summary["seeds"])
    rows = [row for row in find_rows(summary["equal_kl"], against=level1, seeds=seeds) if row["arm"] in arms]
    rows = [row for row in rows if row["metric"] in DECIDING]
    if not rows or seeds < 2:
        return None
    numbers, said = {}, []
    for metric in DECIDING:
        some = find_rows(rows, metric=metric)
        if some:
            sizes = [row["estimate"] for row in some]
            numbers |= {
                f"{metric}_low": min(sizes),
                f"{metric}_high": max(sizes),
                f"{metric}_p": min(r["p_exact"] for r in some),
            }
            size = reach(f"{metric}_low", f"{metric}_high", "+.2f", numbers)
            told = {
                word: [row["arm"] for row in some if direction(row, alpha, ("ahead", "behind", "")) == word]
                for word in ("ahead", "behind")
            }
            who = [f"{list_arms(arms)} {word}" for word, arms in told.items() if arms]
            shown = f"{join(who)}, before any correction" if who else "not shown"
            within = say_within(some, metric, numbers)
            said.append(f"by {short_metric(metric)} {size} ({shown}, least p {{{metric}_p:p}}, {within})")
    text = f"At equal KL, on curves of reward against KL, they differ {join(said)}."
    strength = shown_by_p(min(row["p_exact"] for row in rows), alpha)
    return make(
        "level2_equal_kl", "Do they differ at equal KL?", text, numbers, strength=strength, confidence=1 - alpha
    )


def state_prediction(summary: dict) -> Finding | None:
    """What choosing among SFT's responses predicted of RL."""
    rows = summary["derived"]["predictions"]
    if not rows:
        return None
    text, numbers = state_predictions(rows)
    given = {"condition": "a prediction: beyond the margin and shown, or shown to be within it"}
    given |= {"equivalence_margin": summary["settings"]["equivalence_margin"]}
    return make("predictions", "Was it as predicted?", text, numbers, **given)


def state_level2(summary: dict) -> list[Finding]:
    """All of them; none without Level 2."""
    rows = level2_rows(summary)
    by_metric = {metric: find_rows(rows, metric=metric) for metric in ("gold", "judges")}
    by_metric = {metric: some for metric, some in by_metric.items() if some}
    by_others = {metric: find_rows(rows, metric=metric) for metric in other_makes(summary)}
    if not by_metric:
        return []
    kind = kind_of(summary, rows[0]["arm"])
    found = [
        verdict_level2(summary, by_metric, by_others),
        lead_level2(summary, by_metric),
        state_ratings(summary),
        shared_evidence(summary),
        state_what_could_be_found(summary, by_metric | by_others),
        state_equal_length(summary),
    ]
    found += [state_equal_kl(summary), *state_learning(summary), *state_spread(summary, kind), *state_signals(summary)]
    found += [
        state_oracle(summary),
        state_longer_responses(summary),
        state_narrowing(summary),
        *state_names(summary, kind),
        state_win(summary),
        state_prediction(summary),
    ]
    return [*filter(None, found)]
