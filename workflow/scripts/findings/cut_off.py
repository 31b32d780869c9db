"""Of responses that are cut off, for the summary: who learned them, what they are worth to whom, and why."""

import json

import numpy as np
import pandas as pd

from findings.evidence import FEWEST_SEEDS, exact_correlation
from findings.readings import WITH_END


def finished_shares(responses: str) -> pd.DataFrame:
    """The share of sampled responses that ended: a row an arm, a column a seed."""
    return pd.read_csv(responses).query("decoding == 'sampled'").pivot(index="arm", columns="seed", values="finished")


def describe_cut_off(path: str, least: float) -> list[dict]:
    """Arms some of whose replicates were cut off: they finish less than `least` of the share that SFT finishes.

    How many of how many replicates, and the smallest share of sampled responses that one of them finishes.
    """
    finished = finished_shares(path)
    cut = finished.lt(least * finished.loc["sft"], axis="columns")
    rows = pd.DataFrame(
        {"seeds": finished.notna().sum(axis=1), "cut_off": cut.sum(axis=1), "least": finished.min(axis=1)}
    )
    return rows[rows["cut_off"] > 0].reset_index().to_dict("records")


def describe_worth_of_the_end(path: str, responses: str) -> list[dict]:
    """What each arm's signal gives SFT responses that are cut off beyond finished ones, and the single judges.

    Least and most over replicates, or over judges; of an arm also each replicate's, and the correlation over replicates
    with the share of responses that its policy finishes, exact p.
    """
    table = pd.read_csv(path)
    shares = finished_shares(responses)
    rows = []
    judges = table["scorer"].str.contains(f"{WITH_END}_").map({True: "judges_with_end", False: "judges"})
    for scorer, part in table.assign(scorer=table["scorer"].where(table["seed"].notna(), judges)).groupby("scorer"):
        row = {"scorer": scorer, "of": len(part), "low": part["worth"].min(), "high": part["worth"].max()}
        row |= {"correlation": None, "p_exact": None, "by_seed": {}}
        if scorer not in ("judges", "judges_with_end"):
            row["by_seed"] = dict(zip(part["seed"].astype(int).astype(str), part["worth"]))
        if scorer in shares.index and len(part) >= FEWEST_SEEDS:
            finished = shares.loc[scorer, part["seed"].astype(int)].to_numpy()
            row["correlation"], row["p_exact"] = exact_correlation(part["worth"].to_numpy(), finished)
        rows.append(row)
    # Where all finish alike there is no correlation: JSON's null.
    return json.loads(pd.DataFrame(rows).to_json(orient="records"))


def describe_untrained(path: str, responses: str, settings: dict) -> dict:
    """How far training moves what reward models give finished and cut-off SFT responses, in SFT standard deviations.

    `told` counts the models of which one difference tells whether they prefer cut-off responses to finished ones to the
    same prompt: the untrained head's value for cut-off responses less the trained one's for finished ones. `follows` is
    the correlation of that difference over replicates with the share of responses that a policy finishes, exact p.
    Empty where hardly anything is cut off.
    """
    table = pd.read_csv(path).dropna(subset=["worth"])
    if table.empty:
        return {}
    told = (table["start_cut_off"] - table["ended"]) / table["deviation"]
    moved = {name: (table[name] - table[f"start_{name}"]).abs() / table["deviation"] for name in ("ended", "cut_off")}
    row = {"models": len(table), "moved_ended": moved["ended"].mean(), "moved_cut_off": moved["cut_off"].mean()}
    row |= {"told": int((told * table["worth"] > 0).sum()), "follows": []}
    shares = finished_shares(responses)
    kinds = {arm: settings["arms"][arm]["reward_model"] for arm in settings["arms"]}
    for scorer, part in table.assign(told=told).dropna(subset=["seed"]).groupby("scorer", sort=False):
        for arm in [arm for arm in kinds if kinds[arm] == kinds[scorer] and len(part) >= FEWEST_SEEDS]:
            finished = shares.loc[arm].reindex(part["seed"].astype(int))
            if finished.notna().all():
                r, p = exact_correlation(part["told"].to_numpy(), finished.to_numpy())
                row["follows"].append({"arm": arm, "correlation": None if np.isnan(r) else r, "p_exact": p})
    return row
