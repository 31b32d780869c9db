"""What goes with a difference over seeds: are responses longer where gold fell? Exploratory, not a test."""

import argparse

import pandas as pd

from align.errors import run
from align.files import write_csv
from findings.evidence import FEWEST_SEEDS, adjusted_for, exact_correlation

OWN = "proxy"  # each arm's own reward model: of two arms these are two metrics
BESIDE = ("tokens", "finished", "rater_bias", "judges")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--differences", required=True, help="CSV: a row a contrast, metric, decoding and seed")
    parser.add_argument("--arms", required=True, help="CSV: a row an arm, seed and decoding, means over responses")
    parser.add_argument("--output", required=True, help="CSV: a row a contrast, metric and what stands beside it")
    return parser.parse_args(argv)


def relate(differences: pd.DataFrame, arms: pd.DataFrame) -> list[dict]:
    """Correlations over seeds of each contrast's difference with another difference of the same responses.

    And what is left of the difference where the other one is none, by a straight line. Sampled responses alone. `arms`
    has a column for each of BESIDE that is known.
    """
    sampled, means = (table[table["decoding"] == "sampled"] for table in (differences, arms))
    rows = []
    for (name, arm, against, metric), part in sampled.groupby(["name", "arm", "against", "metric"], sort=False):
        if metric == OWN or len(part) < FEWEST_SEEDS:
            continue
        one, other = (means[means["arm"] == side].set_index("seed").loc[part["seed"]] for side in (arm, against))
        for beside in (column for column in BESIDE if column in arms and column != metric):
            moved = (one[beside] - other[beside]).to_numpy()
            correlation, p = exact_correlation(part["difference"].to_numpy(), moved)
            key = {"name": name, "arm": arm, "against": against, "metric": metric, "beside": beside}
            where_none = adjusted_for(moved, part["difference"].to_numpy())
            rows.append(key | {"seeds": len(part), "correlation": correlation, "p_exact": p, "where_none": where_none})
    return rows


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    rows = relate(pd.read_csv(args.differences), pd.read_csv(args.arms))
    columns = ["name", "arm", "against", "metric", "beside", "seeds", "correlation", "p_exact", "where_none"]
    write_csv(args.output, pd.DataFrame(rows, columns=columns))


if __name__ == "__main__":
    run(main)
