"""One batch in several processes: who has which rows, and what all of them got."""

import contextlib

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object

from align.actor_critic import CRITIC_METHODS
from align.errors import InputError


def make_accelerator(**settings) -> Accelerator:
    """The process's accelerator; without a GPU accelerate takes part in several processes only if told of the CPU."""
    return Accelerator(cpu=not torch.cuda.is_available(), **settings)


def check_processes(accelerator: Accelerator, prompts: int, method: str, signal: str) -> None:
    """Raises InputError where several processes would not make the policy of one. `prompts` are those of a batch."""
    count = accelerator.num_processes
    if count == 1:
        return
    if method in CRITIC_METHODS:
        raise InputError(f"--method {method} draws its minibatches in one process: set runtime.processes to 1")
    if signal == "sampled":
        raise InputError("the signal 'sampled' draws its ratings in one process: set runtime.processes to 1")
    if prompts < count:
        raise InputError(f"{prompts} prompts a batch are too few for {count} processes: lower runtime.processes")


def own_rows(batch_size: int, samples: int, accelerator: Accelerator) -> list[int]:
    """This process's rows of a batch: every so many-th prompt, with all of its `samples` responses."""
    prompts = range(accelerator.process_index, batch_size // samples, accelerator.num_processes)
    return [prompt * samples + sample for prompt in prompts for sample in range(samples)]


def gather_rows(
    mine: list[int], rows: dict[str, torch.Tensor], responses: list[list[int]], accelerator: Accelerator
) -> tuple[dict[str, torch.Tensor], list[list[int]]]:
    """Columns, each (rows,), and responses of all processes in the batch's own order; `mine` are this one's places."""
    if accelerator.num_processes == 1:
        return rows, responses
    columns = {name: row.tolist() for name, row in rows.items()}
    parts = gather_object([(mine, columns, responses)])
    order = [place for places, _, _ in parts for place in places]
    back = sorted(range(len(order)), key=order.__getitem__)
    gathered = {name: [value for _, part, _ in parts for value in part[name]] for name in columns}
    texts = [response for _, _, part in parts for response in part]
    return {name: torch.tensor(column)[back] for name, column in gathered.items()}, [texts[i] for i in back]


def share_gradient(accelerator: Accelerator, model: torch.nn.Module, last: bool):
    """A context for a part of a batch: processes average gradients at the `last`, as some may have more parts."""
    return contextlib.nullcontext() if last else accelerator.no_sync(model)
