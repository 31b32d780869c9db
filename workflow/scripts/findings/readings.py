"""How a judge reads a response that was cut off: as it is, or with an end mark behind it."""

WITH_END = "_with_end"  # in the kind of a judge that reads an end mark


def with_end_name(judge: str) -> str:
    """The column of a judge's scores of responses that all have an end: of `gemma_201` it is `gemma_with_end_201`."""
    kind, _, seed = judge.rpartition("_")
    return f"{kind}{WITH_END}_{seed}"
