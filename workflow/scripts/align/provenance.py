"""Which state of the project's code made a result."""

import subprocess
from pathlib import Path


def code_commit(folder: Path = Path(__file__).parent) -> str | None:
    """The commit that the code in `folder` is at, "-dirty" after it where files differ; None outside a git checkout.

    Source: `git describe` (git-scm.com/docs/git-describe).
    """
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return told.stdout.strip()
