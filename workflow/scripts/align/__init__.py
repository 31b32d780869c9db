"""What the workflow's scripts share: pure, importable functions, one module a job."""

import atexit
import gc

# The libraries that scripts load make half a million objects, which live to the end: Python's default is to go through
# them all again and again, half a second in each of pocket's jobs.
gc.set_threshold(100_000, 50, 50)
# Nor need they be taken apart one by one at the end, which took another second: with the process, all are gone.
atexit.register(gc.freeze)
