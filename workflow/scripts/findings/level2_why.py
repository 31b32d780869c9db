"""What explains how Level 2 compares with Level 1: what an oracle could gain, what signals choose, what biases do."""

from findings.finding import Finding, make
from findings.summary import (
    alpha_of,
    arm_with_signal,
    contrast_of,
    find_arm,
    find_row,
    find_rows,
    level2_rows,
    roles_of,
)
from findings.words import join, list_arms, reach

EXPLAINS = "What explains how Level 2 compares?"


def say_p(summary: dict, numbers: dict[str, float]) -> str:
    """The largest exact p of Level 2's choices against Level 1's by gold; added to `numbers`. Empty without any."""
    arms = {row["arm"] for row in level2_rows(summary)}
    rows = find_rows(summary["predictions"], against=roles_of(summary)["level1"], metric="gold")
    ps = [row["p_exact"] for row in rows if row["arm"] in arms]
    if not ps:
        return ""
    numbers["p"] = max(ps)
    return "; largest p of the difference {p:p}"


def state_oracle(summary: dict) -> Finding | None:
    """Whether knowing the true spread would pay here, and what the learned signals gain; None without a known truth."""
    told, margin = summary["derived"]["oracle"], summary["settings"]["equivalence_margin"]
    if not told or told["level1"] is None or not told["level2"]:
        return None
    numbers = {name: told[name] for name in ("n", "mean", "spread", "level1")}
    numbers |= {"low": min(told["level2"]), "high": max(told["level2"])}
    gains = "{mean:+.2f} by gold; knowing the true spread adds {spread:+.2f}. By the learned signals it gains"
    rated = reach("low", "high", "+.2f", numbers)
    gains += f" {{level1:+.2f}} (Level 1) and {rated} (Level 2{say_p(summary, numbers)})"
    if told["rejected"] and told["spread"] == 0:
        opening = "Knowing the true spread cannot pay in choosing here"
        closing = "Raters' noise differs between prompts, not between responses: only a better mean can gain."
    elif told["rejected"]:
        opening, closing = "Knowing the true spread would not pay here", "What is missing is a better mean."
    else:
        opening, closing = "Knowing the true spread would pay here", "Whether it was learned is the question."
    text = (
        f"**{opening}.** The best of {{n}} SFT responses by the true mean gains, above the mean of these responses,"
        f" {gains}. {closing}"
    )
    condition = "rejected: knowing the spread adds no more than equivalence_margin"
    return make("oracle", EXPLAINS, text, numbers, condition=condition, equivalence_margin=margin)


def state_signals(summary: dict) -> list[Finding]:
    """How alike the signals are that policies were trained on."""
    level1, limits = roles_of(summary)["level1"], summary["settings"]["findings"]
    arms = {signal: arm_with_signal(summary, signal) for signal in ("mean", "win", "risk")}

    def correlation(arm: str | None, other: str | None) -> float | None:
        return find_row(summary["agreement"], arm=arm, other=other).get("correlation") if arm and other else None

    found = []
    scalar, seeds = correlation(arms["mean"], level1), correlation(level1, "another seed")
    readings = {name: correlation(arms["mean"], arms[name]) for name in ("win", "risk")}
    readings = {name: value for name, value in readings.items() if value is not None}
    if readings and min(readings.values()) > limits["same_order"]:
        names = {"win": "{win:.2f} with the win probability", "risk": "{risk:.2f} with the risk-averse rating"}
        text = (
            f"**The ways to read the distribution order responses almost alike**: the mean rating correlates"
            f" {join([names[name] for name in readings])}."
        )
        condition = "every correlation > same_order"
        found.append(make("same_order", EXPLAINS, text, readings, condition=condition, same_order=limits["same_order"]))
    if scalar is not None and seeds is not None:
        apart, most = scalar - seeds, limits["as_another_seed"]
        opening = "about as much as" if abs(apart) <= most else "less than" if apart > 0 else "more than"
        text = (
            f"**The kind of reward model changes the order of responses {opening} another seed does**: mean rating"
            " and scalar reward correlate {scalar:.2f}, two scalar models of different seeds {seeds:.2f}."
        )
        given = {"condition": "apart by as_another_seed or less", "as_another_seed": limits["as_another_seed"]}
        found.append(make("another_seed", EXPLAINS, text, {"scalar": scalar, "seeds": seeds}, **given))
    return found


def state_longer_responses(summary: dict) -> Finding | None:
    """Whether gold is lower the longer Level 2's responses are beside Level 1's; None where that is not shown."""
    arms, alpha = [row["arm"] for row in level2_rows(summary)], alpha_of(summary)
    level1 = roles_of(summary)["level1"]
    rows = [
        row
        for row in find_rows(summary["relations"], against=level1, metric="gold", beside="tokens")
        if row["arm"] in arms and row["p_exact"] < alpha and row["correlation"] < 0 and "where_none" in row
    ]
    if not rows:
        return None
    correlations, left = [row["correlation"] for row in rows], [row["where_none"] for row in rows]
    numbers = {"low": min(correlations), "high": max(correlations), "p": max(row["p_exact"] for row in rows)}
    numbers |= {"left_low": min(left), "left_high": max(left)}
    blamed = list(dict.fromkeys(row["arm"] for row in rows))
    who = "Level 2's responses" if {*blamed} == {*arms} else f"responses of {list_arms(blamed)}"
    text = (
        f"**The longer {who} are beside Level 1's, the lower is gold**: over replicates the two differences correlate"
        f" {reach('low', 'high', '+.2f', numbers)} (largest p {{p:p}}; asked afterwards, among others). At"
        f" equal length a straight line puts gold's difference at {reach('left_low', 'left_high', '+.2f', numbers)}."
    )
    condition = "exact p < 1 - confidence, correlation < 0"
    return make("longer_responses", EXPLAINS, text, numbers, condition=condition, confidence=1 - alpha)


def state_narrowing(summary: dict) -> Finding | None:
    """How far bounded signals flatten, and where the policies end; None without an arm whose signal is bounded."""
    roles, training = roles_of(summary), summary["derived"]["training"]
    arms = [
        roles["level1"],
        roles.get("centred"),
        roles.get("bounded"),
        *(arm_with_signal(summary, s) for s in ("win", "mean")),
    ]
    level1, bounded = roles["level1"], {roles.get("bounded"), arm_with_signal(summary, "win")}
    # Another arm's replicates would be compared with Level 1's of other seeds.
    seeds = find_arm(summary["arms"], level1)["seeds"]
    arms = [arm for arm in arms if arm and find_arm(summary["arms"], arm)["seeds"] == seeds]
    if not bounded & {*arms}:
        return None
    numbers = {}
    for i, arm in enumerate(arms):
        numbers |= {f"change_{i}": training[arm]["advantage"], f"kl_{i}": find_arm(summary["arms"], arm)["log_ratio"]}
    said = [f"{{change_{i}:change}} and {{kl_{i}:.1f}} nats (`{arm}`)" for i, arm in enumerate(arms)]
    # As the percentages are written: a smaller difference is none.
    change = {arm: round(100 * training[arm]["advantage"]) for arm in arms}
    more = all(change[arm] < change[level1] for arm in bounded & {*arms})
    opening = (
        "Bounded signals flatten more over training than Level 1's"
        if more
        else "Bounded signals are not seen to flatten more than Level 1's"
    )
    text = f"**{opening}.** Change of the advantage's deviation over training, and KL at the end: {join(said)}."
    condition = "every bounded arm's change < Level 1's"
    return make("narrowing", EXPLAINS, text, numbers, condition=condition)


def state_names(summary: dict, kind: str) -> list[Finding]:
    """What other names for the same ratings change."""
    rows = [row for row in summary["relabelling"] if row["kind"] == kind]
    if not rows:
        return []
    shares = [row["other_choice"] for row in rows]
    numbers = {"n": max(row["n"] for row in summary["screen"]), "low": min(shares), "high": max(shares)}
    text = (
        f"Renaming the ratings changes which of {{n}} responses is the best by the mean rating in"
        f" {reach('low', 'high', 'percent1', numbers)} of the prompts. The win probability compares ratings, and has no"
        " use for their names."
    )
    found = [make("names", "Is it only the order of the ratings that counts?", text, numbers)]
    mean = arm_with_signal(summary, "mean")
    for arm in roles_of(summary).get("relabelled", []):
        row = contrast_of(summary, arm, mean)
        if row:
            judges = row["judges"]
            numbers = {"estimate": judges["estimate"], "low": judges["ci_low"], "high": judges["ci_high"]}
            text = (
                f"A policy trained on the renamed mean (`{arm}`) ends {{estimate:+.2f}} ({{low:+.2f}} to"
                f" {{high:+.2f}}) from `{mean}` by the judges: shown and not tested."
            )
            found.append(make(f"names_{arm}", "What does another name change in RL?", text, numbers))
    return found


def state_win(summary: dict) -> Finding | None:
    """The win probability in its own unit: how often the reward model would prefer the policy's response."""
    arm = arm_with_signal(summary, "win")
    row = find_arm(summary["arms"], arm or "")
    if not row or row.get("proxy_raw") is None:
        return None
    text = (
        f"On held-out prompts the reward model would prefer the response of `{arm}` to SFT's"
        " in {win:percent} of the cases, and a fresh SFT response in {sft:percent}."
    )
    return make("win_reading", "How is the signal read?", text, {"win": row["proxy_raw"], "sft": row["proxy_sft_raw"]})
