"""One token after another: a causal language model's cache and steps, on a GPU recorded once and replayed."""

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


class RoomyLayer(DynamicLayer):
    """A cache layer with room for a whole response: DynamicLayer copies itself at every token.

    With `at`, a tensor of one position, it writes there and gives all its room to attention: shapes stay as they are.
    """

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.at: torch.Tensor | None = None

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_, **__):
        """Keys and values so far with the new ones, (batch, heads, time, width)."""
        if self.at is not None:
            self.all_keys.index_copy_(2, self.at, key_states.to(self.all_keys.dtype))
            self.all_values.index_copy_(2, self.at, value_states)
            return self.all_keys, self.all_values
        start = self.get_seq_length()
        end = start + key_states.shape[-2]
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            # Zeros: what is masked is multiplied by 0, and what lies about in memory may not be a number. Keys in the
            # values' precision: autocast turns them in fp32, and attention would cast all of them at every step.
            self.all_keys, self.all_values = (
                value_states.new_zeros(*new.shape[:-2], self.room, new.shape[-1]) for new in (key_states, value_states)
            )
        self.all_keys[..., start:end, :] = key_states
        self.all_values[..., start:end, :] = value_states
        self.keys, self.values = self.all_keys[..., :end, :], self.all_values[..., :end, :]
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        end = self.get_seq_length()
        self.all_keys, self.all_values = self.all_keys[indices], self.all_values[indices]
        self.keys, self.values = self.all_keys[..., :end, :], self.all_values[..., :end, :]


class Decoder:
    """A causal language model with what it has read: prompts, then a token a row and a step.

    `attention` is the prompts' mask, (rows, time), padded on the left; `room` is for the longest prompt and response.
    """

    def __init__(self, model, attention: torch.Tensor, room: int) -> None:
        self.model, self.attention, self.room = model, attention, room
        self.positions = (attention.cumsum(dim=1) - 1).clamp(min=0)
        # The model's own kind of cache, its plain layers with room.
        self.cache = DynamicCache(config=model.config)
        layers = [RoomyLayer(room) if type(layer) is DynamicLayer else layer for layer in self.cache.layers]
        self.cache.layers = layers

    def read(self, ids: torch.Tensor) -> torch.Tensor:
        """Logits of the token after `ids`, (rows, time), as (rows, words)."""
        return self.model(
            input_ids=ids,
            attention_mask=self.attention,
            position_ids=self.positions,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits of the token after `tokens`, (rows,), as (rows, words)."""
        self.positions = self.positions[:, -1:] + 1
        self.attention = torch.cat([self.attention, self.attention.new_ones(len(tokens), 1)], dim=1)
        return self.read(tokens.unsqueeze(-1))

    def keep(self, rows: torch.Tensor) -> None:
        """Go on with some of the rows, by their indices."""
        self.cache.batch_select_indices(rows)
        self.positions, self.attention = self.positions[rows], self.attention[rows]


class ReplayingDecoder(Decoder):
    """A decoder whose steps all have the same shapes, so that a GPU can be told of them once, as a CUDA graph.

    A small model's step is hundreds of kernels, each of which runs for less time than Python takes to launch it. The
    price is that attention goes over the whole room, what is not written yet being masked. After a change of shapes the
    first steps are plain ones, in case that shapes change again at once: recording costs several. Then it is done once
    and replayed, so that nothing need be kept from one batch to the next, nor prompts be sorted into few shapes. Under
    autocast, the plain steps have cast the weights, and what they cast lasts as long as its block.
    """

    works = True  # until it turns out that this model or machine cannot be recorded
    plain_steps = 4  # of new shapes, before they are recorded

    def __init__(self, model, attention: torch.Tensor, room: int) -> None:
        # Fused attention wants rows of masks that are aligned.
        super().__init__(model, attention, -(-room // 8) * 8)
        self.at = torch.tensor([attention.shape[1] - 1], device=attention.device)
        self.records = attention.is_cuda and self.works
        self.graph: torch.cuda.CUDAGraph | None = None
        self.taken = 0  # steps of these shapes

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        if self.attention.dim() == 2:
            self.fix_shapes()
        self.at += 1
        self.positions += 1
        self.attention.index_fill_(3, self.at, True)
        if self.taken:
            self.ids.copy_(tokens.unsqueeze(-1))
        else:
            self.ids = tokens.unsqueeze(-1)
        if self.taken == self.plain_steps and self.records:
            self.record()
        if self.graph:
            self.graph.replay()
        else:
            self.logits = self.read(self.ids)
        self.taken += 1
        return self.logits

    def fix_shapes(self) -> None:
        """After the prompts: positions and a mask of (rows, 1, 1, room) that steps write into."""
        read = self.attention.bool()
        self.attention = read.new_zeros(len(read), 1, 1, self.room)
        self.attention[:, 0, 0, : read.shape[1]] = read
        self.positions = self.positions[:, -1:].clone()
        for layer in self.cache.layers:
            layer.at = self.at

    def record(self) -> None:
        """Make the graph of a step; where that fails, say so and go on without."""
        graph = torch.cuda.CUDAGraph()
        try:
            # The outer one brings back the stream if the inner one cannot.
            with torch.cuda.stream(torch.cuda.current_stream()), torch.cuda.graph(graph):
                self.logits = self.read(self.ids)
        except RuntimeError as error:
            # What ended the recording, rather than that it did not end well. As text: the error holds this frame, and
            # with it a cache of gigabytes.
            reason = str(error.__context__ or error)
            if "out of memory" in reason:
                raise torch.OutOfMemoryError(reason) from None
            ReplayingDecoder.works = self.records = False
            reason = reason.splitlines()[0]
            print(f"decoding without a CUDA graph, more slowly: recording it failed ({reason})", flush=True)
        else:
            self.graph = graph

    def keep(self, rows: torch.Tensor) -> None:
        super().keep(rows)
        self.graph, self.taken = None, 0


def make_decoder(model, attention: torch.Tensor, room: int) -> Decoder:
    """The decoder for a model: on a GPU the replaying one, if the model's cache and attention allow for it."""
    decoder = Decoder(model, attention, room)
    plain = all(type(layer) is RoomyLayer for layer in decoder.cache.layers)
    if attention.is_cuda and plain and model.config._attn_implementation == "sdpa":
        return ReplayingDecoder(model, attention, room)
    return decoder
