"""Where a script starts, and errors that a user can mend, told in one line."""

import atexit
import gc
import sys
from collections.abc import Callable


class InputError(ValueError):
    """Something that was given is wrong; the message says what, and what to do."""


class NotFiniteError(InputError):
    """A number is NaN or infinite; perhaps a given file holds such a number."""


def run(main: Callable[[], None]) -> None:
    """Run a script's `main`: an InputError, a broken file or a full disk becomes one line and exit status 1.

    A bug keeps its traceback.
    """
    # The libraries that scripts load make half a million objects, which live to the end: Python's default is to go
    # through them all again and again, and to take them apart one by one at the end, a second or more in each job.
    gc.set_threshold(100_000, 50, 50)
    atexit.register(gc.freeze)
    try:
        main()
    except Exception as error:
        from align.diagnose import explain

        clear = isinstance(error, InputError)
        told = None if clear and not isinstance(error, NotFiniteError) else explain(error, sys.argv[1:])
        if told is None and not clear:
            raise
        sys.exit(f"error: {told or error}")
