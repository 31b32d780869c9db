"""The SFT model at lower temperatures, by which one sees whether a policy is more than a sharper SFT."""

import numpy as np
import pandas as pd


def sft_at(temperature: float) -> str:
    """The name of the SFT model sampled at a temperature."""
    return f"sft_{temperature:g}"


def sft_temperatures(summary: dict) -> list[str]:
    """The names of the SFT model at the temperatures that an experiment samples it at, beside 1."""
    return [sft_at(temperature) for temperature in summary["settings"]["evaluation"]["sft_temperatures"]]


def sft_curve(arms: pd.DataFrame, seed: int, temperatures: list[float]) -> pd.DataFrame:
    """One replicate's SFT model from greedy (temperature 0) to temperature 1, in order of entropy."""
    of_seed = arms[arms["seed"] == seed].set_index(["arm", "decoding"])
    places = {0.0: ("sft", "greedy"), 1.0: ("sft", "sampled")} | {t: (sft_at(t), "sampled") for t in temperatures}
    points = [of_seed.loc[place].to_dict() | {"temperature": temperature} for temperature, place in places.items()]
    return pd.DataFrame(points).sort_values("entropy")


def sft_at_entropy(arms: pd.DataFrame, row: pd.Series, temperatures: list[float], names: list[str]) -> list[float]:
    """Columns of SFT's row of the same replicate at the temperature that has an arm's entropy.

    Between two temperatures SFT is interpolated. An arm of more entropy than SFT is held against SFT at temperature 1.
    """
    curve = sft_curve(arms, row["seed"], temperatures)
    return [float(np.interp(row["entropy"], curve["entropy"], curve[name])) for name in names]
