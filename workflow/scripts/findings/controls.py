"""Findings of the controls: noise floor, scale, placebo, no KL penalty, and what they say of judges."""

from findings.contrast_words import CONDITION, in_order
from findings.finding import NOT_TESTED, Finding, make, shown_by_p, strength_of
from findings.setting import liking_of
from findings.summary import alpha_of, contrast_of, find_arm, find_rows, models_of, role_contrast, roles_of
from findings.words import capital, join, list_arms, plural, reach


def state_noise_floor(summary: dict) -> Finding | None:
    """SFT against itself, sampled again."""
    rows, alpha = in_order(contrast_of(summary, "sft_again", "sft")), alpha_of(summary)
    if not rows:
        return None
    numbers, said = {}, []
    for row in rows:
        metric = row["metric"]
        numbers |= {f"{metric}": row["estimate"], f"{metric}_p": row["p_exact"], "seeds": row["seeds"]}
        said.append(f"{{{metric}:+.3f}} by {metric} (p {{{metric}_p:p}})")
    if not [row for row in rows if row["verdict"] in ("rose", "fell")]:
        within = all(row["equivalence_p"] < alpha for row in rows)
        ending = f"none is shown{', and all are within ±{equivalence_margin:g}' if within else ', as it must'}"
    elif all(row["equivalence_p"] < alpha for row in rows):
        ending = (
            "all are shown to be within ±{equivalence_margin:g}; that a p of a control, which Holm's correction does"
            " not cover, is small is to be expected now and then"
        )
    else:
        ending = "something is shown, which must not be. Distrust what is above"
    text = f"**Noise floor.** SFT against itself, sampled again in {{seeds}} seeds, differs by {join(said)}: {ending}."
    given = {"condition": CONDITION, "equivalence_margin": summary["settings"]["equivalence_margin"]}
    return make(
        "noise_floor", "Does the method show what is not there?", text, numbers, strength=strength_of(*rows), **given
    )


def state_scale(summary: dict) -> Finding | None:
    """Whether fresh SFT responses have a deviation of 1 in each arm's standardised reward; None where not measured."""
    widths, tolerance = summary["derived"]["scale"], summary["settings"]["findings"]["scale_tolerance"]
    if not widths:
        return None
    rows = [row for row in find_rows(summary["responses"], decoding="sampled") if row.get("proxy_sft_deviation")]
    off = [row["arm"] for row in rows if abs(row["proxy_sft_deviation"] - 1) > tolerance]
    verdict = f"; off by more than that: {list_arms(off)}" if off else ""
    text = (
        "**Same scale.** On fresh SFT responses to held-out prompts the standardised rewards have a deviation of"
        f" {{min:.2f}} to {{max:.2f}} (wanted: {{one}} within ±{{scale_tolerance:g}}){verdict}."
    )
    given = {"condition": "every deviation within scale_tolerance of 1", "scale_tolerance": tolerance}
    return make("scale", "Do all arms start from the same scale?", text, widths | {"one": 1}, **given)


def state_placebo(summary: dict) -> list[Finding]:
    """What a policy does that pleases a reward model which learned from shuffled labels."""
    rows, models, alpha = role_contrast(summary, "placebo"), summary["derived"]["placebo"], alpha_of(summary)
    if not rows or not models:
        return []
    moments, numbers, said = find_arm(summary["arms"], roles_of(summary)["placebo"]), {}, []
    words = {"rose": "rose", "fell": "fell", "equivalent": "equivalent to none", "inconclusive": "not shown to change"}
    who = {"proxy": "its proxy", "judges": "the judges", "gold": "gold"}
    for row in in_order(rows):
        if row["metric"] in who:
            metric, found = row["metric"], ""
            numbers[metric] = row["estimate"]
            if row["verdict"] == "inconclusive" and row["minimum_detectable"] is not None:
                numbers[f"{metric}_found"] = row["minimum_detectable"]
                found = f"; only {{{metric}_found:.2f}} could have been found"
            said.append(f"{who[metric]} by {{{metric}:+.2f}} ({words[row['verdict']]}{found})")
    numbers |= {"kl": moments["log_ratio"], "finished": moments["finished"]}
    raised = [metric for metric in ("judges", "gold") if metric in rows and rows[metric]["verdict"] == "rose"]
    level1 = role_contrast(summary, "level1")
    blind = [
        metric
        for metric in ("gold", "judges")
        if f"{metric}_found" in numbers and numbers[f"{metric}_found"] > level1[metric]["estimate"]
    ]
    opening = (
        "directions that chance chose raised it. Distrust what is above"
        if raised
        else f"a meaningless reward is not shown to raise judges{' or gold' if 'gold' in rows else ''}"
    )
    if 2 / 2 ** rows["judges"]["seeds"] >= alpha:
        opening = f"in {plural(rows['judges']['seeds'], 'replicate')} no test can show what a meaningless reward does"
    elif blind and not raised:
        opening += f"; by {join([who[metric] for metric in blind])} it varies too much over seeds to tell"
    text = (
        f"**Placebo: {opening}.** The policy of reward models that learned from shuffled labels changed {join(said)},"
        " at {kl:.1f} nats of KL."
    )
    given = {"condition": "neither judges nor gold rose", "confidence": 1 - alpha}
    strength = strength_of(*(rows[metric] for metric in ("judges", "gold") if metric in rows))
    found = [make("placebo", "What does pleasing a meaningless reward do?", text, numbers, strength=strength, **given)]
    together = summary["placebo"]["accuracy_and_judges"]
    numbers = {"models": models["models"], "known": len(models["known"]), "pleased": models["pleased"]}
    numbers |= {"r": together["correlation"], "p": together["p_exact"]}
    text = (
        "By chance such a model may learn what raters like: of {models}, the accuracy of {known} leaves one half out"
        " of its interval, and {pleased} policies please the judges."
    )
    if together["correlation"] is not None:
        text += " Over seeds the two correlate {r:+.2f} (p {p:p})."
    strength = shown_by_p(together["p_exact"], alpha)
    return [*found, make("placebo_models", "What does a placebo know by chance?", text, numbers, strength=strength)]


def state_unpenalised(summary: dict) -> list[Finding]:
    """What becomes of gold if nothing holds the policy near SFT; and whether judges notice."""
    rows, arm = role_contrast(summary, "unpenalised"), roles_of(summary).get("unpenalised")
    level1, question = role_contrast(summary, "level1"), "Can the judges be trusted?"
    if not {"proxy", "judges"} <= {*rows} or ("gold" in rows) != ("gold" in level1):
        return []
    moments, names = find_arm(summary["arms"], arm), [m for m in ("gold", "proxy", "judges") if m in rows]
    numbers = {name: rows[name]["estimate"] for name in names} | {"seeds": rows["proxy"]["seeds"]}
    numbers |= {"kl": moments["log_ratio"], "finished": moments["finished"]}
    numbers |= {"steps": (summary["settings"]["reinforce"] | summary["settings"]["arms"][arm])["steps"]}
    sees = "its own reward model, the proxy, sees {proxy:+.2f}, the judges {judges:+.2f}"
    seeds = "{seeds} seeds" if numbers["seeds"] > 1 else "{seeds} seed"
    tested = f"{seeds}: shown, not tested"
    if "gold" not in rows:
        text = (
            f"**Without a KL penalty** {sees}, at {{kl:.0f}} nats of KL; {{finished:percent}} of its responses are"
            f" finished ({tested})."
        )
        return [make("unpenalised", question, text, numbers)]
    fooled = rows["judges"]["estimate"] > 0 > rows["gold"]["ci_high"] and level1["proxy"]["estimate"] < numbers["proxy"]
    # Level 1 itself may be where they part: by how much they say that it rose.
    apart = level1["judges"]["estimate"] > level1["gold"]["ci_high"]
    numbers["parted"] = summary["derived"]["parted"]
    some = f"in {{parted}} of {seeds} gold falls below SFT's and the judges' score rises"
    if fooled:
        opening, claim = (
            "Ever less, away from SFT" if apart else "Only near SFT",
            ", gold falls and the judges do not notice",
        )
    elif numbers["parted"]:
        opening = "Only partly" if apart else "Not in every replicate"
        claim = f", {some}"
    else:
        opening = "Without a KL penalty they and gold go the same way here"
        claim = " no fall of gold is seen that judges miss"
    numbers["r"] = summary["world"]["judge_gold_correlation"]
    verdict = (
        f"**Can judges be trusted? {opening}.** On SFT's responses they correlate {{r:.2f}} with gold within prompts. A"
        " policy that pays nothing for leaving SFT is scored {judges:+.2f} by the judges, and {gold:+.2f} by gold"
        f" ({seeds}: shown, not tested)."
    )
    by_seed = [f"{{gold_{row['seed']}:+.2f}}" for row in summary["unpenalised"]]
    numbers |= {f"gold_{row['seed']}": row["gold"] for row in summary["unpenalised"]}
    text = (
        f"**Without a KL penalty{claim}.** {capital(sees)}, gold {{gold:+.2f}}"
        f"{f' (by seed {join(by_seed)})' if len(by_seed) > 1 else ''}, after {{steps}} steps, at"
        f" {{kl:.0f}} nats of KL;"
        f" {{finished:percent}} of its responses are finished ({tested})."
    )
    raters = summary["derived"]["raters"]
    if fooled and raters is not None:
        numbers["raters"] = raters
        less = raters < rows["judges"]["estimate"]
        text += (
            f" This is over-optimisation (Gao et al. 2022). The raters' liking for {liking_of(summary)} and length"
            f" {'does not' if less else 'may'} explain it: raters would change their rating by {{raters:+.2f}} standard"
            " deviations of gold."
        )
        if less:
            text += " What is left fits an error that reward models of one make share."
    condition = "judges > 0 > gold's interval; else by replicate: judges > 0 > gold"
    given = {"condition": condition, "strength": NOT_TESTED}
    return [
        make("verdict_trust", question, verdict, numbers, **given),
        make("unpenalised", question, text, numbers, **given),
    ]


def state_agreement(summary: dict) -> list[Finding]:
    """How far judges and gold agree; without gold, that it cannot be known."""
    question = "Can the judges be trusted?"
    if not summary["world"]:
        text = "There is no gold rating in this experiment: where judges and people would part, it cannot say."
        balanced = summary["settings"]["data"]["balance_lengths"]
        models = [summary["derived"]["models"][kind] for kind in summary["settings"]["judges"]]
        agree = [one["accuracy_balanced" if balanced else "accuracy"]["mean"] for one in models]
        rows = [row for kind in summary["settings"]["judges"] for row in models_of(summary, kind)]
        pairs = [row["balanced_pairs" if balanced else "pairs"] for row in rows]
        numbers = {"low": min(agree), "high": max(agree), "chance": 0.5, "fewest": min(pairs), "most": max(pairs)}
        # Of the normal approximation, which is near enough for a share around one half.
        numbers["error"] = 1.96 * (0.25 / min(pairs)) ** 0.5
        verdict = (
            "**Can judges be trusted? That cannot be known here:** there is no gold rating to hold them against. With"
            f" raters they agree on {reach('low', 'high', 'percent', numbers)} of"
            f" {reach('fewest', 'most', 'd', numbers)} held-out pairs"
            f"{' whose lengths are balanced' if balanced else ''}, each known to ±{{error:percent}}; chance is"
            " {chance:percent}."
        )
        return [make("agreement", question, text), make("verdict_trust", question, verdict, numbers)]
    numbers = {"r": summary["world"]["judge_gold_correlation"]}
    text = (
        f"Judges learn from raters, who see gold only through noise and a liking for {liking_of(summary)} and length."
    )
    verdict = (
        "**Can judges be trusted?** With gold they correlate {r:.2f} within prompts; how far from SFT that holds was"
        " not tried."
    )
    found = [make("agreement", question, text)]
    tried = state_unpenalised(summary)
    return found if tried else [*found, make("verdict_trust", question, verdict, numbers)]


def state_controls(summary: dict) -> list[Finding]:
    """All of them."""
    found = [state_noise_floor(summary), state_scale(summary), *state_placebo(summary), *state_unpenalised(summary)]
    return [*filter(None, found), *state_agreement(summary)]
