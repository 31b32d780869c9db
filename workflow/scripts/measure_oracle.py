"""Could the spread of ratings help at all? Best of n by who knows it, before any reward model is asked.

Of SFT responses to a prompt the best of n is chosen by their true mean rating, by the utility itself, which knows mean
and spread, by the true probability of winning, which is all that choices tell, and by each trained signal. A world in
which the utility does not beat the mean by more than the margin cannot show that a distribution helps: it is rejected.
"""

import argparse

import numpy as np
import pandas as pd
from scipy.special import ndtr

from align.errors import run
from align.files import write_csv
from findings.by_seed import CONTENT
from findings.evidence import best_of_choice, by_prompt, share_won, within_prompts
from findings.pools import ENOUGH_CUT_OFF, read_pools
from findings.units import in_sft_units, sft_units
from findings.worlds import WORLDS, World
from pocket.divided import share_content, worst_tenth

SIZES = (2, 4, 8, 16)  # of best of n, where the pool has so many
UTILITIES = {
    "mean": lambda mean, deviation: mean,
    "content": share_content,
    "worst_tenth": worst_tenth,
}
DECIDABLE = 0.75  # share of raters who would choose the same of two responses


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", choices=tuple(WORLDS), required=True)
    parser.add_argument("--pools", nargs="+", required=True, help="parquet tables of the pool's signals, one a seed")
    parser.add_argument("--judged", required=True, help="parquet of the pool, with its text")
    parser.add_argument("--equivalence-margin", type=float, required=True, help="SFT standard deviations")
    parser.add_argument("--oracle-output", required=True, help="CSV: a row a utility, chooser, seed and n")
    parser.add_argument(
        "--learned-output", required=True, help="CSV: a row an arm, model or other rater, seed and measure"
    )
    return parser.parse_args(argv)


def true_ratings(world: World, pool: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the ratings that the truth counts, both (prompts, responses)."""
    known = [world.true_ratings(*texts) for texts in zip(pool["prompt"], pool["response"])]
    mean, deviation = (by_prompt(pool.assign(known=values), "known") for values in zip(*known))
    return mean, deviation


def win_probabilities(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """P(a rater prefers the first of two responses to a prompt), (prompts, first, second), of normal ratings."""
    difference = mean[:, :, None] - mean[:, None, :]
    return ndtr(difference / np.hypot(deviation[:, :, None], deviation[:, None, :]))


def gains(chooser: np.ndarray, utility: np.ndarray) -> list[dict]:
    """Utility of the best of n above the mean of all, in within-prompt standard deviations, a row a n."""
    deviation = np.sqrt(utility.var(axis=1, ddof=1).mean())
    sizes = [n for n in SIZES if n <= utility.shape[1]]
    chosen = [(best_of_choice(chooser, utility, n) - utility.mean(axis=1)).mean() for n in sizes]
    return [{"n": n, "gain": gain / deviation if deviation else 0.0} for n, gain in zip(sizes, chosen)]


def consult(world: World, mean: np.ndarray, deviation: np.ndarray, signals: list[tuple], margin: float) -> pd.DataFrame:
    """Gain of every chooser by every utility; `signals` are (arm, seed, values), values (prompts, responses).

    `truth` marks the utility that gold is. The verdict is that of the largest n: `rejected` unless the oracle of the
    spread gains more than `margin` beyond that of the mean.
    """
    wins = win_probabilities(mean, deviation).mean(axis=2)
    rows = []
    for name, utility in UTILITIES.items():
        worth = utility(mean, deviation)
        choosers = [("true_mean", None, mean), ("true_spread", None, worth), ("true_win", None, wins), *signals]
        found = [{"chooser": arm, "seed": seed} | row for arm, seed, values in choosers for row in gains(values, worth)]
        table = pd.DataFrame(found).assign(utility=name, truth=name == world.truth)
        by_mean = table[table["chooser"] == "true_mean"].set_index("n")["gain"]
        table["beyond_mean"] = table["gain"] - table["n"].map(by_mean)
        largest = table[table["n"] == table["n"].max()].set_index("chooser")["beyond_mean"]
        rows.append(table.assign(rejected=not largest["true_spread"] > margin))
    table = pd.concat(rows, ignore_index=True).astype({"seed": "Int64"})
    return table[["utility", "truth", "rejected", "chooser", "seed", "n", "gain", "beyond_mean"]]


def correlate(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's correlation of two flat arrays; nan where one of them does not vary."""
    return float(np.corrcoef(one, other)[0, 1]) if min(np.ptp(one), np.ptp(other)) > 1e-9 else float("nan")


def without(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """What a straight line in `known` leaves of `values`, both (responses,) and without prompts' means."""
    return values - known * (values @ known) / (known @ known)


def compare_spread(learned: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> dict[str, float]:
    """Correlations of a reward model's deviations with the true ones, all (prompts, responses).

    Over all responses, among those to a prompt, and among those of equal true mean: what prompts and means do not
    explain of it.
    """
    mean, *spreads = map(within_prompts, (mean, learned, deviation))
    return {
        "spread": correlate(learned.ravel(), deviation.ravel()),
        "spread_within": correlate(*spreads),
        "spread_beyond_mean": correlate(*(without(values, mean) for values in spreads)),
    }


def order_decidable(signal: np.ndarray, wins: np.ndarray) -> dict[str, float]:
    """Of decidable pairs of responses to a prompt, the share that `signal` orders as most raters do; a tie is half."""
    decidable = wins >= DECIDABLE  # the pairs, the raters' choice first
    difference = (signal[:, :, None] - signal[:, None, :])[decidable]
    right = share_won(difference) if decidable.any() else float("nan")
    return {"decidable_share": 2 * float(decidable.mean()) * wins.shape[1] / (wins.shape[1] - 1), "decidable": right}


def parts_of_rating(world: World, pool: pd.DataFrame) -> dict[str, np.ndarray]:
    """What a rating is made of, (prompts, responses) each: gold's content by attribute, its form, the raters' bias.

    And whether a response ended, where enough do not.
    """
    form = {name: weight for name, weight in world.rubric.WEIGHTS.items() if name not in CONTENT}
    parts = {name: by_prompt(pool, f"gold_{name}") for name in CONTENT}
    parts["form"] = sum(weight * by_prompt(pool, f"gold_{name}") for name, weight in form.items())
    parts["bias"] = by_prompt(pool, "rater_bias")
    if (~pool["finished"]).sum() >= ENOUGH_CUT_OFF:
        parts["end"] = by_prompt(pool, "finished").astype(float)
    return {name: values for name, values in parts.items() if np.ptp(within_prompts(values)) > 0}


def weigh(signal: np.ndarray, parts: dict[str, np.ndarray]) -> dict[str, float]:
    """How much each part counts in a signal, the others held, all (prompts, responses): a regression within prompts.

    A weight is what one standard deviation of the part adds, in standard deviations of the signal.
    """
    signal, *columns = (within_prompts(values) / within_prompts(values).std() for values in (signal, *parts.values()))
    found = np.linalg.lstsq(np.column_stack(columns), signal, rcond=None)[0]
    return {f"weight_{part}": float(weight) for part, weight in zip(parts, found)}


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    world = WORLDS[args.world]
    judged = pd.read_parquet(args.judged).query("decoding == 'sampled'").assign(arm="sft")
    judged = in_sft_units(judged, sft_units(judged))
    others = ["judges", "rater_bias", *(f"gold_{name}" for name in world.rubric.WEIGHTS)]
    judged = judged[["prompt_id", "sample", "prompt", "response", "finished", *others]]
    signals, learned = [], []
    for pool, names in read_pools(args.pools, judged):
        mean, deviation = true_ratings(world, pool)
        # What raters choose by, their bias included.
        seen = zip(*(world.ratings(*texts) for texts in zip(pool["prompt"], pool["response"])))
        seen_mean, seen_deviation = (np.reshape(values, mean.shape) for values in seen)
        wins = win_probabilities(seen_mean, seen_deviation)
        seed, parts = int(pool["seed"].iloc[0]), parts_of_rating(world, pool)
        measured = {"raters": weigh(seen_mean, parts), "judges": weigh(by_prompt(pool, "judges"), parts)}
        for name in names:
            values = by_prompt(pool, name)
            if "." not in name:
                signals.append((name, seed, values))
                measured[name] = order_decidable(values, wins) | weigh(values, parts)
            elif name.endswith(".deviation"):
                measured[name.removesuffix(".deviation")] = compare_spread(values, mean, deviation)
        learned += [
            {"name": name, "seed": seed, "measure": measure, "value": value}
            for name, found in measured.items()
            for measure, value in found.items()
        ]
    # The pool's responses are the same in every replicate.
    write_csv(args.oracle_output, consult(world, mean, deviation, signals, args.equivalence_margin))
    write_csv(args.learned_output, pd.DataFrame(learned))


if __name__ == "__main__":
    run(main)
