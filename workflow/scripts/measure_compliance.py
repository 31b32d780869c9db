"""What share of responses does what was asked, by constraint: of every arm, and of the best of n SFT responses.

Beside it how often a constraint is kept by responses that were not asked to, how often the topic is named, the truth's
rating, and what raters add to it for nothing that was asked, in rating points of 0 to 4.
"""

import argparse

import pandas as pd

from align.errors import run
from align.files import write_csv
from findings.evidence import best_of_choice
from findings.pools import read_pools
from instructions.constraints import CONSTRAINTS, HELD_OUT
from instructions.prompts import parse_prompt
from instructions.raters import length_points, praise_points
from instructions.rubric import HIGHEST, LOWEST, complies, gold_rating, own_words, share_about

# complies: keeps the constraint, names the topic, says something. raters: what they would say without noise, cut to the
# scale; praise and length: what they add for these before the cut.
MEASURES = ["complies", "keeps", "names_topic", "gold", "raters", "praise", "length"]
KEPT = {name: f"kept_{name}" for name in CONSTRAINTS}  # whoever asked for it
ENDED = "sampled, ended"  # those of SFT's sampled responses that ended by themselves: what an end alone would bring
SIZES = (4, 16)  # of best of n, where the pool has so many
ENTAILED_BY = {"twenty_words": ("one_sentence",)}  # whoever keeps that keeps this


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--evaluations", nargs="+", required=True, help="parquet tables of scored responses, one a seed"
    )
    parser.add_argument("--judged", required=True, help="parquet of the pool, with its text and gold")
    parser.add_argument("--pools", nargs="+", required=True, help="parquet tables of the pool's signals, one a seed")
    parser.add_argument("--arms", nargs="+", required=True, help="whose signals choose among the pool")
    parser.add_argument("--output", required=True, help="CSV: a row an arm, decoding, seed and constraint")
    return parser.parse_args(argv)


def check_response(prompt: str, response: str) -> dict[str, float | str]:
    """A response's measures, and which constraints it keeps."""
    task, gold = parse_prompt(prompt), gold_rating(prompt, response)
    praise, length = praise_points(response), length_points(response)
    kept = {name: float(constraint.share(response) == 1) for name, constraint in CONSTRAINTS.items()}
    return {
        "constraint": task.constraint,
        "complies": float(complies(prompt, response)),
        "keeps": kept[task.constraint],
        "names_topic": float(share_about(task.topic, own_words(prompt, response)) > 0),
        "gold": gold,
        "raters": min(HIGHEST, max(LOWEST, gold + praise + length)),
        "praise": praise,
        "length": length,
    } | {KEPT[name]: value for name, value in kept.items()}


def check(responses: pd.DataFrame) -> pd.DataFrame:
    """The table with what was found of each response."""
    found = [check_response(*pair) for pair in zip(responses["prompt"], responses["response"])]
    return responses.drop(columns="gold", errors="ignore").join(pd.DataFrame(found, index=responses.index))


def by_constraint(prompts: pd.DataFrame) -> pd.DataFrame:
    """Means over prompts, a row a constraint, from a row a prompt; `keeps_unasked` is of prompts with others."""
    rows = []
    for constraint, asked in prompts.groupby("constraint", sort=False):
        others = prompts[~prompts["constraint"].isin([constraint, *ENTAILED_BY.get(constraint, ())])]
        row = {"constraint": constraint, "prompts": len(asked), "responses": int(asked["responses"].sum())}
        rows.append(row | asked[MEASURES].mean().to_dict() | {"keeps_unasked": others[KEPT[constraint]].mean()})
    return pd.DataFrame(rows)


def average(evaluations: pd.DataFrame) -> list[pd.DataFrame]:
    """A table an arm, decoding and seed; each prompt counts the same, however many responses it has."""
    sft = evaluations[(evaluations["arm"] == "sft") & (evaluations["decoding"] == "sampled")]
    ended = sft[sft["finished"].astype(bool)].assign(decoding=ENDED)
    tables, place = [], ["arm", "decoding", "seed"]
    for (arm, decoding, seed), responses in pd.concat([evaluations, ended]).groupby(place, sort=False):
        groups = responses.groupby(["prompt", "constraint"], sort=False)
        prompts = groups[[*MEASURES, *KEPT.values()]].mean().assign(responses=groups.size()).reset_index()
        tables.append(by_constraint(prompts).assign(arm=arm, decoding=decoding, seed=seed))
    return tables


def choose(pool: pd.DataFrame, chooser: str) -> list[pd.DataFrame]:
    """Best of n by a column of the pool, in order of prompt and sample: a table a size, a row a constraint."""
    prompts, measured = pool.drop_duplicates("prompt_id")[["constraint"]].reset_index(drop=True), {}
    values = pool[chooser].to_numpy().reshape(len(prompts), -1)
    for name in (*MEASURES, *KEPT.values()):
        measured[name] = pool[f"truth_{name}"].to_numpy().reshape(len(prompts), -1)
    tables = []
    for n in (n for n in SIZES if n <= values.shape[1]):
        chosen = {name: best_of_choice(values, kept, n) for name, kept in measured.items()}
        tables.append(by_constraint(prompts.assign(responses=1, **chosen)).assign(decoding=f"best of {n}"))
    return tables


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    tables = average(check(pd.concat(map(pd.read_parquet, args.evaluations), ignore_index=True)))
    judged = check(pd.read_parquet(args.judged).query("decoding == 'sampled'"))
    names = {name: f"truth_{name}" for name in (*MEASURES, *KEPT.values())}  # an arm may have such a name
    judged = judged[["prompt_id", "sample", "constraint", *names]].rename(columns=names)
    for pool, signals in read_pools(args.pools, judged):
        pool["gold"] = pool["truth_gold"]
        for chooser in ("gold", *(arm for arm in args.arms if arm in signals)):
            tables += [table.assign(arm=chooser, seed=pool["seed"].iloc[0]) for table in choose(pool, chooser)]
    table = pd.concat(tables, ignore_index=True)
    columns = ["arm", "decoding", "seed", "constraint", "prompts", "responses", *MEASURES, "keeps_unasked"]
    write_csv(args.output, table[columns].assign(held_out=table["constraint"].isin(HELD_OUT)))


if __name__ == "__main__":
    run(main)
