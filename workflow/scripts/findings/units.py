"""The unit of all comparisons: SFT standard deviations, one for each judge, for their mean and for gold."""

import pandas as pd

from findings.evidence import pooled_within_deviation


def score_columns(table: pd.DataFrame) -> list[str]:
    """The columns that are put in SFT standard deviations: each judge's, and gold where there is one."""
    return [name for name in table if name.startswith("judge_") or name == "gold"]


def sft_units(evaluations: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Mean and pooled within-prompt standard deviation of each score, and of `judges`, over sampled SFT responses.

    The deviation is that by which the training rewards are standardised too, for other prompts.
    """
    sft = evaluations[(evaluations["arm"] == "sft") & (evaluations["decoding"] == "sampled")]
    units = {name: (sft[name].mean(), pooled_within_deviation(sft, name)) for name in score_columns(sft)}
    judges = [name for name in units if name.startswith("judge_")]
    if judges:
        # Judges agree in part, so that the mean of standardised ones spreads less than each.
        mean = standardise(sft, units)[judges].mean(axis=1)
        units["judges"] = (mean.mean(), pooled_within_deviation(sft.assign(judges=mean), "judges"))
    return units


def standardise(table: pd.DataFrame, units: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """The table with each judge's score and gold in SFT standard deviations from SFT's mean."""
    return table.assign(**{name: (table[name] - units[name][0]) / units[name][1] for name in score_columns(table)})


def in_sft_units(table: pd.DataFrame, units: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """The table with its scores in SFT standard deviations from SFT's mean, and `judges`, their mean in its own."""
    out = standardise(table, units)
    judges = [name for name in units if name.startswith("judge_")]
    if not judges or not set(judges) <= set(out):
        return out
    mean, deviation = units["judges"]
    return out.assign(judges=(out[judges].mean(axis=1) - mean) / deviation)
