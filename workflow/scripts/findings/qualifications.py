"""What a verdict leaves open, in words: rulers, form and content, entropy, scale, overlap, placebos, the spread."""

from findings.evidence import exact_sign_flip_p
from findings.summary import find_arm, find_contrast, find_row, mean_of
from findings.verdicts import LEVEL, format_p, list_arms, name_metric

ONE_PIECE = 0.9  # correlation over seeds above which two contrasts are one piece of evidence
SCALE_TOLERANCE = 0.05  # SFT standard deviations


def join(words: list[str]) -> str:
    """Words with commas and an "and"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def direction(row: dict, words: tuple[str, str, str]) -> str:
    """The word for a shown rise, a shown fall, or neither, by a row's exact p."""
    return words[2] if row["p_exact"] >= LEVEL else words[0] if row["estimate"] > 0 else words[1]


def state_reach(summary: dict) -> str:
    """Level 1's gain by judges and gold, each beside that of the best of n by the same metric; empty without a gain."""
    level1, n = find_contrast(summary["contrasts"], "level1"), max(row["n"] for row in summary["screen"])
    if level1[summary["primary_metric"]]["verdict"] != "rose":
        return ""
    said = []
    for metric in ("judges", "gold"):
        best = find_row(summary["screen"], arm=metric, n=n)
        if best and metric in level1 and level1[metric]["verdict"] == "rose":
            share = level1[metric]["estimate"] / best[metric]
            said.append(f"{100 * share:.0f} % of {best[metric]:+.2f} by {name_metric(metric)}")
    if not said:
        return ""
    return (
        "A standard deviation by one metric is not one by another. So each gain is held against what choosing the best"
        f" of {n} SFT responses by that same metric reaches: it is {join(said)}."
    )


def state_form_and_content(summary: dict) -> str:
    """What Level 1 changed in form and in content, by the rubric; empty where there is none."""
    if not summary["rubric"]:
        return ""

    def found(decoding: str, of_sft: str) -> tuple[dict, dict]:
        place = {"decoding": decoding, "sft_decoding": of_sft}
        return tuple(find_row(summary["rubric"], part=part, **place) for part in ("form", "content"))

    def size(row: dict) -> str:
        return f"{row['estimate']:+.2f} (p {format_p(row['p_exact'])})"

    alike = {decoding: found(decoding, decoding) for decoding in ("sampled", "greedy")}
    words = ("better", "worse", "not shown to change")
    form, content = ({direction(pair[i], words) for pair in alike.values()} for i in (0, 1))
    if form == {"better"} and "better" not in content:
        opening = "form got better and content did not"
    elif form | content == {"better"}:
        opening = "form and content got better"
    else:
        told = [
            f"form is {direction(pair[0], words)} and content {direction(pair[1], words)} in {decoding} responses"
            for decoding, pair in alike.items()
        ]
        opening = "; ".join(told)
    sizes = [f"{decoding}, {size(pair[0])} and {size(pair[1])}" for decoding, pair in alike.items()]
    helpful = [
        find_arm(summary["arms"], arm, "greedy")["gold_helpfulness"] for arm in ("sft", summary["rubric"][0]["arm"])
    ]
    against_greedy = find_arm(summary["arms"], summary["rubric"][0]["arm"])["gold"]
    against_greedy -= find_arm(summary["arms"], "sft", "greedy")["gold"]
    return (
        f"By the rubric {opening}. In points of gold, form (coherence, complexity, verbosity) and content (helpfulness,"
        f" correctness) changed by: {'; '.join(sizes)}. Helpfulness of greedy responses went from {helpful[0]:.2f} to"
        f" {helpful[1]:.2f} of 4. The policy's sampled responses stand at {against_greedy:+.2f} SFT standard deviations"
        " of gold from SFT's greedy ones."
    )


def state_equal_entropy(summary: dict) -> str:
    """Level 1 against an SFT model that was only made as sharp, by its temperature; empty where that was not run."""
    rows = [row for row in summary.get("equal_entropy") or [] if row["arm"] == "level1_scalar" and row["seeds"] > 1]
    if not rows:
        return ""
    words = ("ahead", "behind", "not shown to differ")
    said = [
        f"{direction(row, words)} by {name_metric(row['metric'])} ({row['estimate']:+.2f}, interval"
        f" {row['ci_low']:+.2f} to {row['ci_high']:+.2f}, p {format_p(row['p_exact'])})"
        for row in rows
    ]
    return (
        f"Against SFT at the temperature {rows[0]['temperature']:.2f}, which has the same entropy"
        f" ({rows[0]['entropy']:.2f} nats a token), the policy is {join(said)}."
    )


def state_rival(summary: dict) -> str:
    """The rival explanation of Level 1, for the verdict."""
    found = state_equal_entropy(summary)
    return f"Is Level 1 only a sharper SFT model? {found}" if found else ""


def state_scale(summary: dict) -> str:
    """Whether fresh SFT responses have a deviation of 1 in each arm's standardised reward; empty where not measured."""
    rows = [row for row in summary["responses"] if row["decoding"] == "sampled" and row.get("own_sft_deviation")]
    if not rows:
        return ""
    off = [row for row in rows if abs(row["own_sft_deviation"] - 1) > SCALE_TOLERANCE]
    sizes = [row["own_sft_deviation"] for row in rows]
    verdict = f"; off by more than {SCALE_TOLERANCE}: {list_arms(off)}" if off else ", as wanted"
    return (
        "On fresh SFT responses to held-out prompts, the standardised rewards have a deviation of"
        f" {min(sizes):.2f} to {max(sizes):.2f} (wanted: 1 within ±{SCALE_TOLERANCE}){verdict}."
    )


def moving_together(correlations: list[dict], names: set[str], metric: str) -> list[tuple[set[str], list[float]]]:
    """Groups of contrasts that are one piece of evidence by a metric, with the correlations that join them."""
    groups = []
    for row in correlations:
        pair = {row["name"], row["other"]}
        if row["metric"] == metric and pair <= names and row["correlation"] > ONE_PIECE:
            linked = [group for group in groups if group[0] & pair]
            groups = [group for group in groups if not group[0] & pair]
            joined = pair.union(*(members for members, _ in linked))
            groups.append((joined, [row["correlation"], *(value for _, values in linked for value in values)]))
    return groups


def state_overlap(summary: dict, rows: list[dict]) -> str:
    """Which of some contrasts are one piece of evidence, since they move together over seeds; empty where none are."""
    said = []
    for metric in dict.fromkeys(row["metric"] for row in rows):
        of_metric = [row for row in rows if row["metric"] == metric]
        names = {row["name"] for row in of_metric}
        for members, values in moving_together(summary["contrast_correlations"], names, metric):
            arms = list_arms([row for row in of_metric if row["name"] in members])
            sizes = f"{min(values):.2f}" + (f" to {max(values):.2f}" if len(values) > 1 else "")
            said.append(f"by {name_metric(metric)}, {arms} ({sizes})")
    if not said:
        return ""
    return (
        "Differences from the same Level 1 that correlate over seeds above"
        f" {ONE_PIECE} are one piece of evidence and not several: {'; '.join(said)}."
    )


def state_placebo(summary: dict) -> str:
    """What the placebos' reward models know, and how that goes with what their policies did."""
    found = summary["placebo"]
    known = [row for row in found["seeds"] if row["accuracy_low"] > 0.5 or row["accuracy_high"] < 0.5]
    text = f"Of {len(found['seeds'])} such models {len(known)} have an accuracy whose interval leaves one half out" + (
        f" ({join([format(row['accuracy'], '.3f') for row in known])})" if known else ""
    )
    together = found["accuracy_and_judges"]
    if together["correlation"] is not None:
        text += (
            f"; over seeds, accuracy and the judges' change correlate {together['correlation']:+.2f}"
            f" (p {format_p(together['p_exact'])})"
        )
    return text + "."


def state_interaction(rows: list[dict]) -> str:
    """Whether the spread of models over ratings helps to tell who wins, beside an oracle's; `rows` are the models'."""
    gain, error = mean_of(rows, "interaction_gain"), mean_of(rows, "interaction_gain_error")
    p = exact_sign_flip_p([row["interaction_gain"] for row in rows])
    text = (
        "When the difference of means over the model's own deviation is added, the held-out NLL"
        f" {'falls' if gain > 0 else 'rises'} by {abs(gain):.4f} on average (p {format_p(p)} over seeds;"
        f" a single seed's standard error: {error:.4f})."
    )
    oracle = rows[0].get("oracle_interaction_gain")
    if oracle is None:
        return text
    text += (
        f" An oracle that knows the raters' mean ratings and noise gains {oracle:.4f}"
        f" (standard error {rows[0]['oracle_interaction_gain_error']:.4f})"
    )
    if oracle < 2 * rows[0]["oracle_interaction_gain_error"]:
        return text + ": too little for a model's gain to be found here."
    true_noise = mean_of(rows, "true_noise_gain")
    text += f"; the models' own means with the raters' true noise gain {true_noise:+.4f}."
    if p < LEVEL and gain > 0:
        return text + " So the spread holds some of what could be known."
    text += " So noise matters to the choices in this world, and the learned spread was not shown to hold it"
    if true_noise < oracle / 10:
        text += ". Beside these models' means the true noise, too, adds next to nothing"
    return text + "."


def change_with_training(summary: dict, longer: dict) -> list[dict]:
    """By how much Level 2's differences from Level 1 changed when reward models were trained for longer, by seed."""
    before, after = find_contrast(summary["contrasts"], "mean"), find_contrast(longer["contrasts"], "longer")
    rows = []
    for metric in after:
        if metric in before:
            one, two = (
                dict(zip(source["seeds"], row[metric]["by_seed"]))
                for source, row in ((summary, before), (longer, after))
            )
            changes = [two[seed] - one[seed] for seed in two if seed in one]
            p = exact_sign_flip_p(changes)
            rows.append({"metric": metric, "estimate": sum(changes) / len(changes), "p_exact": p})
    return rows


def change_in_accuracy(summary: dict, longer: dict) -> dict:
    """By how much the gap in accuracy, ratings less scalar, changed when both were trained for longer, by seed."""

    def gaps(models: list[dict], ending: str) -> dict[int, float]:
        rated, scalar = (
            {row["seed"]: row["accuracy"] for row in models if row["kind"] == kind + ending}
            for kind in ("ratings", "scalar")
        )
        return {seed: rated[seed] - scalar[seed] for seed in rated}

    before, after = gaps(summary["reward_models"], ""), gaps(longer["reward_models"], "_longer")
    changes = [after[seed] - before[seed] for seed in after if seed in before]
    return {"estimate": sum(changes) / len(changes), "p_exact": exact_sign_flip_p(changes)}


def state_change_with_training(summary: dict, longer: dict) -> str:
    """Whether longer training of reward models changed how Level 2 stands to Level 1. One sentence."""
    words = ("rose", "fell", "was not shown to change")
    said = [
        f"by {name_metric(row['metric'])} {direction(row, words)}"
        f" ({row['estimate']:+.2f}, p {format_p(row['p_exact'])})"
        for row in change_with_training(summary, longer)
    ]
    gap = change_in_accuracy(summary, longer)
    size = f"{100 * gap['estimate']:+.1f} points, p {format_p(gap['p_exact'])}"
    said.append(f"the gap in accuracy {direction(gap, words)} ({size})")
    return f"From the shorter training to the longer, seed by seed, the policies' difference {join(said)}."
