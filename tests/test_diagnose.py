"""What broke is named in one line: every kind of file, cut off or changed, and a disk without space."""

import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from conftest import ROOT
from safetensors.torch import load_file, save_file
from tiny_world import policy_flags

from align.diagnose import broken_files, explain


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.fixture
def files(tmp_path):
    """A whole file of each kind."""
    pd.DataFrame({"a": range(100)}).to_parquet(tmp_path / "a.parquet")
    save_file({"a": torch.zeros(100)}, tmp_path / "a.safetensors")
    torch.save({"a": torch.zeros(100)}, tmp_path / "a.bin")
    pd.DataFrame({"a": range(100)}).to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "a.json").write_text(json.dumps({"a": 1}))
    return tmp_path


def test_whole_files_are_not_called_broken(files):
    assert list(broken_files(files)) == []
    assert explain(ValueError("a bug"), ["--in", str(files / "a.parquet"), str(files)]) is None


def test_an_ensembles_folder_lacks_nothing(files):
    for member in (files / "member1", files / "member2"):
        member.mkdir()
        (member / "config.json").write_text("{}")
        shutil.copy(files / "a.safetensors", member)
    (files / "tokenizer.json").write_text("{}")
    assert explain(KeyError("a bug"), ["--reward-models", str(files)]) is None
    (files / "member1" / "config.json").unlink()
    (files / "member2" / "config.json").unlink()
    assert "lacks config.json" in explain(KeyError("a bug"), ["--reward-models", str(files)])


@pytest.mark.parametrize("name", ["a.parquet", "a.safetensors", "a.bin", "a.csv", "a.json"])
def test_a_file_that_is_cut_off_is_named(files, name):
    cut(files / name)
    no_paths = ["--arms", "{" * 5000, "a\0b"]
    said = explain(ValueError("what a library says"), [*no_paths, "--input", f"own={files / name}"])
    assert (
        said.startswith(f"{files / name} is broken (")
        and "delete it, or mend what is your own, and give the same command again" in said
    )
    assert "\n" not in said


def test_weights_that_are_not_numbers_are_named(files):
    save_file({"a": torch.tensor([1.0, float("nan")])}, files / "a.safetensors")
    [(file, problem)] = broken_files(files)
    assert file.name == "a.safetensors" and problem == "has weights that are not finite numbers (a)"


def test_a_disk_without_space_is_told_from_under_other_errors():
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "big.bin")
        except OSError as error:
            raise RuntimeError("writing failed") from error
    except RuntimeError as error:
        assert explain(error, []).startswith("big.bin: no space is left on the disk: make some")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_checkpoint_that_found_no_space_is_not_called_broken(files):
    cut(files / "a.bin")  # what torch leaves behind
    with pytest.raises(RuntimeError) as raised:
        torch.save({"a": torch.zeros(100_000)}, "/dev/full")
    assert explain(raised.value, ["--state", str(files)]).startswith("no space is left on the disk: make some")


def nan_weights(folder):
    weights = load_file(folder / "model.safetensors")
    save_file({name: tensor * float("nan") for name, tensor in weights.items()}, folder / "model.safetensors")


BREAKAGES = {
    "references.parquet": (lambda world: cut(world / "references.parquet"), "references.parquet is broken"),
    "the reward model's weights": (
        lambda world: cut(world / "rm" / "model.safetensors"),
        "model.safetensors is broken",
    ),
    "weights that are no numbers": (lambda world: nan_weights(world / "rm"), "rm/model.safetensors has weights that"),
    "a model without its weights": (
        lambda world: (world / "sft" / "model.safetensors").unlink(),
        "lacks *.safetensors",
    ),
}


@pytest.mark.parametrize("what", BREAKAGES)
def test_a_script_that_is_given_something_broken_says_so_in_a_line(world, tmp_path, what):
    broken = tmp_path / "broken"
    shutil.copytree(world, broken)
    harm, told = BREAKAGES[what]
    harm(broken)
    script = str(ROOT / "workflow" / "scripts" / "train_policy.py")
    done = subprocess.run([sys.executable, script, *policy_flags(broken, "never")], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("error: ") and told in done.stderr
    assert "Traceback" not in done.stderr and not (broken / "never").exists()
