"""Load what comes from outside, the preference pairs and the SFT model: from the hub, a folder or a file.

The only script that may need a network. The pairs become JSON lines with HelpSteer2_binarized's columns; the model's
pad token and chat template are completed.
"""

import argparse
import os
from pathlib import Path

from align.errors import InputError, run
from align.files import atomic_path, write_json, write_jsonl
from align.loading import load_sft
from align.preferences import load_preferences
from align.sources import HubError, check_local, find_revision, use_cache_if_unreachable


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    data = parser.add_argument_group("pairs; without a source none are loaded")
    data.add_argument("--data-source", type=os.path.expanduser, help="hub id, folder or file (.jsonl, .json, .parquet)")
    data.add_argument("--data-split", help="split of the data set; a single file has none")
    data.add_argument("--data-revision", help="revision on the hub")
    data.add_argument("--data-output", help="JSON lines")
    model = parser.add_argument_group("model; without a source none is loaded")
    model.add_argument("--model-source", type=os.path.expanduser, help="hub id or folder")
    model.add_argument("--model-revision", help="revision on the hub")
    model.add_argument("--model-pad-token", help="a token other than EOS; default: the tokenizer's own, or a new one")
    model.add_argument("--model-weights", choices=("loaded", "random"), default="loaded", help="random: for rehearsals")
    model.add_argument("--model-output", help="folder")
    parser.add_argument("--output", required=True, help="JSON: what was loaded, at which revision")
    return parser.parse_args(argv)


def load_all(args: argparse.Namespace) -> tuple[list[dict] | None, tuple | None]:
    """Pairs, and model with tokenizer. If the hub gives neither, one error names both."""
    rows = model = None
    errors: list[HubError] = []
    try:
        if args.data_source:
            rows = load_preferences(args.data_source, args.data_split, args.data_revision)
    except HubError as error:
        errors.append(error)
    try:
        if args.model_source:
            random_weights = args.model_weights == "random"
            model = load_sft(args.model_source, args.model_revision, args.model_pad_token, random_weights)
    except HubError as error:
        errors.append(error)
    if len(errors) == 2:
        raise InputError(
            f"the hub gives neither {args.data_source} nor {args.model_source}: check the network and their names, or"
            f" download data set and model elsewhere and set data.source and model.source to their folders"
        ) from errors[0]
    if errors:
        raise errors[0]
    return rows, model


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    for key, source in (("data.source", args.data_source), ("model.source", args.model_source)):
        if source:
            check_local(source, key)
    if not all(Path(source).exists() for source in (args.data_source, args.model_source) if source):
        use_cache_if_unreachable()
    rows, model = load_all(args)
    loaded = {}
    if rows is not None:
        write_jsonl(args.data_output, rows)
        revision = find_revision(args.data_source, args.data_revision, "dataset")
        loaded["data"] = {"source": args.data_source, "split": args.data_split, "revision": revision}
    if model is not None:
        with atomic_path(args.model_output) as folder:
            for part in model:
                part.save_pretrained(folder)
        revision = find_revision(args.model_source, args.model_revision, "model")
        loaded["model"] = {"source": args.model_source, "revision": revision, "weights": args.model_weights}
    write_json(args.output, loaded)


if __name__ == "__main__":
    run(main)
