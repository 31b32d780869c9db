"""Numbers that follow from a summary's tables and that its findings need: means over models, paired tests, shares.

Nothing here says a word, and nothing of words or templates reckons.
"""

import itertools

import numpy as np

from findings.compliance import compare_compliance
from findings.evidence import exact_sign_flip_p
from findings.predictions import judge_prediction
from findings.summary import (
    alpha_of,
    by_seed,
    contrast_of,
    find_arm,
    find_row,
    find_rows,
    kind_of,
    kinds_of_levels,
    level2_rows,
    models_of,
    role_contrast,
    roles_of,
)

MEASURES = ("accuracy", "nll", "brier", "ece", "ece_if_calibrated", "training_nll", "mean_deviation")
MEASURES += ("spread_r2_on_mean", "spread_noise_correlation", "longer_wins", "accuracy_balanced")


def spread_of(values: list[float | None]) -> dict | None:
    """Mean, least and most of some numbers; None where one is missing."""
    if not values or None in values:
        return None
    return {"mean": float(np.mean(values)), "min": min(values), "max": max(values)}


def describe_models(summary: dict) -> dict[str, dict]:
    """Each kind of reward model: how many, and mean and range over seeds of what was measured of them."""
    found = {}
    for kind in dict.fromkeys(row["kind"] for row in summary["reward_models"]):
        rows = models_of(summary, kind)
        measured = {name: spread_of([row.get(name) for row in rows]) for name in MEASURES}
        reach = float(np.mean([row["accuracy_high"] - row["accuracy_low"] for row in rows]) / 2)
        found[kind] = {"models": len(rows), "accuracy_reach": reach} | measured
    return found


def paired_by_seed(rows: list[dict], others: list[dict], column: str) -> dict | None:
    """Mean difference of a column between two kinds of models of the same seeds, and its exact p; None of none."""
    theirs = {row["seed"]: row[column] for row in others}
    differences = np.array([row[column] - theirs[row["seed"]] for row in rows if row["seed"] in theirs])
    if not len(differences):
        return None
    p = exact_sign_flip_p(differences)
    return {"estimate": float(differences.mean()), "p_exact": p, "seeds": len(differences)}


def compare_models(summary: dict) -> dict | None:
    """Level 2's reward models against Level 1's of the same seeds; None without Level 2."""
    scalar, rated = (models_of(summary, kind) for kind in kinds_of_levels(summary))
    columns = ("accuracy", "nll", "training_nll")
    return {name: paired_by_seed(rated, scalar, name) for name in columns} if rated else None


def describe_interaction(summary: dict) -> dict | None:
    """By how much the spread of Level 2's models helps to tell who wins, beside an oracle's; None without Level 2."""
    rows = models_of(summary, kinds_of_levels(summary)[1])
    if not rows or rows[0].get("interaction_gain") is None:
        return None
    gains = [row["interaction_gain"] for row in rows]
    found = {"gain": float(np.mean(gains)), "p_exact": exact_sign_flip_p(np.array(gains))}
    found["error"] = float(np.mean([row["interaction_gain_error"] for row in rows]))
    if rows[0].get("oracle_interaction_gain") is not None:
        found |= {
            "oracle": rows[0]["oracle_interaction_gain"],
            "oracle_error": rows[0]["oracle_interaction_gain_error"],
        }
        found["oracle_least"] = summary["settings"]["findings"]["standard_errors"] * found["oracle_error"]
        found["true_noise"] = float(np.mean([row["true_noise_gain"] for row in rows]))
    return found


def describe_oracle(summary: dict) -> dict | None:
    """What choosing among SFT's responses gains by the truth: who knows the mean, what the spread adds, the signals.

    None without a world whose truth is known.
    """
    rows = [row for row in summary.get("oracle", []) if row["truth"]]
    if not rows:
        return None
    knowing = {row["chooser"]: row for row in rows if row["chooser"].startswith("true_")}
    learned = [row for row in rows if row["chooser"] in summary["settings"]["arms"]]
    roles, tested = roles_of(summary), {row["arm"] for row in level2_rows(summary)}
    return {
        "n": rows[0]["n"],
        "rejected": rows[0]["rejected"],
        "mean": knowing["true_mean"]["gain"],
        "spread": knowing["true_spread"]["beyond_mean"],
        "level1": find_row(learned, chooser=roles["level1"]).get("gain"),
        "level2": [row["gain"] for row in learned if row["chooser"] in tested],
    }


def describe_reach(summary: dict) -> dict[str, dict]:
    """Level 1's gain by judges and gold as a share of that of the best of n by the same metric."""
    n = max((row["n"] for row in summary["screen"]), default=0)
    found = {}
    for metric, row in role_contrast(summary, "level1").items():
        best = find_row(summary["screen"], arm=metric, n=n)
        if best:
            found[metric] = {"n": n, "best": best[metric], "share": row["estimate"] / best[metric]}
    return found


def describe_placebo_models(summary: dict) -> dict | None:
    """How many placebo models' accuracy leaves one half out, and how many of their policies please the judges."""
    rows = (summary["placebo"] or {}).get("seeds")
    if not rows:
        return None
    known = [row["accuracy"] for row in rows if row["accuracy_low"] > 0.5 or row["accuracy_high"] < 0.5]
    return {"models": len(rows), "known": known, "pleased": sum(row["judges"] > 0 for row in rows)}


def change_of_raters(summary: dict) -> float | None:
    """What raters would say without a KL penalty, less what of SFT in the same seeds, in SFT deviations of gold."""
    arm = roles_of(summary).get("unpenalised")
    if not arm or not summary["world"]:
        return None
    ours, theirs = (find_arm(summary["arms"], name)["raters_by_seed"] for name in (arm, "sft"))
    changes = [ours[seed] - theirs[seed] for seed in ours]
    return sum(changes) / len(changes) / summary["world"]["sft_gold_deviation"]


def describe_training(summary: dict) -> dict[str, dict]:
    """How each arm's advantages narrowed, from the first tenth of training to the last, as a relative change.

    An arm that learns from pairs has none.
    """
    first, last = summary["first_tenth_of_training"], summary["last_tenth_of_training"]
    return {
        arm: {"advantage": last[arm]["advantage_std"] / first[arm]["advantage_std"] - 1}
        for arm in last
        if last[arm]["advantage_std"] is not None
    }


def compare_ends(summary: dict) -> list[dict]:
    """What each arm of Level 2 gives responses without an end beyond what Level 1 gives them, over replicates."""
    worth = {row["scorer"]: row["by_seed"] for row in summary["worth_of_the_end"]}
    level1, rows = worth.get(roles_of(summary)["level1"], {}), []
    for arm in roles_of(summary).get("level2", []):
        gaps = np.array([value - level1[seed] for seed, value in worth.get(arm, {}).items() if seed in level1])
        if len(gaps) > 1:
            rows.append({"arm": arm, "estimate": float(gaps.mean()), "p_exact": exact_sign_flip_p(gaps)})
    return rows


def describe_gradients(summary: dict) -> list[dict]:
    """Each estimate's variance less b_MA's, as a share of it, and signal to noise."""
    return [
        {"phase": row["phase"], "estimate": row["estimate"]}
        | {"change": row["relative_variance"] - 1, "low": row["relative_low"] - 1, "high": row["relative_high"] - 1}
        | {"signal_to_noise": row["signal"] / row["variance"]}
        for row in summary["gradients"]
    ]


def group_contrasts(summary: dict, threshold: float) -> list[dict]:
    """Tests of Level 2 that move together over seeds, by metric: their arms, and the correlations that join them."""
    level1 = roles_of(summary)["level1"]
    arms = {row["name"]: row["arm"] for row in summary["contrasts"]}
    level2 = roles_of(summary).get("level2", [])
    groups: list[dict] = []
    for row in summary["contrast_correlations"]:
        pair = {row["name"], row["other"]}
        if row["against"] != level1 or row["correlation"] <= threshold or not {arms[n] for n in pair} <= {*level2}:
            continue
        linked = [group for group in groups if group["metric"] == row["metric"] and pair & {*group["names"]}]
        groups = [group for group in groups if group not in linked]
        names = dict.fromkeys([*itertools.chain(*(group["names"] for group in linked)), row["name"], row["other"]])
        values = [row["correlation"], *itertools.chain(*(group["correlations"] for group in linked))]
        groups.append({"metric": row["metric"], "names": list(names), "correlations": values})
    return [group | {"arms": [arm for arm in level2 if arm in {arms[n] for n in group["names"]}]} for group in groups]


def judge_predictions(summary: dict, alpha: float) -> list[dict]:
    """The predictions of contrasts of all replicates, each with `after`, the contrast after RL, and `judged`."""
    rows = []
    for row in summary["predictions"]:
        after = contrast_of(summary, row["arm"], row["against"]).get(row["metric"])
        if after and after["seeds"] == row["seeds"] == len(summary["seeds"]):
            kept = ("estimate", "ci_low", "ci_high", "p_holm", "equivalence_p", "verdict")
            after_rl = {name: after[name] for name in kept}
            rows.append(row | {"after": after_rl, "judged": judge_prediction(row, after, alpha)})
    return rows


def derive(summary: dict) -> dict:
    """All of it."""
    settings = summary["settings"]
    tests = find_rows(summary["contrasts"], role="test", decoding="sampled")
    widths = [
        row["proxy_sft_deviation"]
        for row in find_rows(summary["responses"], decoding="sampled")
        if row.get("proxy_sft_deviation")
    ]
    return {
        "tests": {metric: len(find_rows(tests, metric=metric)) for metric in {row["metric"]: 0 for row in tests}},
        "smallest_p": 2 / 2 ** len(summary["seeds"]),
        "parted": sum(row["judges"] > 0 > row.get("gold", 0) for row in summary["unpenalised"]),
        "scored_prompts": min(settings["references"]["prompts"], summary["lengths"]["train"]["kept_prompts"]),
        "models": describe_models(summary),
        "levels": compare_models(summary),
        "interaction": describe_interaction(summary),
        "oracle": describe_oracle(summary),
        "ends": spread_of(
            [row["mass"] for row in find_rows(summary["mass_at_the_ends"], kind=kinds_of_levels(summary)[1])]
        ),
        "uniform_ends": 2 / settings["reward_training"]["bins"],
        "reach": describe_reach(summary),
        "scale": spread_of(widths),
        "placebo": describe_placebo_models(summary),
        "raters": change_of_raters(summary),
        "training": describe_training(summary),
        "end_gaps": compare_ends(summary),
        **({"compliance": compare_compliance(summary)} if "compliance" in summary else {}),
        "gradients": describe_gradients(summary),
        "one_piece": group_contrasts(summary, settings["findings"]["one_piece"]),
        "predictions": judge_predictions(summary, alpha_of(summary)),
    }


def compare_training(longer: dict) -> dict:
    """What longer training of reward models changed: models, the gap between them, Level 2's differences by seed.

    All of one run: another run's replicates of the same seeds may start from another SFT model.
    """
    after = {row["metric"]: row for row in find_rows(longer["contrasts"], name="longer", decoding="sampled")}
    one = next(iter(after.values()))
    before = {row["metric"]: row for row in find_rows(longer["contrasts"], name="mean", decoding="sampled")}
    first = next(iter(before.values()))
    scalar, rated = (models_of(longer, kind_of(longer, one[side])) for side in ("against", "arm"))
    shorter = [models_of(longer, kind_of(longer, first[side])) for side in ("against", "arm")]
    gaps = []
    for rows, others in ((rated, scalar), (shorter[1], shorter[0])):
        theirs = {row["seed"]: row["accuracy"] for row in others}
        gaps.append([{"seed": row["seed"], "gap": row["accuracy"] - theirs[row["seed"]]} for row in rows])
    changes = []
    for metric in after.keys() & before.keys():
        two, one_each = by_seed(longer, after[metric]), by_seed(longer, before[metric])
        values = np.array([two[seed] - one_each[seed] for seed in two])
        changes.append({"metric": metric, "estimate": float(values.mean()), "p_exact": exact_sign_flip_p(values)})
    models = describe_models(longer)
    return {
        "shorter": [models[rows[0]["kind"]] for rows in shorter],
        "longer": [models[rows[0]["kind"]] for rows in (scalar, rated)],
        "gap": paired_by_seed(rated, scalar, "accuracy"),
        "change_in_gap": paired_by_seed(gaps[0], gaps[1], "gap"),
        "changes": sorted(changes, key=lambda row: list(after).index(row["metric"])),
    }
