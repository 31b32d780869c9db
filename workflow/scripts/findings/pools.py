"""The pool of SFT responses, as reward models and others rate them."""

from collections.abc import Iterator

import pandas as pd

from findings.evidence import by_prompt, pooled_within_deviation, within_prompts

ENOUGH_CUT_OFF = 10  # responses, without which nothing is said of them


def read_pools(paths: list[str], judged: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, list[str]]]:
    """Each replicate's signals beside `judged`, a row a response, in order of prompt and sample; and signals' names."""
    keys = ["prompt_id", "sample"]
    for path in paths:
        signals = pd.read_parquet(path)
        pool = signals.merge(judged, on=keys, validate="one_to_one").sort_values(keys)
        yield pool, list(signals.columns.drop([*keys, "seed"]))


def worth_of_the_end(pool: pd.DataFrame, scorers: list[str]) -> dict[str, float]:
    """What scorers give a response that is cut off beyond a finished one to the same prompt, SFT standard deviations.

    A regression within prompts; empty where hardly any response is cut off, or all to a prompt are alike.
    """
    cut = 1.0 - by_prompt(pool, "finished")
    within = within_prompts(cut)
    if cut.sum() < ENOUGH_CUT_OFF or not within.any():
        return {}
    worth = {name: within_prompts(by_prompt(pool, name)) @ within / (within @ within) for name in scorers}
    return {name: value / pooled_within_deviation(pool, name) for name, value in worth.items()}
