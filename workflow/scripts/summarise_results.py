"""Put all that the report says into one machine-readable file."""

import argparse
import importlib.metadata
import itertools
import json

import numpy as np
import pandas as pd

from align.errors import run
from align.files import named_path, read_json, write_json
from findings.by_seed import (
    describe_beside_sharper,
    describe_placebo,
    describe_rubric,
    describe_worst_tenth,
    differences_from_sft,
)
from findings.counted import describe_weights
from findings.cut_off import describe_cut_off, describe_untrained, describe_worth_of_the_end
from findings.derived import derive
from findings.evidence import mean_interval

PACKAGES = ("torch", "transformers", "trl", "accelerate", "datasets", "numpy", "scipy", "pandas")
FOLDS = ("train", "judge", "validation")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--primary-metric", required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: the settings that the report names")
    parser.add_argument("--config-digest", required=True, help="of everything that decides the numbers")
    parser.add_argument("--tables", nargs="+", type=named_path, required=True, help="name=CSV; a name may come again")
    parser.add_argument("--facts", nargs="+", type=named_path, required=True, help="name=JSON; a name may come again")
    parser.add_argument("--output", required=True, help="JSON")
    return parser.parse_args(argv)


def records(path: str) -> list[dict]:
    """The rows of a CSV, with None for what is missing."""
    return json.loads(pd.read_csv(path).to_json(orient="records"))


def mean_by_arm(training: pd.DataFrame, part: str) -> dict[str, dict]:
    """Means of the "first" or "last" tenth of each arm's steps over seeds, by arm."""
    steps = training.groupby("arm")["step"].transform("max")
    tenth = (steps // 10).clip(lower=1)
    # A step that fp16's scaler skipped has no finite gradient norm.
    training = training.replace([np.inf, -np.inf], np.nan)
    kept = training[training["step"] <= tenth if part == "first" else training["step"] > steps - tenth]
    return json.loads(kept.drop(columns=["seed", "step"]).groupby("arm").mean().to_json(orient="index"))


def means(path: str, keys: list[str]) -> list[dict]:
    """Means over seeds of a CSV's other columns, a row a value of `keys`."""
    table = pd.read_csv(path).drop(columns="seed")
    return json.loads(table.groupby(keys, sort=False).mean().reset_index().to_json(orient="records"))


def describe_contrasts(path: str, differences: str) -> list[dict]:
    """The contrasts, each with its seeds' differences."""
    table, key = pd.read_csv(differences), ["name", "metric", "decoding"]
    by_seed = {names: part["difference"].tolist() for names, part in table.groupby(key)}
    return [row | {"by_seed": by_seed[tuple(row[name] for name in key)]} for row in records(path)]


def correlate_contrasts(path: str) -> list[dict]:
    """Correlations over seeds of sampled differences from the same other arm, a row a pair of tests and metric."""
    table = pd.read_csv(path).query("decoding == 'sampled' and role == 'test'")
    rows = []
    for (against, metric), part in table.groupby(["against", "metric"], sort=False):
        by_name = part.pivot(index="seed", columns="name", values="difference")[part["name"].unique()]
        for one, other in itertools.combinations(by_name, 2):
            both = by_name[[one, other]].dropna()
            if len(both) > 2 and both.std().min() > 0:
                key = {"against": against, "metric": metric, "name": one, "other": other, "seeds": len(both)}
                rows.append(key | {"correlation": float(np.corrcoef(both[one], both[other])[0, 1])})
    return rows


def describe_steps(training: pd.DataFrame, bound: float | None) -> dict:
    """Steps of all policies, those that fp16's scaler skipped, and the share whose gradient was scaled to the bound."""
    clipped = None if bound is None else float((training["grad_norm"] > bound).mean())
    return {"taken": len(training), "skipped": int(training["skipped"].sum()), "clipped": clipped}


def describe_arms(path: str) -> list[dict]:
    """Means over seeds of an arm's responses, how many seeds they are of, and each seed's KL."""
    rows, table = means(path, ["arm", "decoding"]), pd.read_csv(path)
    for row in rows:
        of_arm = table[(table["arm"] == row["arm"]) & (table["decoding"] == row["decoding"])]
        row |= {"seeds": len(of_arm), "kl_by_seed": of_arm["log_ratio"].tolist()}
        if "rater_bias" in of_arm:
            raters = (of_arm["gold_raw"] + of_arm["rater_bias"]).tolist()
            row["raters_by_seed"] = dict(zip(of_arm["seed"].astype(str), raters))
    return rows


def mass_at_the_ends(path: str) -> list[dict]:
    """How much of its probability each model over ratings gives to the lowest and the highest rating."""
    table = pd.read_csv(path)
    at_end = table["rating"].isin([table["rating"].min(), table["rating"].max()])
    return json.loads(table[at_end].groupby(["kind", "seed"])["mass"].sum().reset_index().to_json(orient="records"))


def describe_responses(path: str, confidence: float) -> list[dict]:
    """Means over seeds of every measure of an arm's responses, and intervals of its win rates."""
    rows = means(path, ["arm", "decoding"])
    for row in rows:
        of_arm = pd.read_csv(path).query("arm == @row['arm'] and decoding == @row['decoding']")
        for name in ("win_sft", "win_preferred"):
            low, high = mean_interval(of_arm[name].to_numpy(), confidence)
            known, low, high = not np.isnan(low), max(low, 0.0), min(high, 1.0)
            row |= {f"{name}_low": low if known else None, f"{name}_high": high if known else None}
    return rows


def describe_gradients(paths: list[str]) -> list[dict]:
    """Means over seeds of each estimate's variance, and the range of that variance relative to b_MA's."""
    if not paths:
        return []
    table = pd.concat(map(pd.read_csv, paths), ignore_index=True)
    groups = table.groupby(["phase", "estimate"], sort=False)
    relative = groups["relative_variance"].agg(relative_low="min", relative_high="max", seeds="size")
    rows = groups[["baseline", "variance", "signal", "relative_variance"]].mean().join(relative).reset_index()
    return json.loads(rows.to_json(orient="records"))


def describe_oracle(path: str) -> list[dict]:
    """What each chooser gains at the largest n by each utility, a row each; range over seeds where it was learned."""
    table = pd.read_csv(path)
    groups = table[table["n"] == table["n"].max()].groupby(["utility", "truth", "rejected", "chooser", "n"], sort=False)
    found = groups["gain"].agg(gain="mean", gain_low="min", gain_high="max").join(groups["beyond_mean"].mean())
    return json.loads(found.reset_index().to_json(orient="records"))


def summarise_compliance(path: str) -> list[dict]:
    """Share of responses that do what was asked, by arm and decoding, a row a constraint and one for seen and held out.

    Means over seeds, with the least and the most that a seed has; beside it the means of measure_compliance's other
    measures, and by seed what asking adds to the share that keeps the constraint. Each constraint counts the same.
    """
    table = pd.read_csv(path)
    together = table.assign(constraint=table["held_out"].map({False: "all seen", True: "all held out"}))
    keys = ["arm", "decoding", "constraint", "held_out"]
    others = ["keeps", "keeps_unasked", "names_topic", "gold", "raters", "praise", "length"]
    seeds = pd.concat([table, together]).groupby([*keys, "seed"], sort=False)
    by_seed = seeds[["complies", *others]].mean().assign(prompts=seeds["prompts"].sum()).reset_index("seed")
    by_seed["asking"] = by_seed["keeps"] - by_seed["keeps_unasked"]
    rows = []
    for place, group in by_seed.groupby(keys, sort=False):
        shares = {name: dict(zip(group["seed"].astype(str), group[name])) for name in ("complies", "asking")}
        row = dict(zip(keys, place)) | {"mean": group["complies"].mean()}
        row |= {"min": group["complies"].min(), "max": group["complies"].max(), "by_seed": shares["complies"]}
        row |= group[others].mean().to_dict() | {"asking_by_seed": shares["asking"]}
        rows.append(row | {"seeds": len(group), "prompts": int(group["prompts"].max())})
    return json.loads(pd.Series(rows).to_json(orient="records"))


def describe_overoptimisation(path: str) -> list[dict]:
    """How far each arm's gold rises in training, where it ends, and how many replicates collapse; a row an arm."""
    groups = pd.read_csv(path).groupby("arm", sort=False)
    found = groups[["peak_gold", "peak_kl", "end_gold", "end_kl"]].mean()
    found = found.assign(collapsed=groups["collapsed"].sum(), seeds=groups.size())
    return json.loads(found.reset_index().to_json(orient="records"))


def summarise(args: argparse.Namespace) -> dict:
    """All that findings rest on."""
    tables, facts = dict(args.tables), dict(args.facts)
    training, settings = pd.read_csv(tables["training"]), args.settings
    world = read_json(facts["world"]) if "world" in facts else None
    agreement = means(tables["agreement"], ["arm", "other"])
    if world:
        agreement.append({"arm": "judges", "other": "gold", "correlation": world["judge_gold_correlation"]})
    lengths = [path for name, path in args.facts if name == "lengths"]
    return {
        "experiment": args.experiment,
        "config_digest": args.config_digest,
        "seeds": settings["seeds"],
        "primary_metric": args.primary_metric,
        "settings": settings,
        "versions": {name: importlib.metadata.version(name).split("+")[0] for name in PACKAGES},
        "sources": read_json(facts["sources"]) if "sources" in facts else None,
        "split": read_json(facts["split"]),
        "lengths": {fold: read_json(path) for fold, path in zip(FOLDS, lengths, strict=True)},
        "contrasts": describe_contrasts(tables["contrasts"], tables["differences"]),
        "contrast_correlations": correlate_contrasts(tables["differences"]),
        "relations": records(tables["relations"]),
        "arms": describe_arms(tables["arms"]),
        "rubric": describe_rubric(tables["arms"], world["weights"], settings["roles"]) if world else [],
        "beside_sharper": describe_beside_sharper(
            tables["arms"],
            settings["roles"]["level1"],
            settings["evaluation"]["sft_temperatures"],
            ["gold", "judges", *settings["judges"]],
        ),
        "worst_tenth": describe_worst_tenth(
            tables["arms"], settings["roles"]["level1"], settings["evaluation"]["sft_temperatures"]
        ),
        "placebo": describe_placebo(tables["reward_models"], tables["differences"], settings),
        "unpenalised": differences_from_sft(tables["differences"], settings["roles"].get("unpenalised")).to_dict(
            "records"
        ),
        "reward_models": records(tables["reward_models"]),
        "ratings": means(tables["ratings"], ["kind", "rating"]),
        "mass_at_the_ends": mass_at_the_ends(tables["ratings"]),
        "screen": means(tables["screen"], ["arm", "n"]),
        "predictions": records(tables["predictions"]),
        "relabelling": means(tables["relabelling"], ["kind", "signal", "relabelling"]),
        "agreement": agreement,
        "equal_kl": records(tables["equal_kl"]),
        "equal_entropy": records(tables["equal_entropy"]),
        "first_tenth_of_training": mean_by_arm(training, "first"),
        "last_tenth_of_training": mean_by_arm(training, "last"),
        "steps": describe_steps(training, settings["reinforce"]["max_grad_norm"]),
        "responses": describe_responses(tables["responses"], settings["confidence"]),
        "cut_off": describe_cut_off(tables["responses"], settings["findings"]["cut_off"]),
        "worth_of_the_end": describe_worth_of_the_end(tables["cut_off"], tables["responses"]),
        "gradients": describe_gradients([path for name, path in args.tables if name == "gradients"]),
        "trl": read_json(facts["trl"]) if "trl" in facts else None,
        "world": world,
        **({"compliance": summarise_compliance(tables["compliance"])} if "compliance" in tables else {}),
        **(
            {"untrained": describe_untrained(tables["untrained"], tables["responses"], settings)}
            if "untrained" in tables
            else {}
        ),
        **({"oracle": describe_oracle(tables["oracle"])} if "oracle" in tables else {}),
        **({"learned": means(tables["learned"], ["name", "measure"])} if "learned" in tables else {}),
        **(
            {"weights": describe_weights(tables["learned"], settings["roles"]["level1"])} if "learned" in tables else {}
        ),
        **(
            {"overoptimisation": describe_overoptimisation(tables["overoptimisation"])}
            if "overoptimisation" in tables
            else {}
        ),
        **({"methods": records(tables["methods"])} if "methods" in tables else {}),
        **({"ties": means(tables["ties"], ["kind"])} if "ties" in tables else {}),
        # What a run costs differs from run to run; what it finds, above, does not.
        "cost": records(tables["cost"]),
    }


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    summary = summarise(args)
    write_json(args.output, summary | {"derived": derive(summary)})


if __name__ == "__main__":
    run(main)
