"""The benchmark of a training step, run on a tiny model: what it reports, never how fast anything is."""

import math

import benchmark_step
import pytest
from accelerate.state import AcceleratorState
from conftest import tiny_config

from align.errors import InputError
from align.files import read_json


@pytest.fixture
def model(tokenizer, tmp_path):
    from transformers import LlamaForCausalLM

    LlamaForCausalLM(tiny_config(tokenizer, initializer_range=0.02)).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture(autouse=True)
def other_precisions():
    """One process has one precision, unless accelerate forgets it."""
    AcceleratorState._reset_state()
    yield
    AcceleratorState._reset_state()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_row_for_each_part_and_each_step(model, tmp_path, capsys, precision):
    flags = "--batch-size 4 --micro-batch-size 2 --max-new-tokens 8 --repetitions 1 --output".split()
    flags.append(str(tmp_path / "b.json"))
    benchmark_step.main(["--model", str(model), "--precision", precision, *flags])

    printed = capsys.readouterr().out
    found = read_json(tmp_path / "b.json")
    rows = {row["row"]: row for row in found["rows"]}
    steps = ["sum of the bare parts", "our step", "TRL's RLOOTrainer"]
    assert list(rows) == [*benchmark_step.PARTS, *steps]
    for name, row in rows.items():
        assert name in printed
        assert row["seconds"] > 0
        assert math.isclose(row["samples_per_second"], 4 / row["seconds"])
    assert math.isclose(sum(rows[part]["seconds"] for part in benchmark_step.PARTS), rows[steps[0]]["seconds"])
    for name in ("generate", "our step", "TRL's RLOOTrainer"):
        assert 1 <= rows[name]["mean_tokens"] <= 8
    assert found["to_bare_parts"] > 0
    assert found["to_trl"] > 0
    peaks = [rows[name]["peak_gib"] for name in steps[1:]]
    assert all(0.1 < peak < 8 for peak in peaks)  # Python and torch alone are some hundred MiB
    assert math.isclose(found["memory_to_trl"], peaks[0] / peaks[1])
    assert f"samples a second, ours / TRL: {found['to_trl']:.2f}" in printed


def test_an_odd_batch_is_refused():
    with pytest.raises(InputError, match="even"):
        benchmark_step.main(["--batch-size", "3"])


def test_parts_that_do_not_fill_a_batch_are_refused():
    with pytest.raises(InputError, match="multiple"):
        benchmark_step.main(["--batch-size", "10", "--micro-batch-size", "4"])
