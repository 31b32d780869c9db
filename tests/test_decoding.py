"""Decoding in steps of fixed shapes: the same responses as plain decoding, nothing that a recording would not see."""

from copy import deepcopy

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from align import decoding, rollout
from align.chat import pad
from align.decoding import Decoder, ReplayingDecoder, make_decoder
from align.rollout import generate


class Traced:
    """Stands in for a CUDA graph: the operations of one step, by themselves, on the very memory that they were on."""

    def __init__(self, decoder) -> None:
        self.decoder = decoder
        self.steps = make_fx(lambda ids: decoder.read(ids))(decoder.ids)
        self.replays = 0

    def replay(self) -> None:
        self.decoder.logits = self.steps(self.decoder.ids)
        self.replays += 1


class TracingDecoder(ReplayingDecoder):
    plain_steps = 1
    graphs: list[Traced] = []

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.records = True

    def record(self) -> None:
        # Unlike a CUDA graph's recording, tracing takes the step; it writes to the cache what the replay writes again.
        self.graph = Traced(self)
        self.graphs.append(self.graph)


class FixedDecoder(ReplayingDecoder):
    """The same kernels, launched one by one: in half precision other shapes may end in other digits."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.records = False


@pytest.fixture
def prompts(tokenizer):
    draws = torch.Generator().manual_seed(0)
    lengths = torch.randint(2, 20, (60,), generator=draws).tolist()
    return [torch.randint(4, len(tokenizer), (n,), generator=draws).tolist() for n in lengths]


@pytest.fixture
def fused(policy):
    before = policy.config._attn_implementation
    policy.set_attn_implementation("sdpa")
    yield policy
    policy.set_attn_implementation(before)


@pytest.mark.parametrize("sample", [True, False])
@pytest.mark.parametrize("kind", [ReplayingDecoder, TracingDecoder])
def test_fixed_shapes_write_what_plain_decoding_writes(fused, tokenizer, prompts, monkeypatch, kind, sample):
    def responses():
        torch.manual_seed(3)
        return generate(fused, tokenizer, prompts, max_new_tokens=20, sample=sample)

    plain = responses()
    assert len(set(map(len, plain))) > 4  # rows end at several steps: the finished are dropped, and shapes change
    monkeypatch.setattr(rollout, "make_decoder", kind)
    TracingDecoder.graphs.clear()
    assert responses() == plain
    if kind is TracingDecoder:
        assert len(TracingDecoder.graphs) > 1
        assert sum(graph.replays for graph in TracingDecoder.graphs) > 2


@pytest.mark.parametrize("kind", [Decoder, ReplayingDecoder])
def test_the_cache_has_autocasts_precision(fused, prompts, kind):
    ids, attention = pad(prompts, 0, "left")
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        decoder = kind(fused, attention, room=ids.shape[1] + 8)
        tokens = decoder.read(ids).argmax(dim=-1)
        logits = decoder.step(tokens)
        texts = torch.cat([ids, tokens[:, None]], dim=1)
        mask = torch.cat([attention, attention.new_ones(len(ids), 1)], dim=1)
        positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
        whole = fused(input_ids=texts, attention_mask=mask, position_ids=positions, use_cache=False).logits[:, -1]
    kept = [part for layer in decoder.cache.layers for part in (layer.all_keys, layer.all_values)]
    assert {part.dtype for part in kept} == {torch.bfloat16}
    torch.testing.assert_close(logits, whole, atol=0.03, rtol=0.03)


def test_what_a_graph_reads_and_writes_stays_where_it_is(fused, prompts):
    ids, attention = pad(prompts, 0, "left")
    decoder = ReplayingDecoder(fused, attention, room=ids.shape[1] + 8)
    tokens = decoder.read(ids).argmax(dim=-1)

    def memory():
        layer = decoder.cache.layers[-1]
        buffers = (decoder.ids, decoder.positions, decoder.attention, decoder.at, layer.all_keys, layer.all_values)
        return [buffer.data_ptr() for buffer in buffers]

    tokens = decoder.step(tokens).argmax(dim=-1)
    before = memory()
    for _ in range(3):
        tokens = decoder.step(tokens).argmax(dim=-1)
        assert memory() == before


def test_a_recording_that_fails_is_said_and_done_without(fused, prompts, monkeypatch, capsys):
    def fail():
        try:
            raise RuntimeError("operation not permitted when stream is capturing\nand more")
        finally:
            raise RuntimeError("operation failed due to a previous error during capture")

    monkeypatch.setattr(decoding.torch.cuda, "CUDAGraph", lambda: None)
    monkeypatch.setattr(decoding.torch.cuda, "current_stream", fail)
    monkeypatch.setattr(ReplayingDecoder, "works", True)
    ids, attention = pad(prompts, 0, "left")
    fixed, plain = (kind(fused, attention, room=ids.shape[1] + 8) for kind in (ReplayingDecoder, Decoder))
    fixed.records = True
    for decoder in (fixed, plain):
        logits = decoder.read(ids)
        for _ in range(ReplayingDecoder.plain_steps + 2):
            logits = decoder.step(logits.argmax(dim=-1))
    torch.testing.assert_close(fixed.logits, logits)
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "decoding without a CUDA graph, more slowly: recording it failed (operation not permitted when stream is"
        " capturing)"
    ]
    assert not ReplayingDecoder(fused, attention, room=64).records  # nor is it tried again


@pytest.mark.parametrize("kind", [torch.OutOfMemoryError, RuntimeError])
def test_memory_that_does_not_suffice_is_for_the_caller(fused, prompts, monkeypatch, kind):
    def fail():
        raise kind("CUDA error: out of memory")

    monkeypatch.setattr(decoding.torch.cuda, "CUDAGraph", lambda: None)
    monkeypatch.setattr(decoding.torch.cuda, "current_stream", fail)
    with pytest.raises(torch.OutOfMemoryError):
        ReplayingDecoder(fused, pad(prompts, 0, "left")[1], room=64).record()


def test_a_cpu_decodes_plainly(fused, prompts):
    assert type(make_decoder(fused, pad(prompts, 0, "left")[1], room=64)) is Decoder


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("sample", [True, False])
@pytest.mark.parametrize("half", [True, False])
def test_a_gpu_replays_what_plain_decoding_writes(policy, tokenizer, prompts, monkeypatch, sample, half):
    model = deepcopy(policy).cuda()
    model.set_attn_implementation("sdpa")
    recorded = []
    record = ReplayingDecoder.record
    monkeypatch.setattr(ReplayingDecoder, "works", True)
    monkeypatch.setattr(ReplayingDecoder, "plain_steps", 1)
    # Not the graph itself: like in training, one is gone before the next is recorded.
    monkeypatch.setattr(ReplayingDecoder, "record", lambda self: (record(self), recorded.append(bool(self.graph))))

    def responses():
        torch.manual_seed(3)
        with torch.autocast("cuda", dtype=torch.float16, enabled=half):
            return generate(model, tokenizer, prompts, max_new_tokens=20, sample=sample)

    replayed = responses()
    assert len(recorded) > 1 and all(recorded)
    monkeypatch.setattr(rollout, "make_decoder", FixedDecoder)
    assert replayed == responses()
