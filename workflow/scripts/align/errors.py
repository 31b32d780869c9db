"""Errors that a user can mend, told in one line."""

import sys
from collections.abc import Callable


class InputError(ValueError):
    """Something that was given is wrong; the message says what, and what to do."""


def run(main: Callable[[], None]) -> None:
    """Run a script's `main`: an InputError becomes one line and exit status 1; a bug keeps its traceback."""
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
