"""The paper's other methods beside REINFORCE: what is shown, whether it goes the paper's way, what each costs."""

from findings.contrast_words import DECIDING
from findings.finding import Finding, make, strength_of
from findings.summary import alpha_of, contrast_of, find_arm, find_row, find_rows, paper_arms, roles_of
from findings.tables import markdown
from findings.words import VERDICT_WORDS, join, reach, short_metric, show, show_interval

QUESTION = "Is what the paper found of its methods found again?"
ROUNDED = {"seconds_a_step": ".2f", "max_rss_mb": ".0f", "million_token_passes": ".1f"}  # of what a method costs
COSTS = {
    "lines": "lines of code",
    "settings": "settings",
    "models": "models in memory",
    "passes_a_token": "passes a token and step",
    "seconds_a_step": "seconds a step",
    "max_rss_mb": "memory (MB)",
    "million_token_passes": "passes in all (million tokens)",
}


def rivals_of(methods: dict, paper: dict) -> list[dict]:
    """The paper's methods but REINFORCE that were trained here at equal samples, each with its arm."""
    return [row for row in paper_arms(paper, methods) if row["method"] != "reinforce"]


def tests_by(methods: dict, rivals: list[dict], metric: str) -> dict[str, dict]:
    """Each rival's contrast with REINFORCE by a metric, by the paper's name."""
    level1 = roles_of(methods)["level1"]
    found = {row["name"]: contrast_of(methods, row["arm"], level1).get(metric) for row in rivals}
    return {name: row for name, row in found.items() if row}


def say_verdicts(tests: dict[str, dict]) -> str:
    """Which methods are ahead of REINFORCE, behind, equivalent or not told apart."""
    said = []
    for verdict, word in VERDICT_WORDS.items():
        who = [name for name, row in tests.items() if row["verdict"] == verdict]
        if who:
            whom = join(who) if len(who) < len(tests) else "all"
            said.append(f"{whom} {'is' if len(who) == 1 < len(tests) else 'are'} {word}")
    return join(said)


def paper_says_ahead(paper: dict) -> dict[str, bool]:
    """Of each method that the paper ranks on TL;DR whether it stands above REINFORCE with b_MA there."""
    rates = {row["name"]: row["win_rates"][0] for row in paper["methods"] if row["win_rates"]}
    (own,) = (rates[row["name"]] for row in paper["methods"] if row["method"] == "reinforce")
    return {name: rate > own for name, rate in rates.items() if rate != own}


def state_methods(methods: dict, paper: dict) -> list[Finding]:
    """Which methods are shown to differ from REINFORCE, and whether they do so as in the paper; gold decides."""
    rivals, above = rivals_of(methods, paper), paper_says_ahead(paper)
    by_metric = {metric: tests_by(methods, rivals, metric) for metric in DECIDING}
    by_metric = {metric: tests for metric, tests in by_metric.items() if tests}
    if not by_metric:
        return []
    metric, tests = next(iter(by_metric.items()))
    shown = {name: row for name, row in tests.items() if row["verdict"] in ("rose", "fell") and name in above}
    as_there = [name for name, row in shown.items() if (row["verdict"] == "rose") == above[name]]
    numbers: dict[str, float] = {"shown": len(shown), "as_there": len(as_there)}
    if not shown:
        opening = f"Of the methods run that the paper ranks none is shown to differ from REINFORCE by {metric}"
    elif len(as_there) == len(shown):
        opening = "What is shown of the paper's methods goes the paper's way"
    elif as_there:
        opening = "Of {shown} methods that are shown to differ from REINFORCE {as_there} differ the paper's way"
    else:
        opening = "What is shown of the paper's methods goes against the paper"
    ran = [row["name"] for row in rivals if row["name"] in above]
    sides = [join([name for name in ran if above[name] == side]) for side in (True, False)]
    told = [f"{who} {where}" for who, where in zip(sides, ("ahead of REINFORCE", "behind it")) if who]
    absent = [name for name in above if name not in ran]
    missing = f" {join(absent)} {'were' if len(absent) > 1 else 'was'} not run." if absent else ""
    found = []
    for name, some in by_metric.items():
        sizes = [row["estimate"] for row in some.values()]
        numbers |= {f"{name}_low": min(sizes), f"{name}_high": max(sizes)}
        size = reach(f"{name}_low", f"{name}_high", "+.2f", numbers)
        found.append(f"By {short_metric(name)} {say_verdicts(some)} ({size}).")
    least = [row["minimum_detectable"] for row in tests.values()]
    if None not in least:
        numbers |= {"least": min(least), "most": max(least), "power": methods["settings"]["power"]}
        size = reach("least", "most", ".2f", numbers)
        found.append(f"With a power of {{power:percent}}, differences of {size} by {metric} could have been found.")
    text = f"**{opening}.** On TL;DR the paper puts {join(told)}.{missing} {found[0]}"
    seen = {name: row for name, row in by_metric.get("judges", {}).items() if row["verdict"] in ("rose", "fell")}
    if metric == "gold" and seen:
        sides = {word: [name for name, row in seen.items() if row["verdict"] == word] for word in ("rose", "fell")}
        text += f" The judges put {join([f'{join(who)} {VERDICT_WORDS[word]}' for word, who in sides.items() if who])}."
    given = {"strength": strength_of(*tests.values()), "confidence": 1 - alpha_of(methods)}
    given["condition"] = f"shown to differ from REINFORCE by {metric}, as far as the paper ranks them"
    said = [make("methods", QUESTION, text, numbers, **given)]
    if found[1:]:
        said.append(make("methods_judges", QUESTION, " ".join(found[1:]), numbers, **given))
    return [*said, *state_equal_compute(methods, paper), state_run(methods)]


def state_equal_compute(methods: dict, paper: dict) -> list[Finding]:
    """What comes of methods that were trained for other steps than REINFORCE, so as to cost as much; none without."""
    arms, given = methods["settings"]["arms"], methods["settings"]["reinforce"]
    names = {(row["method"], row["samples_per_prompt"]): row["name"] for row in paper["methods"]}
    own = {arm: given | settings for arm, settings in arms.items() if "steps" in settings}
    named = {arm: names.get((one["method"], one["samples_per_prompt"])) for arm, one in own.items()}
    numbers, said, rows = {}, [], []
    for arm in (arm for arm, name in named.items() if name and own[arm]["method"] != "reinforce"):
        for row in find_rows(methods["contrasts"], arm=arm, decoding="sampled", metric="gold"):
            if row["against"] in arms:
                numbers |= {f"{arm}_steps": own[arm]["steps"], arm: row["estimate"]}
                word = VERDICT_WORDS[row["verdict"]]
                said.append(f"{named[arm]} after {{{arm}_steps}} steps {{{arm}:+.2f}} from `{row['against']}` ({word})")
                rows.append(row)
    if not said:
        return []
    text = f"With other numbers of steps, by gold and before any correction: {'; '.join(said)}."
    return [make("methods_compute", "And at equal compute?", text, numbers, strength=strength_of(*rows))]


def state_run(methods: dict) -> Finding:
    """How they were run."""
    text = (
        "At equal samples: {batch_size} responses a step (of DPO texts of pairs), {steps} steps, {seeds} seeds; a run"
        f" of its own (experiment {methods['experiment']}, configuration `{methods['config_digest']}`)."
    )
    numbers = {name: methods["settings"]["reinforce"][name] for name in ("batch_size", "steps")}
    return make("methods_run", "How were the methods run?", text, numbers | {"seeds": len(methods["seeds"])})


def table_of_methods(methods: dict, paper: dict) -> str:
    """The paper's methods, here and there, with the settings that each had."""
    level1, shared, rows = roles_of(methods)["level1"], methods["settings"]["reinforce"], []
    metric = "gold" if methods["world"] else "judges"
    for row in paper_arms(paper, methods):
        given = shared | methods["settings"]["arms"][row["arm"]]
        responses = find_row(methods["responses"], arm=row["arm"], decoding="sampled")
        means, to_own = find_arm(methods["arms"], row["arm"]), contrast_of(methods, row["arm"], level1).get(metric, {})
        cells = [row["name"], f"{given['learning_rate']:g}", f"{given['kl_coef']:g}"]
        cells += [show(means.get(name), "+.2f") for name in DECIDING] + [show(to_own.get("estimate"), "+.2f")]
        cells += [show_interval(to_own.get("ci_low"), to_own.get("ci_high")), show(to_own.get("p_holm"), "p")]
        at = find_row(methods["equal_kl"], arm=row["arm"], against=level1, metric=metric)
        cells.append(show(at.get("estimate"), "+.2f"))
        cells += [VERDICT_WORDS.get(to_own.get("verdict"), "-"), show(responses.get("win_sft"), "percent")]
        cells += [show(means["log_ratio"], ".1f"), show(means.get("tokens"), ".1f")]
        rows.append([*cells, ", ".join(map(str, row["win_rates"]))])
    header = ["method", "learning rate", "β", "gold", "judges", f"{metric} less REINFORCE's", "interval", "after Holm"]
    header += [
        "at equal KL",
        "verdict",
        "preferred to SFT's",
        "KL (nats)",
        "tokens",
        "paper: TL;DR, HH (Pythia), HH (Llama)",
    ]
    return markdown(header, rows)


def table_of_costs(methods: dict) -> str:
    """How simple each method is, and what a step of it costs; empty where that was not measured."""
    rows = []
    for row in methods.get("methods", []):
        rows.append([f"`{row['arm']}`", *(show(row[name], ROUNDED.get(name, ".0f")) for name in COSTS)])
    return markdown(["", *COSTS.values()], rows) if rows else ""
