"""Put SFT's and every arm's responses to the same prompts side by side: a web page to read, and some for the report.

Neither prompts nor responses are chosen: they are the first of the validation fold.
"""

import argparse
import html
import json

import pandas as pd

from align.errors import InputError, run
from align.files import write_json, write_text
from findings.places import PLACE, first_responses
from findings.units import in_sft_units, sft_units

MARK = "/*DATA*/"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--template", required=True, help="HTML of the page, with a mark where the data go")
    parser.add_argument("--evaluations", nargs="+", required=True, help="parquet of scored responses, one a seed")
    parser.add_argument("--arms", nargs="+", required=True, help="whose responses are shown, in that order")
    parser.add_argument("--ratings", help="parquet of these responses' distributions over ratings; default: none")
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--prompts", type=int, required=True, help="prompts on the page, the first ones")
    parser.add_argument("--examples", type=int, required=True, help="prompts in the report, the first ones")
    parser.add_argument("--page-output", required=True, help="HTML")
    parser.add_argument("--examples-output", required=True, help="JSON")
    return parser.parse_args(argv)


def read_responses(args: argparse.Namespace) -> pd.DataFrame:
    """The greedy and the first sampled response of each arm to the first prompts, with scores in SFT s.d."""
    evaluations = pd.concat(map(pd.read_parquet, args.evaluations), ignore_index=True)
    table = in_sft_units(evaluations, sft_units(evaluations))
    table = first_responses(table[table["seed"] == args.seed], args.prompts)
    table = pd.concat(table[table["arm"] == arm] for arm in args.arms)
    if table.empty:
        raise InputError("no responses to show: studies.samples.prompts must be at least 1")
    return table.reset_index(drop=True)


def describe_response(row: pd.Series) -> dict:
    """What the page shows of a response."""
    shown = {"arm": row["arm"], "decoding": row["decoding"], "text": row["response"], "tokens": int(row["tokens"])}
    shown |= {"finished": bool(row["finished"])}
    for name in ("judges", "proxy", "gold", "mean_rating"):
        if name in row and pd.notna(row[name]):
            shown[name] = round(float(row[name]), 3)
    if "ratings" in row:
        shown["ratings"] = [round(p, 3) for p in row["ratings"]]
    return shown


def group_by_prompt(table: pd.DataFrame) -> list[dict]:
    groups = table.groupby("prompt_id", sort=False)
    return [
        {"prompt": rows["prompt"].iloc[0], "responses": [describe_response(row) for _, row in rows.iterrows()]}
        for _, rows in groups
    ]


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    table = read_responses(args)
    if args.ratings:
        table = table.merge(pd.read_parquet(args.ratings), on=["arm", *PLACE], how="left", validate="one_to_one")
        table["mean_rating"] = [sum((i + 1) * p for i, p in enumerate(row)) for row in table["ratings"]]
    prompts = group_by_prompt(table)
    with open(args.template, encoding="utf-8") as file:
        page = file.read()
    data = {"experiment": args.experiment, "seed": args.seed, "arms": list(table["arm"].unique()), "prompts": prompts}
    # Within a script element only "</" could end it.
    data = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    write_text(args.page_output, page.replace("{{title}}", html.escape(args.experiment)).replace(MARK, data))
    write_json(args.examples_output, prompts[: args.examples])


if __name__ == "__main__":
    run(main)
