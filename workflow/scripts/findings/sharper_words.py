"""What is said of Level 1 beside SFT models that are only sharper: at a lower temperature, or decoded greedily."""

from findings.contrast_words import DECIDING, answer_each, in_order
from findings.finding import Finding, direction, make, shown_by_p, strength_of
from findings.summary import alpha_of, find_arm, other_makes, role_contrast, roles_of
from findings.words import join, short_metric


def state_rival(summary: dict) -> list[Finding]:
    """Level 1 against an SFT model that was only made as sharp, by its temperature: a verdict, and a line."""
    alpha, level1 = alpha_of(summary), roles_of(summary)["level1"]
    rows = {
        row["metric"]: row for row in summary.get("equal_entropy") or [] if row["arm"] == level1 and row["seeds"] > 1
    }
    rows = {metric: rows[metric] for metric in ("judges", "gold", *other_makes(summary)) if metric in rows}
    if not rows:
        return []
    first, numbers = next(iter(rows.values())), {}
    numbers |= {"temperature": first["temperature"], "entropy": first["entropy"]}
    for metric, row in rows.items():
        numbers |= {metric: row["estimate"], f"{metric}_low": row["ci_low"], f"{metric}_high": row["ci_high"]}
        numbers |= {f"{metric}_p": row["p_exact"]}
    words = ("ahead", "behind", "not shown to differ")
    long = [
        f"{direction(row, alpha, words)} by {short_metric(metric)} ({{{metric}:+.2f}}, interval {{{metric}_low:+.2f}}"
        f" to {{{metric}_high:+.2f}}, p {{{metric}_p:p}})"
        for metric, row in rows.items()
    ]
    lead = {metric: rows[metric] for metric in ("gold", "judges", *other_makes(summary)) if metric in rows}
    answers = {m: direction(row, alpha, ("yes", "no", "that is not shown")) for m, row in lead.items()}
    short = [f"{direction(row, alpha, words)} by {short_metric(m)} ({{{m}:+.2f}})" for m, row in lead.items()]
    best = {row["metric"]: row for row in summary["beside_sharper"] if row["metric"] in lead}
    beside_best = ""
    if best:
        numbers |= {f"beyond_{metric}": row["estimate"] for metric, row in best.items()}
        numbers |= {f"beyond_{metric}_p": row["p_exact"] for metric, row in best.items()}
        said = join([f"{{beyond_{m}:+.2f}} by {short_metric(m)} (p {{beyond_{m}_p:p}})" for m in best])
        rival = "SFT at its best temperature or decoded greedily, whichever is better,"
        beside_best = f" From {rival} it differs by {said}, uncorrected."
    question = "Is Level 1 more than a sharper SFT model?"
    given = {"condition": "exact p < 1 - confidence", "confidence": 1 - alpha}
    given["strength"] = shown_by_p(max(row["p_exact"] for row in rows.values()), alpha)
    answer = answer_each(answers) + (" at the same entropy" if other_makes(summary) else "")
    verdict = (
        f"**Is that more than a sharper SFT model? {answer}.** Beside SFT at the temperature of the same entropy the"
        f" policy is {join(short)}.{beside_best}"
    )
    sft_entropy = find_arm(summary["arms"], "sft")["entropy"]
    if first["entropy"] > sft_entropy:
        numbers["sft_entropy"] = sft_entropy
        alike = "itself, of less entropy than the policy ({sft_entropy:.2f} beside {entropy:.2f} nats a token)"
    else:
        alike = "at the temperature {temperature:.2f}, which has the same entropy ({entropy:.2f} nats a token)"
    line = f"Against SFT {alike}, the policy is {join(long)}."
    texts = {"verdict_rival": verdict, "rival": line}
    return [make(name, question, text, numbers, **given) for name, text in texts.items()]


def state_greedy(summary: dict) -> list[Finding]:
    """What is left of Level 1's gain where both models are decoded greedily, and what SFT gains by that alone."""
    sft, level1 = find_arm(summary["arms"], "sft", "greedy"), roles_of(summary)["level1"]
    heard = (*DECIDING, *other_makes(summary))
    rows = [row for row in in_order(role_contrast(summary, "level1", "greedy")) if row["metric"] in heard]
    alone = {"from": summary["first_tenth_of_training"][level1]["entropy"]}
    alone |= {"to": summary["last_tenth_of_training"][level1]["entropy"]}
    numbers, stands, adds = {}, [], []
    for row in rows:
        metric = row["metric"]
        alone |= {metric: sft[metric]}
        numbers |= {metric: row["estimate"], f"{metric}_p": row["p_holm"]}
        stands.append(f"{{{metric}:+.2f}} by {short_metric(metric)}")
        adds.append(f"{{{metric}:+.2f}} by {short_metric(metric)} (p {{{metric}_p:p}})")
    text = f"Where both are decoded greedily, the policy adds {join(adds)}, after Holm's correction."
    both = make("greedy", "What is left where both are decoded greedily?", text, numbers, strength=strength_of(*rows))
    text = (
        f"SFT, merely decoded greedily, stands at {join(stands)} against its own sampled responses. Over training the"
        " policy's entropy went from {from:.2f} to {to:.2f} nats a token."
    )
    return [both, make("greedy_sft", "How far does SFT come by greedy decoding alone?", text, alone)]
