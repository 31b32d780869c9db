"""Load the SFT model from the hub or a folder, complete its pad token and chat template, and save it."""

import argparse

from align.errors import run
from align.files import atomic_path
from align.loading import load_sft


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="hub id or folder")
    parser.add_argument("--revision", help="revision on the hub")
    parser.add_argument("--pad-token", help="a token other than EOS; default: the tokenizer's own, or a new one")
    parser.add_argument("--output", required=True)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    model, tokenizer = load_sft(args.source, args.revision, args.pad_token)
    with atomic_path(args.output) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    run(main)
