"""The unit of all comparisons: SFT standard deviations, one for each judge, for their mean and for gold."""

import re

import pandas as pd

from findings.evidence import pooled_within_deviation

# A judge's column is {kind}_{seed}; no other column of an evaluation ends so.
JUDGE_COLUMN = re.compile(r"(?P<kind>\w+)_\d+")
PRIMARY_KIND = "judge"  # the kind of judge whose mean is the metric `judges`


def judge_columns(table: pd.DataFrame) -> dict[str, list[str]]:
    """The judges' columns by the metric that is their mean: `judges`, and for judges of another make their kind."""
    found: dict[str, list[str]] = {}
    for name in table:
        if match := JUDGE_COLUMN.fullmatch(name):
            found.setdefault("judges" if match["kind"] == PRIMARY_KIND else match["kind"], []).append(name)
    return found


def other_makes(table: pd.DataFrame) -> list[str]:
    """The metrics of judges of another make."""
    return [metric for metric in judge_columns(table) if metric != "judges"]


def score_columns(table: pd.DataFrame) -> list[str]:
    """The columns that are put in SFT standard deviations: each judge's, and gold where there is one."""
    judges = {name for names in judge_columns(table).values() for name in names}
    return [name for name in table if name in judges or name == "gold"]


def sft_units(evaluations: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Mean and pooled within-prompt deviation over sampled SFT responses of each score and each kind of judges' mean.

    The deviation is that by which the training rewards are standardised too, for other prompts.
    """
    sft = evaluations[(evaluations["arm"] == "sft") & (evaluations["decoding"] == "sampled")]
    units = {name: (sft[name].mean(), pooled_within_deviation(sft, name)) for name in score_columns(sft)}
    scored = standardise(sft, units)
    for metric, names in judge_columns(sft).items():
        # Judges agree in part, so that the mean of standardised ones spreads less than each.
        mean = scored[names].mean(axis=1)
        units[metric] = (mean.mean(), pooled_within_deviation(sft.assign(**{metric: mean}), metric))
    return units


def standardise(table: pd.DataFrame, units: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """The table with each judge's score and gold in SFT standard deviations from SFT's mean."""
    return table.assign(**{name: (table[name] - units[name][0]) / units[name][1] for name in score_columns(table)})


def in_sft_units(table: pd.DataFrame, units: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """The table with its scores in SFT standard deviations, and each kind of judges' mean, in its own."""
    out = standardise(table, units)
    for metric, names in judge_columns(table).items():
        mean, deviation = units[metric]
        out[metric] = (out[names].mean(axis=1) - mean) / deviation
    return out
