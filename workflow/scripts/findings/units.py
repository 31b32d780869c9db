"""The unit of all comparisons: SFT standard deviations, one for each judge and for gold."""

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
    """Mean and pooled within-prompt standard deviation of each score over sampled SFT responses.

    The deviation is that by which the training rewards are standardised too, for other prompts.
    """
    sft = evaluations[(evaluations["arm"] == "sft") & (evaluations["decoding"] == "sampled")]
    return {name: (sft[name].mean(), pooled_within_deviation(sft, name)) for name in score_columns(sft)}


def in_sft_units(table: pd.DataFrame, units: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """The table with its scores in SFT standard deviations from SFT's mean, and the mean of each kind of judge."""
    out = table.copy()
    for name in score_columns(table):
        mean, deviation = units[name]
        out[name] = (table[name] - mean) / deviation
    return out.assign(**{metric: out[names].mean(axis=1) for metric, names in judge_columns(table).items()})
