"""Load preference pairs from the hub, a folder or a file into JSON lines with HelpSteer2_binarized's columns."""

import argparse

from align.errors import run
from align.files import write_jsonl
from align.loading import load_preferences


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="hub id, folder or file (.jsonl, .json, .parquet)")
    parser.add_argument("--split", help="split of the data set; a single file has none")
    parser.add_argument("--revision", help="revision on the hub")
    parser.add_argument("--output", required=True)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    write_jsonl(args.output, load_preferences(args.source, args.split, args.revision))


if __name__ == "__main__":
    run(main)
