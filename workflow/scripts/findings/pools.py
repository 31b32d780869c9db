"""The pool of SFT responses, as reward models and others rate them."""

from collections.abc import Iterator

import pandas as pd


def read_pools(paths: list[str], judged: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, list[str]]]:
    """Each replicate's signals beside `judged`, a row a response, in order of prompt and sample; and signals' names."""
    keys = ["prompt_id", "sample"]
    for path in paths:
        signals = pd.read_parquet(path)
        pool = signals.merge(judged, on=keys, validate="one_to_one").sort_values(keys)
        yield pool, list(signals.columns.drop([*keys, "seed"]))
