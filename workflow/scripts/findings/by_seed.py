"""What a summary compares seed by seed: parts of gold, the worst tenth of raters, a placebo, an arm with SFT."""

import json

import numpy as np
import pandas as pd

from findings.evidence import FEWEST_SEEDS, exact_correlation, exact_sign_flip_p
from findings.sharper import best_sharper, sft_at

DECODINGS = (("sampled", "sampled"), ("greedy", "greedy"), ("sampled", "greedy"))  # Level 1's, and SFT's
CONTENT = ("helpfulness", "correctness")  # of the rubric; its other attributes are form
GOLD_PARTS = ("content", "form")


def describe_rubric(path: str, weights: dict[str, float], roles: dict) -> list[dict]:
    """What content and form add to gold, in rating points, a row a part and pair of decodings.

    From SFT to Level 1, and from there to each arm of Level 2; p are exact.
    """
    table = pd.read_csv(path)
    parts = {"content": CONTENT, "form": [name for name in weights if name not in CONTENT]}
    level1, rows = roles["level1"], []
    pairs = [(level1, one, "sft", other) for one, other in DECODINGS]
    pairs += [(arm, "sampled", level1, "sampled") for arm in roles.get("level2", [])]
    for arm, decoding, against, how in pairs:
        ours, theirs = (
            table[(table["arm"] == name) & (table["decoding"] == decoded)].set_index("seed")
            for name, decoded in ((arm, decoding), (against, how))
        )
        for part, names in parts.items():
            points = (sum(weights[name] * side[f"gold_{name}"] for name in names) for side in (ours, theirs))
            changes = np.subtract(*points).dropna()
            key = {"arm": arm, "against": against, "part": part, "decoding": decoding, "against_decoding": how}
            key |= {"seeds": len(changes), "estimate": float(changes.mean())}
            rows.append(key | {"p_exact": exact_sign_flip_p(changes.to_numpy())})
    return rows


def describe_beside_sharper(path: str, level1: str, temperatures: list[float], metrics: list[str]) -> list[dict]:
    """Level 1 less the best that a lower temperature or greedy decoding alone makes of SFT, a row a metric.

    The rival is picked by the metric's own mean; p are exact, over seeds, and uncorrected. Empty without such a rival.
    """
    table = pd.read_csv(path)
    ours = table[(table["arm"] == level1) & (table["decoding"] == "sampled")].set_index("seed")
    rows = []
    for metric in (name for name in metrics if name in table):
        found = best_sharper(table, metric, temperatures)
        if found is None:
            return []
        (arm, decoding), theirs = found
        changes = (ours[metric] - theirs).dropna()
        key = {"metric": metric, "arm": arm, "decoding": decoding, "best": float(theirs.mean()), "seeds": len(changes)}
        rows.append(key | {"estimate": float(changes.mean()), "p_exact": exact_sign_flip_p(changes.to_numpy())})
    return rows


def describe_worst_tenth(path: str, level1: str, temperatures: list[float]) -> list[dict]:
    """The opinion of the worst tenth of raters, points: each arm's mean, and its differences from SFT and Level 1.

    And from SFT at the temperature at which that opinion is best on average. Sampled responses, paired by seed; p are
    exact and uncorrected. Empty where a world does not know it.
    """
    table = pd.read_csv(path).query("decoding == 'sampled'")
    if "gold_worst_tenth" not in table:
        return []
    by_arm = table.pivot(index="seed", columns="arm", values="gold_worst_tenth")
    sharper = by_arm[[sft_at(temperature) for temperature in temperatures if sft_at(temperature) in by_arm]].mean()
    rivals = {"sft": "sft", "level1": level1} | ({} if sharper.empty else {"sharper": sharper.idxmax()})
    rows = []
    for arm, values in by_arm.items():
        rows.append({"arm": arm, "mean": float(values.mean()), "seeds": int(values.count())})
        for name, against in rivals.items():
            changes = (values - by_arm[against]).dropna().to_numpy()
            rows[-1] |= {f"less_{name}": float(changes.mean()), f"p_{name}": exact_sign_flip_p(changes)}
    return rows


def rises(table: pd.DataFrame, arm: str, reader: str) -> pd.Series:
    """An arm's sampled responses less SFT's in the same replicate by a reader, a value a seed, in SFT deviations.

    A policy's own reward model is another one in each arm: SFT's responses to the same prompts are read by it too.
    """
    sampled = table[table["decoding"] == "sampled"].set_index(["arm", "seed"])
    of_arm = sampled.loc[arm]
    sft = of_arm["proxy_sft"] if reader == "proxy" else sampled.loc["sft"][reader]
    return (of_arm[reader] - sft).dropna()


def differences_from_sft(path: str, arm: str | None) -> pd.DataFrame:
    """An arm's sampled differences from SFT: a row a seed, a column a metric; empty where it is not compared."""
    changes = pd.read_csv(path).query("arm == @arm and against == 'sft' and decoding == 'sampled'")
    return changes.pivot(index="seed", columns="metric", values="difference").reset_index()


def describe_placebo(reward_models: str, differences: str, settings: dict) -> dict | None:
    """Accuracy of each placebo's reward model on held-out pairs beside what its policy did, and their correlation.

    None where no placebo is compared with SFT.
    """
    placebo = settings["roles"].get("placebo")
    by_seed = differences_from_sft(differences, placebo)
    if by_seed.empty:
        return None
    kind = settings["arms"][placebo]["reward_model"]
    models = pd.read_csv(reward_models)
    models = models[models["kind"] == kind]
    table = models[["seed", "accuracy", "accuracy_low", "accuracy_high"]].merge(by_seed, on="seed")
    correlation, p = exact_correlation(table["accuracy"].to_numpy(), table["judges"].to_numpy())
    known = len(table) >= FEWEST_SEEDS and not np.isnan(correlation)
    found = {"correlation": correlation if known else None, "p_exact": p}
    return {"seeds": json.loads(table.to_json(orient="records")), "accuracy_and_judges": found}
