"""Level 1's findings: did the reward rise, by whom, what changed, sharper or better?"""

from findings.contrast_words import CONDITION, DECIDING, answer_each, in_order
from findings.counted import names_of_parts
from findings.finding import Finding, direction, make, shown_by_p, strength_of
from findings.sharper_words import state_greedy, state_rival
from findings.summary import (
    alpha_of,
    find_arm,
    find_row,
    find_rows,
    role_contrast,
    roles_of,
)
from findings.words import capital, join, short_metric

ANSWERS = {"rose": "yes", "fell": "no, it fell", "equivalent": "no", "inconclusive": "that is not shown"}
CHANGES = {
    "rose": "it rose",
    "fell": "it fell",
    "equivalent": "it changed by less than what matters",
    "inconclusive": "it is not shown to have changed",
}
WHO = {"gold": "gold, the true worth that no model saw", "judges": "judges that no policy was trained on"}


def deciding(rows: dict[str, dict]) -> list[dict]:
    """The rows by gold and by judges, gold first: what an arm's own reward model says decides nothing."""
    return [row for row in in_order(rows) if row["metric"] in DECIDING]


def verdict_level1(summary: dict) -> Finding:
    """Did the mean reward rise? Gold first."""
    rows = deciding(role_contrast(summary, "level1"))
    opening = answer_each({row["metric"]: ANSWERS[row["verdict"]] for row in rows})
    said, numbers = [], {}
    for row in rows:
        numbers |= {row["metric"]: row["estimate"], f"{row['metric']}_p": row["p_holm"]}
        unit = "" if said else " SFT standard deviations"
        said.append(
            f"by {WHO[row['metric']]}, {CHANGES[row['verdict']]}: {{{row['metric']}:+.2f}}{unit}"
            f" (exact p after Holm {{{row['metric']}_p:p}})"
        )
    text = f"**Level 1: did the mean reward on held-out prompts rise against the SFT model? {opening}.** "
    text += f"{capital('; '.join(said))}."
    return make(
        "verdict_level1",
        "Did the mean reward on held-out prompts rise against the SFT model?",
        text,
        numbers,
        strength=strength_of(*rows),
        condition=CONDITION,
        confidence=1 - alpha_of(summary),
        equivalence_margin=summary["settings"]["equivalence_margin"],
    )


def state_reach(summary: dict) -> Finding | None:
    """Level 1's gains, each beside that of the best of n by the same metric; None without a gain."""
    rows = [row for row in deciding(role_contrast(summary, "level1")) if row["verdict"] == "rose"]
    reach = {
        row["metric"]: summary["derived"]["reach"][row["metric"]]
        for row in rows
        if row["metric"] in summary["derived"]["reach"]
    }
    if not reach or role_contrast(summary, "level1")[summary["primary_metric"]]["verdict"] != "rose":
        return None
    numbers, best, said = {"n": next(iter(reach.values()))["n"]}, [], []
    for metric, found in reach.items():
        numbers |= {f"{metric}_share": found["share"], f"{metric}_best": found["best"]}
        best.append(f"{{{metric}_best:+.2f}} by {short_metric(metric)}")
        said.append(f"{{{metric}_share:percent}}")
    text = (
        f"The best of {{n}} SFT responses, chosen by the metric itself, gains {join(best)}. The policy reaches"
        f" {join(said)} of that."
    )
    level1 = roles_of(summary)["level1"]
    agree = {metric: find_row(summary["agreement"], arm=level1, other=metric) for metric in DECIDING}
    if all(agree.values()):
        numbers |= {f"{metric}_r": row["correlation"] for metric, row in agree.items()}
        text += " Within prompts its reward correlates {gold_r:.2f} with gold and {judges_r:.2f} with the judges."
    return make("reach", "How large is the gain?", text, numbers)


def state_wins(summary: dict) -> Finding:
    """How often the judges prefer the policy's response to SFT's."""
    row = find_row(summary["responses"], arm=roles_of(summary)["level1"], decoding="sampled")
    text = "The judges prefer the policy's sampled response to SFT's in {win:percent} of the cases."
    return make("wins", "How often is the policy's response preferred?", text, {"win": row["win_sft"]})


def state_text(summary: dict) -> list[Finding]:
    """What Level 1 changed in its responses as texts, where no rubric says more; none where one does."""
    if summary["rubric"]:
        return []
    ours, theirs = (
        find_row(summary["responses"], arm=arm, decoding="sampled") for arm in (roles_of(summary)["level1"], "sft")
    )
    measures = ("tokens", "finished", "repetition", "distinct_2")
    numbers = {name: ours[name] for name in measures} | {f"{name}_sft": theirs[name] for name in measures}
    numbers["equal_length"] = ours["judges_at_equal_length"]
    size = (
        "Sampled responses have {tokens:.1f} tokens instead of {tokens_sft:.1f}, and {finished:percent} of them are"
        " finished instead of {finished_sft:percent}"
    )
    at_equal_length = "At equal length the judges put them {equal_length:+.2f} SFT standard deviations from SFT's."
    text = (
        f"{size}. Within a response {{repetition:percent1}} of word pairs are repeats"
        " (SFT: {repetition_sft:percent1})."
        " Over the first responses to all prompts {distinct_2:percent1} of word pairs are distinct"
        " (SFT: {distinct_2_sft:percent1})."
        f" {at_equal_length}"
    )
    question = "What changed in the responses?"
    verdict = f"**{question}** {size}. {at_equal_length}"
    return [make(name, question, said, numbers) for name, said in (("text_changes", text), ("verdict_text", verdict))]


def say_changes(pair: dict[str, dict], alpha: float, names: dict[str, str]) -> str:
    """Whether form and content got better or worse."""
    said = {name: direction(pair[part], alpha, ("better", "worse", "")) for part, name in names.items()}
    return join([f"{name} got {word}" for name, word in said.items() if word]) or "no change is shown"


def state_form_and_content(summary: dict) -> list[Finding]:
    """What Level 1 changed in form and in content, by the rubric; none where there is none."""
    if not summary["rubric"]:
        return []
    alpha, level1 = alpha_of(summary), roles_of(summary)["level1"]
    names = names_of_parts(summary)
    by_decoding, numbers, sizes = {}, {}, []
    for decoding in ("sampled", "greedy"):
        rows = find_rows(summary["rubric"], against="sft", decoding=decoding, against_decoding=decoding)
        by_decoding[decoding] = {row["part"]: row for row in rows}
        for part, row in by_decoding[decoding].items():
            numbers |= {f"{part}_{decoding}": row["estimate"], f"{part}_{decoding}_p": row["p_exact"]}
        said = [f"{name} {{{part}_{decoding}:+.2f}} (p {{{part}_{decoding}_p:p}})" for part, name in names.items()]
        sizes.append(f"{decoding}, {join(said)}")
    said = {decoding: say_changes(pair, alpha, names) for decoding, pair in by_decoding.items()}
    if len({*said.values()}) == 1:
        opening = f"In sampled and in greedy responses {said['sampled']}"
    else:
        opening = capital("; ".join(f"in {decoding} responses {told}" for decoding, told in said.items()))
    for arm, name in (("sft", "helpful_sft"), (level1, "helpful")):
        numbers[name] = find_arm(summary["arms"], arm, "greedy")["gold_helpfulness"]
    numbers |= {"highest": 4}  # of a rubric's attribute, whatever gold is made of them
    helpful = "Helpfulness of greedy responses went from {helpful_sft:.2f} to {helpful:.2f} of {highest:g}."
    text = (
        f"{capital(names['form'])} is coherence, complexity and verbosity; {names['content']} is"
        " helpfulness and correctness. In points"
        f" of gold they changed by: {'; '.join(sizes)}. Looked at afterwards; p are exact and uncorrected."
    )
    ps = [row["p_exact"] for pair in by_decoding.values() for row in pair.values()]
    given = {"strength": shown_by_p(max(ps), alpha), "condition": "exact p < 1 - confidence", "confidence": 1 - alpha}
    question = "What changed in the responses?"
    verdict = f"**{question} {opening}** (looked at afterwards, uncorrected). {helpful}"
    return [
        make(name, question, said, numbers, **given)
        for name, said in (("form_and_content", text), ("verdict_change", verdict))
    ]


def state_level1(summary: dict) -> list[Finding]:
    """All of them."""
    found = [verdict_level1(summary), *state_rival(summary), *state_greedy(summary), state_reach(summary)]
    return [*filter(None, found), state_wins(summary), *state_form_and_content(summary), *state_text(summary)]
