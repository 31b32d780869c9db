"""What an experiment cannot tell, and what did not work."""

from findings.cut_off_words import state_cut_off
from findings.finding import Finding, make
from findings.summary import alpha_of, find_rows, is_pocket, kinds_of_levels, level2_rows, roles_of
from findings.units import PRIMARY_KIND
from findings.words import join, short_metric

LIMITS = {
    "limit_world": "**Pocket is small.** Held-out prompts are new texts, and not new tasks.",
    "limit_simulated": "**Raters are simulated.** Gold knows whether the topic is named and whether words stand in"
    " prose's proportion, and not whether what is said is true or makes sense; a refusal that names its topic passes.",
    "limit_instructions": "**The world is narrow.** Prompts come from templates, each constraint has few of the"
    " held-out ones, and few constraints are new. All replicates share the SFT model, the training pairs and the"
    " judges: no interval tells of others.",
    "limit_model": "**Its SFT model is one, small and trained from scratch.** All replicates start from it,"
    " learn from the same pairs and share the judges: no interval over seeds tells of others.",
    "limit_judges": "**Judges may err as the reward models do.** They are of the same make and learned from raters of"
    " the same kind. Where those err together, only gold can tell.",
    "limit_gold": "**There is no gold rating.** Judges learn from the same data set as the reward models, and"
    " share the biases of those who rated it. All replicates learn from the same pairs: no interval tells of others.",
    "limit_order": "**Held-out prompts are the first of their fold, as the source has them,** and not a random sample:"
    " intervals take them for one.",
}


def limits_that_hold(summary: dict) -> set[str]:
    """Which of those are true of an experiment."""
    if not summary["world"]:
        return {"limit_gold", "limit_order"}
    return (
        {"limit_world", "limit_model", "limit_judges"}
        if is_pocket(summary)
        else {"limit_simulated", "limit_instructions", "limit_judges"}
    )


def state_limits(summary: dict) -> list[Finding]:
    """What the experiment cannot tell."""
    seeds, question = len(summary["seeds"]), "What can this not tell?"
    few = "no exact two-sided test can show anything with so few: nothing here excludes chance"
    enough = "a difference smaller than those named below may well be there"
    alpha, tests = alpha_of(summary), max(summary["derived"]["tests"].values(), default=1)
    text = (
        f"**Few replicates.** {{seeds}} seed{'s' if seeds > 1 else ''}:"
        f" {few if summary['derived']['smallest_p'] * tests >= alpha else enough}."
    )
    found = [make("limit_seeds", question, text, {"seeds": seeds}, confidence=1 - alpha)]
    # What those who ran it have to say of it.
    remarks = [text.replace("{", "{{").replace("}", "}}") for text in summary["settings"].get("remarks", [])]
    found += [make(f"limit_remark_{i}", question, text) for i, text in enumerate(remarks)]
    found += [make(name, question, words) for name, words in LIMITS.items() if name in limits_that_hold(summary)]
    if len(summary["settings"]["judges"][PRIMARY_KIND]) == 1:
        text = (
            "**One judge of the SFT model's make** is what *judges* means here. Another, of another seed, may differ."
        )
        found.append(make("limit_one_judge", question, text))
    if "placebo" not in roles_of(summary):
        text = (
            "**There is no placebo.** What a policy gains from a reward model that learned nothing is not known here."
        )
        found.append(make("limit_placebo", question, text))
    read = {*summary["settings"]["evaluation"].get("proxy_seeds", summary["seeds"])} & {*summary["seeds"]}
    if len(read) < seeds:
        text = (
            "**Proxy rewards are known of {read} of {seeds} replicates.** In the others the reward models that policies"
            " learned from did not read the held-out responses; judges did."
        )
        found.append(make("limit_proxy", question, text, {"read": len(read), "seeds": seeds}))
    return found


def state_failures(summary: dict) -> list[Finding]:
    """What did not work, of what can be read from numbers."""
    found, question = [], "What did not work?"
    rows = level2_rows(summary)
    if rows and not find_rows(rows, verdict="rose"):
        metrics = [f"by {short_metric(metric)}" for metric in dict.fromkeys(row["metric"] for row in rows)]
        text = (
            f"**The distribution.** No reading of it is shown to be ahead of the scalar reward {' or '.join(metrics)}."
        )
        if len(find_rows(rows, verdict="fell")) == len(rows):
            text = f"**The distribution.** Every reading of it is behind the scalar reward {join(metrics)}."
        found.append(make("failed_distribution", question, text, condition="no arm of Level 2 rose"))
    found += state_cut_off(summary)
    judged = summary["derived"]["predictions"]
    made, wrong = [row for row in judged if row["judged"] != "-"], find_rows(judged, judged="no")
    if rows and wrong:
        names = join([f"{row['name']} by {row['metric']}" for row in wrong])
        text = (
            f"**Predicting RL from best of n** held in all but {{wrong}} of {{made}} predictions ({names}). A policy"
            " may leave SFT's responses; choosing among them cannot."
        )
        found.append(make("failed_predictions", question, text, {"wrong": len(wrong), "made": len(made)}))
    accuracy = summary["derived"]["models"][kinds_of_levels(summary)[0]]["accuracy"]["mean"]
    lowest = summary["settings"]["findings"]["accuracy_wanted"][0]
    if summary["world"] and accuracy < lowest:
        text = (
            "**Reward models.** Their accuracy of {accuracy:percent1} is below the {lowest:percent} wanted of this"
            " world."
        )
        found.append(
            make(
                "failed_accuracy",
                question,
                text,
                {"accuracy": accuracy},
                condition="accuracy < accuracy_wanted",
                lowest=lowest,
            )
        )
    return found
