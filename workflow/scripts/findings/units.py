"""The unit of all comparisons: SFT standard deviations, one for each judge and for gold."""

import pandas as pd

from findings.evidence import pooled_within_deviation


def score_columns(table: pd.DataFrame) -> list[str]:
    """The columns that are put in SFT standard deviations: each judge's, and gold where there is one."""
    return [name for name in table if name.startswith("judge_") or name == "gold"]


def sft_units(evaluations: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Mean and pooled within-prompt standard deviation of each score over sampled SFT responses.

    The deviation is that by which the training rewards are standardised too, for other prompts.
    """
    sft = evaluations[(evaluations["arm"] == "sft") & (evaluations["decoding"] == "sampled")]
    return {name: (sft[name].mean(), pooled_within_deviation(sft, name)) for name in score_columns(sft)}


def in_sft_units(table: pd.DataFrame, units: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """The table with its scores in SFT standard deviations from SFT's mean, and `judges`, the mean of the judges."""
    out = table.copy()
    for name in score_columns(table):
        mean, deviation = units[name]
        out[name] = (table[name] - mean) / deviation
    judges = [name for name in units if name.startswith("judge_")]
    return out.assign(judges=out[judges].mean(axis=1)) if set(judges) <= set(out) else out
