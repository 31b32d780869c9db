"""Compare arms on held-out prompts: seed by seed, with exact tests, intervals and a noise floor."""

import argparse

import numpy as np
import pandas as pd

from align.errors import InputError, run
from align.files import write_csv
from findings.contrasts import parse_contrast
from findings.evidence import (
    detectable_effect,
    equivalence_p,
    exact_sign_flip_p,
    holm,
    holm_level,
    mean_interval,
)
from findings.units import in_sft_units, other_makes, score_columns, sft_units

DECODINGS = ("sampled", "greedy")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", nargs="+", required=True, help="parquet tables of scored responses")
    parser.add_argument("--contrasts", nargs="+", type=parse_contrast, required=True, help="name:arm:against:role")
    parser.add_argument("--confidence", type=float, required=True, help="of intervals; 1 - it is the tests' level")
    parser.add_argument("--power", type=float, required=True, help="of the smallest effect that could be detected")
    parser.add_argument("--equivalence-margin", type=float, required=True, help="SFT standard deviations")
    parser.add_argument("--contrasts-output", required=True, help="CSV: a row a contrast, metric and decoding")
    parser.add_argument("--differences-output", required=True, help="CSV: a row a contrast, metric, decoding and seed")
    parser.add_argument("--arms-output", required=True, help="CSV: a row an arm, seed and decoding, means")
    return parser.parse_args(argv)


def standardise(table: pd.DataFrame) -> pd.DataFrame:
    """The table in SFT standard deviations, and each score as it was, as `{score}_raw`."""
    raw = {f"{name}_raw": table[name] for name in score_columns(table)}
    return in_sft_units(table, sft_units(table)).assign(**raw)


def paired_differences(table: pd.DataFrame, arm: str, against: str, metric: str, decoding: str) -> pd.DataFrame | None:
    """Arm less the other, seeds in rows and prompts in columns, means over samples; None where not measured."""
    rows = table[table["decoding"] == decoding]
    one = rows[rows["arm"] == arm]
    if metric == "proxy":
        # In some replicates no reward model may have read the responses.
        one = one[one["proxy"].notna()] if "proxy" in one else one.iloc[:0]
        if against != "sft" or one.empty:
            return None
        # An arm's own reward model has also scored SFT's responses in the same places.
        return (one["proxy"] - one["proxy_sft"]).groupby([one["seed"], one["prompt_id"]]).mean().unstack()
    if metric not in rows:
        return None
    other = rows[rows["arm"] == against]
    ours, theirs = (part.groupby(["seed", "prompt_id"])[metric].mean().unstack() for part in (one, other))
    missing = set(ours.index) - set(theirs.index)
    if missing:
        raise InputError(f"{against} was not evaluated for the seeds {sorted(missing)} of {arm}")
    # The same text scored in another batch differs in the last digits of fp32: that is no difference.
    return (ours - theirs.loc[ours.index]).round(5)


def compare(differences: pd.DataFrame, args: argparse.Namespace) -> dict:
    """Estimate, interval, exact p and standardised effect of paired differences, (seeds, prompts)."""
    by_seed = differences.mean(axis=1).to_numpy()
    low, high = mean_interval(differences.to_numpy(), args.confidence)
    spread = by_seed.std(ddof=1) if len(by_seed) > 1 else np.nan
    return {
        "seeds": len(by_seed),
        "prompts": differences.shape[1],
        "estimate": by_seed.mean(),
        "ci_low": low,
        "ci_high": high,
        "p_exact": exact_sign_flip_p(by_seed),
        "spread": spread,
        "effect_size": by_seed.mean() / spread if spread > 0 else np.nan,
        "equivalence_p": equivalence_p(differences.to_numpy(), args.equivalence_margin),
    }


def verdict(p: float, estimate: float, equivalence: float, alpha: float) -> str:
    """What the tests show: "rose" or "fell"; else "equivalent", within the margin; else "inconclusive"."""
    if p < alpha:
        return "rose" if estimate > 0 else "fell"
    return "equivalent" if equivalence < alpha else "inconclusive"


def adjust(contrasts: pd.DataFrame, alpha: float, power: float) -> pd.DataFrame:
    """Add Holm's p over the tests of each metric and decoding, the smallest effect found with `power`, and verdicts.

    Controls are not in the family. Power is that of the test after Holm's correction, given the p values that the
    family's other tests had.
    """
    out, levels = contrasts.assign(p_holm=contrasts["p_exact"]), pd.Series(alpha, index=contrasts.index)
    for _, family in contrasts[contrasts["role"] == "test"].groupby(["metric", "decoding"]):
        p = family["p_exact"]
        out.loc[family.index, "p_holm"] = holm(p.tolist())
        levels[family.index] = [holm_level(p.drop(index).tolist(), alpha) for index in family.index]
    effects = [detectable_effect(seeds, level, power) for seeds, level in zip(out["seeds"], levels)]
    out["minimum_detectable"] = effects * out["spread"]
    columns = ("p_holm", "estimate", "equivalence_p")
    out["verdict"] = [verdict(*values, alpha) for values in zip(*(out[name] for name in columns))]
    return out


def describe_arms(table: pd.DataFrame) -> pd.DataFrame:
    """Means over responses for each arm, seed and decoding."""
    known = ("judges", "log_ratio", "entropy", "tokens", "finished", "rater_bias", *other_makes(table))
    names = [name for name in table if name in known or name.startswith(("gold", "proxy"))]
    return table.groupby(["arm", "seed", "decoding"], sort=False)[names].mean().reset_index()


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    table = standardise(pd.concat(map(pd.read_parquet, args.evaluations), ignore_index=True))
    rows, differences = [], []
    for contrast in args.contrasts:
        for metric in ("judges", "proxy", "gold", *other_makes(table)):
            for decoding in DECODINGS:
                matrix = paired_differences(table, contrast.arm, contrast.against, metric, decoding)
                if matrix is None:
                    continue
                key = contrast._asdict() | {"metric": metric, "decoding": decoding}
                rows.append(key | compare(matrix, args))
                differences += [key | {"seed": s, "difference": d} for s, d in matrix.mean(axis=1).items()]
    for path, frame in (
        (args.contrasts_output, adjust(pd.DataFrame(rows), 1 - args.confidence, args.power)),
        (args.differences_output, pd.DataFrame(differences)),
        (args.arms_output, describe_arms(table)),
    ):
        write_csv(path, frame)


if __name__ == "__main__":
    run(main)
