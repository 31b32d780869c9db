"""Looking things up in summary.json."""

import numpy as np

from findings.evidence import exact_sign_flip_p


def find_contrast(contrasts: list[dict], name: str, decoding: str = "sampled") -> dict[str, dict]:
    """The rows of a contrast by metric; empty if it was not declared."""
    return {row["metric"]: row for row in contrasts if row["name"] == name and row["decoding"] == decoding}


def find_arm(arms: list[dict], arm: str, decoding: str = "sampled") -> dict:
    """An arm's means on held-out prompts; `log_ratio` is its KL to SFT, nats a response."""
    return next(row for row in arms if row["arm"] == arm and row["decoding"] == decoding)


def find_row(rows: list[dict], **values) -> dict:
    """The row in which all columns have these values; empty if there is none."""
    return next((row for row in rows if all(row[name] == value for name, value in values.items())), {})


def level2_rows(summary: dict) -> list[dict]:
    """The tests of arms with a reward model over ratings against Level 1, on sampled responses."""
    arms = summary["settings"]["arms"]
    return [
        row
        for row in summary["contrasts"]
        if (row["against"], row["role"], row["decoding"]) == ("level1_scalar", "test", "sampled")
        and arms[row["arm"]]["signal"] not in ("reward", "centred", "bounded")
    ]


def family_size(summary: dict, row: dict) -> int:
    """How many tests Holm's correction counts with a contrast: those of its metric and decoding."""
    alike = [other for other in summary["contrasts"] if other["role"] == "test"]
    return sum((other["metric"], other["decoding"]) == (row["metric"], row["decoding"]) for other in alike)


def paired_by_seed(rows: list[dict], others: list[dict], column: str) -> dict:
    """Mean difference of a column between two kinds of models of the same seeds, and its exact p."""
    theirs = {row["seed"]: row[column] for row in others}
    differences = np.array([row[column] - theirs[row["seed"]] for row in rows if row["seed"] in theirs])
    return {"mean": float(differences.mean()), "p": exact_sign_flip_p(differences), "seeds": len(differences)}


def mean_of(rows: list[dict], column: str) -> float:
    return sum(row[column] for row in rows) / len(rows)
