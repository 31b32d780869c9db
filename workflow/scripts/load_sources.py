"""Load what comes from outside, the preference pairs and a model: from the hub, a folder or files.

Beside fetch_package the only script that may need a network. The pairs become JSON lines with HelpSteer2_binarized's
columns; the model's pad token and chat template are completed.
"""

import argparse
import os
import re
from pathlib import Path
from typing import Any

from align.errors import InputError, run
from align.files import atomic_path, write_json, write_jsonl
from align.gguf_file import describe_gguf, is_gguf
from align.loading import load_base, load_sft
from align.preferences import load_preferences
from align.provenance import code_commit
from align.sources import HubError, check_local, describe_file, find_revision, use_cache_if_unreachable

LOADERS = {"policy": load_sft, "judge": load_base}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    data = parser.add_argument_group("pairs; without a source none are loaded")
    data.add_argument(
        "--data-source",
        type=os.path.expanduser,
        nargs="+",
        default=[],
        help="hub id, folder, or files (.jsonl, .json, .parquet)",
    )
    data.add_argument("--data-split", help="split of the data set; files have none")
    data.add_argument("--data-revision", help="revision on the hub")
    data.add_argument("--data-output", help="JSON lines")
    model = parser.add_argument_group("model; without a source none is loaded")
    model.add_argument("--model-source", type=os.path.expanduser, help="hub id, folder or GGUF file")
    model.add_argument("--model-package", nargs="+", help="the packages that the file came from, for the record")
    model.add_argument("--model-revision", help="revision on the hub")
    model.add_argument("--model-tokenizer", type=os.path.expanduser, help="hub id or folder; default: the model's own")
    model.add_argument("--model-pad-token", help="a token other than EOS; default: the tokenizer's own, or a new one")
    model.add_argument("--model-weights", choices=("loaded", "random"), default="loaded", help="random: for rehearsals")
    model.add_argument("--model-use", choices=LOADERS, default="policy", help="judge: its logits are not needed")
    model.add_argument("--model-key", default="model", help="the config's section, which messages name")
    model.add_argument("--model-output", help="folder")
    parser.add_argument("--output", required=True, help="JSON: what was loaded, at which revision, by which commit")
    return parser.parse_args(argv)


def load_all(args: argparse.Namespace) -> tuple[list[dict] | None, tuple | None]:
    """Pairs, and model with tokenizer. If the hub gives neither, one error names both."""
    rows = model = None
    errors: list[HubError] = []
    try:
        if args.data_source:
            rows = [
                row
                for source in args.data_source
                for row in load_preferences(source, args.data_split, args.data_revision)
            ]
    except HubError as error:
        errors.append(error)
    try:
        if args.model_source:
            model = LOADERS[args.model_use](
                args.model_source,
                args.model_revision,
                args.model_pad_token,
                args.model_tokenizer,
                random_weights=args.model_weights == "random",
            )
    except HubError as error:
        errors.append(error)
    if len(errors) == 2:
        raise InputError(
            f"the hub gives neither {args.data_source[0]} nor {args.model_source}: check the network and their names,"
            f" or download data set and model elsewhere and set data.source and model.source to their folders"
        ) from errors[0]
    if errors:
        raise errors[0]
    return rows, model


def describe_data(args: argparse.Namespace) -> dict[str, Any]:
    """Where the pairs came from; of files also their sizes and sha256."""
    described = {"source": ", ".join(args.data_source), "split": args.data_split, "revision": args.data_revision}
    files = [source for source in args.data_source if Path(source).is_file()]
    return described | ({"files": [describe_file(file) for file in files]} if files else {})


def describe_model(args: argparse.Namespace) -> dict[str, Any]:
    """What the model's weights are and where they came from; of a GGUF file also its size, sha256 and types."""
    described = {
        "source": args.model_source,
        "revision": args.model_revision,
        "weights": args.model_weights,
    }
    if args.model_tokenizer:
        described["tokenizer"] = args.model_tokenizer
    if args.model_package:
        described["package"] = args.model_package
    if is_gguf(args.model_source):
        described["gguf"] = describe_gguf(args.model_source)
    return described


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    try:
        load_and_write(args)
    except InputError as error:
        # What reads a model's section calls it `model`.
        keys = r"\bmodel\.(?=(source|tokenizer|revision|pad_token)\b)"
        raise InputError(re.sub(keys, f"{args.model_key}.", str(error))) from error


def load_and_write(args: argparse.Namespace) -> None:
    """Load what is asked for; nothing is written unless all of it could be loaded."""
    named = [("data.source", source) for source in args.data_source]
    named += [("model.source", args.model_source), ("model.tokenizer", args.model_tokenizer)]
    named = [(key, source) for key, source in named if source]
    for key, source in named:
        check_local(source, key)
        if key == "data.source" and len(args.data_source) > 1 and not Path(source).is_file():
            raise InputError(f"data.source: {source} is no file; of several sources, each must be one")
    if not all(Path(source).exists() for _, source in named):
        use_cache_if_unreachable()
    loaded: dict[str, Any] = {"commit": code_commit()}
    # Found once: what is recorded is what is loaded.
    if args.data_source:
        args.data_revision = find_revision(args.data_source[0], args.data_revision, "dataset")
        loaded["data"] = describe_data(args)
    if args.model_source:
        args.model_revision = find_revision(args.model_source, args.model_revision, "model")
        loaded["model"] = describe_model(args)
    rows, model = load_all(args)
    if rows is not None:
        write_jsonl(args.data_output, rows)
    if model is not None:
        with atomic_path(args.model_output) as folder:
            for part in model:
                part.save_pretrained(folder)
    write_json(args.output, loaded)


if __name__ == "__main__":
    run(main)
