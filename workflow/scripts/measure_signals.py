"""What each arm's signal would choose among SFT responses, before any RL: best of n, and a prediction.

And what renaming the ratings does: the mean's choices change, the win probability's cannot. And what signals and judges
give a response that is cut off.
"""

import argparse
import itertools
import math

import numpy as np
import pandas as pd
from scipy import stats

from align.errors import run
from align.files import write_csv
from findings.contrasts import Contrast, parse_contrast
from findings.evidence import (
    best_of_choice,
    by_prompt,
    equivalence_p,
    exact_sign_flip_p,
    within_prompts,
)
from findings.pools import read_pools, worth_of_the_end
from findings.readings import WITH_END
from findings.units import in_sft_units, other_makes, score_columns, sft_units

SAME_ORDER = 0.999  # correlation of ranks within prompts above which two signals are one


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pools", nargs="+", required=True, help="parquet tables of the pool, scored, one a seed")
    parser.add_argument("--judged", required=True, help="parquet of the pool, scored by judges and gold")
    parser.add_argument("--contrasts", nargs="+", type=parse_contrast, required=True, help="name:arm:against:role")
    parser.add_argument("--confidence", type=float, required=True)
    parser.add_argument("--equivalence-margin", type=float, required=True, help="SFT standard deviations")
    parser.add_argument("--screen-output", required=True, help="CSV: a row an arm or metric that chooses, seed and n")
    parser.add_argument("--predictions-output", required=True, help="CSV: a row a contrast and metric")
    parser.add_argument("--agreement-output", required=True, help="CSV: a row a pair of arms and seed")
    parser.add_argument("--relabelling-output", required=True, help="CSV: a row a reward model, signal and relabelling")
    parser.add_argument("--cut-off-output", required=True, help="CSV: a row a signal and seed, or a judge")
    return parser.parse_args(argv)


def screen(pool: pd.DataFrame, arms: list[str], metrics: list[str]) -> list[dict]:
    """Best of n by each arm's signal, a row an arm and n; `kl` is the bound log n - (n - 1) / n.

    And by each metric, as an arm of that name: by itself, that is the most that choosing among n can reach.
    """
    responses = len(pool) // pool["prompt_id"].nunique()
    sizes = [2**power for power in range(int(math.log2(responses)) + 1)]
    rows = []
    for arm in (*arms, *metrics):
        for n in sizes:
            key = {"arm": arm, "seed": pool["seed"].iloc[0], "n": n, "kl": math.log(n) - (n - 1) / n}
            found = {m: best_of_choice(by_prompt(pool, arm), by_prompt(pool, m), n).mean() for m in metrics}
            rows.append(key | found)
    return rows


def agree(pool: pd.DataFrame, arms: list[str], metrics: list[str]) -> list[dict]:
    """Correlation within prompts of each arm's signal with every other's, and with the judges of each make and gold."""
    parts = {name: within_prompts(by_prompt(pool, name)) for name in (*arms, *metrics)}
    return [
        {"arm": arm, "other": other, "seed": pool["seed"].iloc[0], "correlation": np.corrcoef(parts[arm], part)[0, 1]}
        for arm in arms
        for other, part in parts.items()
        if other != arm
    ]


def agree_with_another_seed(pools: list[pd.DataFrame], arms: list[str]) -> list[dict]:
    """Correlation within prompts of an arm's signal with the same arm's in each other replicate, a row a pair."""
    rows = []
    for arm in arms:
        parts = {pool["seed"].iloc[0]: within_prompts(by_prompt(pool, arm)) for pool in pools if arm in pool}
        for one, other in itertools.combinations(parts, 2):
            both = np.corrcoef(parts[one], parts[other])[0, 1]
            rows.append({"arm": arm, "other": "another seed", "seed": one, "correlation": both})
    return rows


def relabel(pool: pd.DataFrame) -> list[dict]:
    """How much another naming of the ratings changes which response is best, and the order within prompts."""
    rows = []
    for column in [name for name in pool if ".mean." in name and not name.endswith(".none")]:
        kind, _, relabelling = column.split(".")
        plain, renamed = by_prompt(pool, f"{kind}.mean.none"), by_prompt(pool, column)
        rows.append(
            {
                "kind": kind,
                "seed": pool["seed"].iloc[0],
                "relabelling": relabelling,
                "other_choice": float((plain.argmax(axis=1) != renamed.argmax(axis=1)).mean()),
                "correlation": float(np.corrcoef(within_prompts(plain), within_prompts(renamed))[0, 1]),
            }
        )
    return rows


def same_order(pools: list[pd.DataFrame], one: str, other: str) -> bool:
    """Whether two signals rank the responses to a prompt alike in all replicates that have both."""
    both = [pool for pool in pools if one in pool and other in pool]
    ranks = [[within_prompts(stats.rankdata(by_prompt(pool, arm), axis=1)) for arm in (one, other)] for pool in both]
    return bool(both) and min(np.corrcoef(*pair)[0, 1] for pair in ranks) > SAME_ORDER


def predict(
    screened: pd.DataFrame,
    pools: list[pd.DataFrame],
    contrasts: list[Contrast],
    metrics: list[str],
    alpha: float,
    margin: float,
) -> list[dict]:
    """What the best of the largest n predicts of each contrast, a row a metric.

    "ahead" or "behind" where a difference beyond `margin` is shown, "equivalent" where one within it is. No
    predictions, since nothing could contradict them: "same order", of signals that choose alike, and "none".
    """
    rows = []
    largest = screened[screened["n"] == screened["n"].max()]
    for name, arm, against, _ in contrasts:
        if not {arm, against} <= set(largest["arm"]) | {"sft"} or arm == "sft":
            continue
        for metric in metrics:
            values = largest.pivot(index="seed", columns="arm", values=metric)
            difference = (values[arm] - (0.0 if against == "sft" else values[against])).dropna().to_numpy()
            estimate, p, within = difference.mean(), exact_sign_flip_p(difference), equivalence_p(difference, margin)
            if same_order(pools, arm, against):
                word = "same order"
            elif within < alpha:
                word = "equivalent"
            elif p < alpha and abs(estimate) > margin:
                word = "ahead" if estimate > 0 else "behind"
            else:
                word = "none"
            key = {"name": name, "arm": arm, "against": against, "metric": metric, "seeds": len(difference)}
            rows.append(key | {"estimate": estimate, "p_exact": p, "equivalence_p": within, "prediction": word})
    return rows


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    judged = pd.read_parquet(args.judged)
    judged = in_sft_units(judged.assign(arm="sft"), sft_units(judged.assign(arm="sft")))
    makes = [make for make in other_makes(judged) if not make.endswith(WITH_END)]
    metrics = ["judges", *(["gold"] if "gold" in judged else []), *makes]
    judges = [name for name in score_columns(judged) if name not in metrics]
    judged = judged[judged["decoding"] == "sampled"][["prompt_id", "sample", "finished", *metrics, *judges]]
    judged = judged.sort_values(["prompt_id", "sample"])
    cut_off = [{"scorer": name, "worth": worth} for name, worth in worth_of_the_end(judged, judges).items()]
    screened, relabelled, agreement, pools, trained = [], [], [], [], []
    for pool, signals in read_pools(args.pools, judged):
        arms = [name for name in signals if "." not in name]
        screened += screen(pool, arms, metrics)
        relabelled += relabel(pool)
        agreement += agree(pool, arms, metrics)
        of_signals = worth_of_the_end(pool, arms).items()
        cut_off += [{"scorer": arm, "seed": pool["seed"].iloc[0], "worth": worth} for arm, worth in of_signals]
        pools.append(pool)
        trained += arms
    table = pd.DataFrame(screened)
    agreement += agree_with_another_seed(pools, list(dict.fromkeys(trained)))
    predictions = predict(table, pools, args.contrasts, metrics, 1 - args.confidence, args.equivalence_margin)
    columns = ["kind", "seed", "signal", "relabelling", "other_choice", "correlation"]
    for path, frame in (
        (args.screen_output, table),
        (args.predictions_output, pd.DataFrame(predictions)),
        (args.agreement_output, pd.DataFrame(agreement)),
        (args.relabelling_output, pd.DataFrame(relabelled, columns=columns)),
        (args.cut_off_output, pd.DataFrame(cut_off, columns=["scorer", "seed", "worth"])),
    ):
        write_csv(path, frame)


if __name__ == "__main__":
    run(main)
