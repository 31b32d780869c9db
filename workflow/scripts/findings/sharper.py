"""The SFT model at lower temperatures, by which one sees whether a policy is more than a sharper SFT."""

import pandas as pd
from scipy.interpolate import PchipInterpolator


def sft_at(temperature: float) -> str:
    """The name of the SFT model sampled at a temperature."""
    return f"sft_{temperature:g}"


def sft_temperatures(summary: dict) -> list[str]:
    """The names of the SFT model at the temperatures that an experiment samples it at, beside 1."""
    return [sft_at(temperature) for temperature in summary["settings"]["evaluation"]["sft_temperatures"]]


def best_sharper(
    arms: pd.DataFrame, metric: str, temperatures: list[float]
) -> tuple[tuple[str, str], pd.Series] | None:
    """SFT at the lower temperature, or decoded greedily, that a metric likes best on average, and its values by seed.

    The place is (arm, decoding); None where neither was sampled.
    """
    places = [("sft", "greedy"), *((sft_at(temperature), "sampled") for temperature in temperatures)]
    by_place = arms.pivot(index=["arm", "decoding"], columns="seed", values=metric)
    sharper = by_place.loc[[place for place in places if place in by_place.index]]
    if sharper.empty:
        return None
    place = sharper.mean(axis="columns").idxmax()
    return place, sharper.loc[place].dropna()


def sft_curve(arms: pd.DataFrame, seed: int, temperatures: list[float]) -> pd.DataFrame:
    """One replicate's SFT model from greedy (temperature 0) to temperature 1, in order of entropy."""
    of_seed = arms[arms["seed"] == seed].set_index(["arm", "decoding"])
    places = {0.0: ("sft", "greedy"), 1.0: ("sft", "sampled")} | {t: (sft_at(t), "sampled") for t in temperatures}
    points = [of_seed.loc[place].to_dict() | {"temperature": temperature} for temperature, place in places.items()]
    return pd.DataFrame(points).sort_values("entropy").drop_duplicates("entropy")


def sft_at_entropy(arms: pd.DataFrame, row: pd.Series, temperatures: list[float], names: list[str]) -> list[float]:
    """Columns of SFT's row of the same replicate at the temperature that has an arm's entropy.

    Between temperatures SFT is interpolated, monotone between neighbours (Fritsch and Carlson 1980). Beyond them the
    curve goes on straight: were it to end at temperature 1, of SFT's own replicates those with less entropy would be
    held against a better SFT, and the others against none that is worse.
    """
    curve = sft_curve(arms, row["seed"], temperatures)
    least, most = curve["entropy"].iloc[[0, -1]]
    nearest = min(max(row["entropy"], least), most)
    found = []
    for name in names:
        line = PchipInterpolator(curve["entropy"], curve[name])
        found.append(float(line(nearest) + (row["entropy"] - nearest) * line(nearest, nu=1)))
    return found
