"""Where a response stands among those of its arm and replicate, and which of them are shown."""

import pandas as pd

PLACE = ["prompt_id", "decoding", "sample"]


def first_responses(table: pd.DataFrame, prompts: int) -> pd.DataFrame:
    """Of a replicate's responses the greedy and the first sampled one to each of the first prompts."""
    shown = table["prompt_id"].drop_duplicates().head(prompts)
    return table[(table["sample"] == 0) & table["prompt_id"].isin(shown)].reset_index(drop=True)
