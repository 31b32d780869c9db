"""Measure every arm's responses: each judge by itself, win rates, length, repetition, diversity and fluency.

Fluency, win rates and diversity are the measures of Ahmadian et al. 2024, section 4.2.
"""

import argparse
from collections.abc import Iterable

import numpy as np
import pandas as pd

from align.errors import InputError, run
from align.files import write_csv
from align.tables import token_lists
from findings.evidence import adjusted_for, pooled_within_deviation, share_won
from findings.places import PLACE
from findings.units import in_sft_units, other_makes, score_columns, sft_units

QUANTILES = np.linspace(0, 1, 51)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", nargs="+", required=True, help="parquet tables of scored responses")
    parser.add_argument("--preferred", nargs="+", required=True, help="CSV of the preferred responses' likelihoods")
    parser.add_argument("--judge-scores", nargs="+", required=True, help="parquet of the judges' validation pairs")
    parser.add_argument("--responses-output", required=True, help="CSV: a row an arm, seed and decoding")
    parser.add_argument("--distributions-output", required=True, help="CSV: quantiles of lengths and differences")
    return parser.parse_args(argv)


def ngrams(ids: list[int], n: int) -> list[tuple[int, ...]]:
    return list(zip(*(ids[start:] for start in range(n))))


def distinct(responses: Iterable[list[int]], n: int) -> float:
    """Different n-grams as a share of all, over the responses together (Li et al. 2016, arXiv 1510.03055)."""
    seen = [gram for ids in responses for gram in ngrams(ids, n)]
    return len(set(seen)) / len(seen) if seen else float("nan")


def repetition(responses: Iterable[list[int]]) -> float:
    """Share of a response's bigrams that it has already said, mean over responses; one without bigrams repeats none."""
    grams = [ngrams(ids, 2) for ids in responses]
    return float(np.mean([1 - len(set(each)) / len(each) if each else 0.0 for each in grams]))


def preferred_scores(paths: list[str]) -> dict[str, pd.Series]:
    """Each judge's reward of the preferred response in a prompt's first pair, by prompt."""
    scores = {}
    for path in paths:
        table = pd.read_parquet(path).drop_duplicates("prompt_id").set_index("prompt_id")
        scores[f"{table['kind'].iloc[0]}_{table['seed'].iloc[0]}"] = table["chosen_outputs"].map(
            lambda outputs: outputs[0]
        )
    return scores


def beside_sft(table: pd.DataFrame, sft: pd.DataFrame) -> pd.DataFrame:
    """SFT's responses in the same places as those of `table`, row by row."""
    found = table[PLACE].merge(sft, on=PLACE, how="left", validate="one_to_one")
    if found["tokens"].isna().any():
        raise InputError(f"SFT was not evaluated in all places of {table['arm'].iloc[0]}")
    return found


def describe(table: pd.DataFrame, raw: pd.DataFrame, sft: pd.DataFrame, sft_raw: pd.DataFrame, preferred) -> dict:
    """Measures of one arm's responses by one seed and decoding; scores are differences from SFT, in SFT s.d."""
    judges = list(preferred)
    difference = (table["judges"] - sft["judges"]).to_numpy()
    one_each = token_lists(table.loc[table["sample"] == 0, "response_ids"])
    names = [*score_columns(table), *other_makes(table)]
    row = {name: float((table[name] - sft[name]).mean()) for name in names}
    if "proxy" in table and table["proxy"].notna().all():
        row["proxy"] = float((table["proxy"] - table["proxy_sft"]).mean())
        # Near 1 on responses that the scale was not fitted on; if not, the arm's real beta is not its config's.
        if table["sample"].nunique() > 1:
            row["proxy_sft_deviation"] = pooled_within_deviation(table, "proxy_sft")
    chosen = {name: raw["prompt_id"].map(preferred[name]) for name in judges}
    return row | {
        "win_sft": float(np.mean([share_won((raw[name] - sft_raw[name]).to_numpy().round(5)) for name in judges])),
        "win_preferred": float(np.mean([share_won((raw[name] - chosen[name]).dropna().to_numpy()) for name in judges])),
        "judges": float(difference.mean()),
        "entropy": float(table["entropy"].mean()),
        "judges_at_equal_length": adjusted_for((table["tokens"] - sft["tokens"]).to_numpy(), difference),
        "judges_tenth_percentile": float(np.quantile(table["judges"], 0.1)),
        "judges_deviation": float(table["judges"].std()),
        "tokens": float(table["tokens"].mean()),
        "finished": float(table["finished"].mean()),
        "distinct_1": distinct(one_each, 1),
        "distinct_2": distinct(one_each, 2),
        "repetition": repetition(token_lists(table["response_ids"])),
    }


def quantiles(table: pd.DataFrame, sft: pd.DataFrame) -> pd.DataFrame:
    """Quantiles of responses' lengths, and over prompts of their mean difference from SFT by judges and gold."""
    out = pd.DataFrame({"share": QUANTILES, "tokens": np.quantile(table["tokens"], QUANTILES)})
    for name in ("judges", "gold"):
        if name in table:
            by_prompt = (table[name] - sft[name]).groupby(table["prompt_id"]).mean()
            out[name] = np.quantile(by_prompt, QUANTILES)
    return out


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    raw = pd.concat(map(pd.read_parquet, args.evaluations), ignore_index=True)
    likelihood = pd.concat(map(pd.read_csv, args.preferred)).groupby(["arm", "seed"])[["logp", "tokens"]].sum()
    fluency = np.exp(-likelihood["logp"] / likelihood["tokens"])
    table, preferred = in_sft_units(raw, sft_units(raw)), preferred_scores(args.judge_scores)
    rows, distributions = [], []
    for (arm, seed, decoding), part in table.groupby(["arm", "seed", "decoding"], sort=False):
        of_seed = table[(table["arm"] == "sft") & (table["seed"] == seed)]
        part, part_raw = part.reset_index(drop=True), raw.loc[part.index].reset_index(drop=True)
        sft, sft_raw = beside_sft(part, of_seed), beside_sft(part, raw.loc[of_seed.index])
        key = {"arm": arm, "seed": seed, "decoding": decoding}
        measures = describe(part, part_raw, sft, sft_raw, preferred)
        rows.append(key | measures | {"perplexity_of_preferred": fluency[arm, seed]})
        distributions.append(quantiles(part, sft).assign(**key))
    for path, frame in (
        (args.responses_output, pd.DataFrame(rows)),
        (args.distributions_output, pd.concat(distributions)),
    ):
        write_csv(path, frame)


if __name__ == "__main__":
    run(main)
