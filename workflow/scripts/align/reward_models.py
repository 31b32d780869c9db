"""Reward models: a sequence classifier over prompt and response, read at the last token of the response.

A scalar one has one label; one over ratings 1..K has K, named "1" to "K", whose softmax is the distribution. A scalar
one that knows ties has Davidson's tie parameter in its head, `score.log_nu`, saved with its weights. An ensemble is a
folder of several, each a whole model.
"""

import copy
import math
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch

from align.attention import avoid_unfused_attention
from align.chat import pad
from align.devices import autocast, pick_device
from align.errors import NotFiniteError
from align.losses import log_davidson_outcomes, log_rating_outcomes, log_win_probability
from align.seeds import derive_seed
from align.tables import token_lists


class Ensemble(torch.nn.Module):
    """Reward models of one kind and replicate: a text gets the outputs of each, (texts, members, labels)."""

    def __init__(self, members: list) -> None:
        super().__init__()
        self.members = torch.nn.ModuleList(members)


class FullPrecisionHead(torch.nn.Linear):
    """A head that computes in fp32 under autocast too: bf16 rewards have two digits."""

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        with torch.autocast(hidden.device.type, enabled=False):
            return super().forward(hidden.float())


def replace_head(model, labels: int) -> None:
    """Give a sequence classifier a new random head with `labels` outputs, named "1".. if there are several."""
    head = FullPrecisionHead(model.config.hidden_size, labels, bias=False)
    torch.nn.init.normal_(head.weight, std=model.config.initializer_range)
    model.score = head
    if labels > 1:
        model.config.id2label = {index: str(index + 1) for index in range(labels)}
        model.config.label2id = {str(index + 1): index for index in range(labels)}
    model.num_labels = labels


def untrained_model(folder: str, labels: int, seed: int):
    """The reward model that training starts from: the model in `folder` with the head that this seed draws."""
    from transformers import AutoModelForSequenceClassification, set_seed

    torch.manual_seed(derive_seed(seed, "reward head"))
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1, dtype=torch.float32)
    replace_head(model, 1)
    if labels > 1:
        # RewardTrainer wants one label and sets this seed; then the head gets its width (preference_trainer.py).
        set_seed(derive_seed(seed, "reward training"))
        replace_head(model, labels)
    return model


def add_tie_parameter(model, tie_share: float) -> None:
    """Give a scalar head Davidson's tie parameter, so that responses of one reward tie as often as raters did."""
    # P(tie) = nu / (2 + nu) where rewards are equal. From any other start a few hundred small steps do not get there.
    start = math.log(2 * tie_share / (1 - tie_share))
    model.score.log_nu = torch.nn.Parameter(torch.tensor(start, device=model.score.weight.device))


@torch.no_grad()
def score(
    model, sequences: list[list[int]], pad_token_id: int, batch_size: int, prompt: tuple[int, ...] = ()
) -> torch.Tensor:
    """The model's outputs for tokenised texts (prompt and response), (texts, labels), fp32, on the CPU.

    Of an ensemble (texts, members, labels). Raises NotFiniteError if an output is not a finite number. Where a `prompt`
    is given the sequences are responses to it, and it is read once for all of them.

    Texts are scored in order of length, so that little of a batch is padding. The head reads the last token of each
    text by its length. The classifier's own forward looks for the last token that is not padding instead: the same for
    a finished response, another place for a truncated one in which the policy happened to sample the pad token.
    """
    if isinstance(model, Ensemble):
        each = [score(member, sequences, pad_token_id, batch_size, prompt) for member in model.members]
        return torch.stack(each, dim=1)
    device = next(model.parameters()).device
    body = getattr(model, model.base_model_prefix)
    model.eval()
    read = None  # keys and values of the prompt, (1, ...)
    if prompt:
        read = body(input_ids=torch.tensor([prompt], device=device), use_cache=True).past_key_values
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    outputs: list[torch.Tensor] = [torch.empty(0)] * len(sequences)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        ids, mask = (part.to(device) for part in pad([sequences[i] for i in rows], pad_token_id, "right"))
        # Padding on the right needs no mask: a causal model's token sees what stands before it alone.
        before = copy.deepcopy(read)
        if before is not None:
            before.batch_repeat_interleave(len(rows))
        hidden = body(input_ids=ids, past_key_values=before, use_cache=before is not None).last_hidden_state
        last = hidden[torch.arange(len(rows), device=device), mask.sum(dim=1) - 1]
        with torch.autocast(device.type, enabled=False):  # a reward in half precision has three digits
            rewards = model.score(last.float()).cpu()
        for i, row in zip(rows, rewards):
            outputs[i] = row
    together = torch.stack(outputs)
    if not torch.isfinite(together).all():
        raise NotFiniteError("an output of the reward model is not finite: train it again, in fp32")
    return together


def score_table(
    model, table: pd.DataFrame, pad_token_id: int, batch_size: int, share_prompts: bool = False
) -> torch.Tensor:
    """`score`'s outputs for a table of prompt_ids and response_ids, (rows, labels).

    With `share_prompts` a prompt of several responses is read once for all of them: the same but for the last digits,
    and sooner.
    """
    prompts, responses = token_lists(table["prompt_ids"]), token_lists(table["response_ids"])
    keys = [tuple(prompt) for prompt in prompts]
    occurrences = Counter(keys)
    rows_of = defaultdict(list)  # by the prompt that is read once for them; () where each row reads its own
    for row, key in enumerate(keys):
        rows_of[key if share_prompts and occurrences[key] > 1 else ()].append(row)
    outputs: list[torch.Tensor] = [torch.empty(0)] * len(table)
    for shared, rows in rows_of.items():
        texts = [responses[row] if shared else prompts[row] + responses[row] for row in rows]
        for row, output in zip(rows, score(model, texts, pad_token_id, batch_size, shared)):
            outputs[row] = output
    return torch.stack(outputs)


def score_references(model, references: pd.DataFrame, pad_token_id: int, batch_size: int) -> torch.Tensor:
    """`score`'s outputs for a table of SFT responses, (prompts, samples, labels), prompts in their order."""
    outputs = score_table(model, references, pad_token_id, batch_size)
    # The table has all prompts' first samples, then all second ones.
    return outputs.view(references["sample"].nunique(), -1, *outputs.shape[1:]).transpose(0, 1)


def member_name(member: int | str) -> str:
    """Where an ensemble's member, counted from 1, lies in the ensemble's folder."""
    return f"member{member}"


def load_reward_model(folder: str):
    """The reward model in `folder`, or the ensemble of those that lie in folders of it; fp32, on the CPU."""
    from transformers import AutoModelForSequenceClassification

    members = sorted(Path(folder).glob(member_name("*"))) or [folder]
    models = [AutoModelForSequenceClassification.from_pretrained(one, dtype=torch.float32) for one in members]
    return Ensemble(models) if len(models) > 1 else models[0]


def load_scorer(
    folder: str, batch_size: int, precision: str = "fp32", share_prompts: bool = False
) -> Callable[[pd.DataFrame], torch.Tensor]:
    """The reward model in `folder` as a function from a table to `score_table`'s outputs."""
    from transformers import AutoTokenizer

    avoid_unfused_attention()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = load_reward_model(folder).to(pick_device())

    def score_in_precision(table: pd.DataFrame) -> torch.Tensor:
        with autocast(precision):
            return score_table(model, table, tokenizer.pad_token_id, batch_size, share_prompts)

    return score_in_precision


def log_preference(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """log P(first is preferred to second), (texts,), from outputs (texts, labels): Bradley-Terry's or the ratings'."""
    if first.shape[-1] == 1:
        return torch.nn.functional.logsigmoid((first - second).float()[..., 0])
    return log_win_probability(first, second)


def log_outcomes(head, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor | None:
    """log P of a win, a tie and a loss of the first, (texts, 3), by a model's head, from outputs (texts, labels).

    None of a scalar model without a tie parameter: it knows nothing of ties.
    """
    if first.shape[-1] > 1:
        return log_rating_outcomes(first, second)
    log_nu = getattr(head, "log_nu", None)
    return None if log_nu is None else log_davidson_outcomes(first[..., 0], second[..., 0], log_nu.to(first.device))
