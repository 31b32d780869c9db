"""How many texts go through a GPU's memory at once."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch

from align.errors import InputError

Result = TypeVar("Result")


@dataclass
class AtOnce:
    """A number of texts, halved for good where a GPU's memory does not hold them."""

    size: int
    what: str  # the texts' name in messages
    multiple_of: int = 1

    def run(self, work: Callable[[int], Result]) -> Result:
        """`work(size)`; where memory runs out, again with half the size and the same random numbers.

        Raises InputError where the size cannot be halved. Of several processes the others would wait for this one:
        there the error is left to end the run.
        """
        state = torch.get_rng_state()
        while True:
            try:
                return work(self.size)
            except torch.OutOfMemoryError:
                if torch.distributed.is_available() and torch.distributed.is_initialized():
                    raise
            # After the except block: as long as that lasts, the error holds what is to be freed.
            self.halve()
            torch.set_rng_state(state)

    def halve(self) -> None:
        half = self.size // 2
        if half < 1 or half % self.multiple_of:
            raise InputError(
                f"the GPU's memory does not hold a {self.what} of {self.size}, which cannot be halved: lower"
                " lengths.max_pair_tokens or lengths.max_new_tokens"
            )
        gc.collect()
        torch.cuda.empty_cache()
        print(f"out of GPU memory: a {self.what} of {half} instead of {self.size}", flush=True)
        self.size = half
