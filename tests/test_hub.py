"""smollm2.yaml's own ids, loaded by the hub's own clients from a hub on this machine."""

import json

import pandas as pd
import pytest
import yaml
from conftest import ROOT, letter_tokenizer, tiny_config
from local_hub import serve_hub
from runs import copy_project, snakemake

OVERLAY = "workflow/experiments/smollm2.yaml"
SETTINGS = yaml.safe_load((ROOT / OVERLAY).read_text())
DATA, MODEL = SETTINGS["data"], SETTINGS["model"]
CARD = """---
configs:
- config_name: default
  data_files:
  - split: average_rating_split
    path: data/average_rating_split-*
  - split: goodness_score_split
    path: data/goodness_score_split-*
---
"""


def pairs(count):
    def turns(answer, number):
        return [{"role": "user", "content": f"q {number}"}, {"role": "assistant", "content": answer}]

    columns = ("prompt", "chosen", "rejected", "chosen_rating", "rejected_rating")
    rows = [(f"q {i}", turns("good", i), turns("bad", i), 3.2, 1.0) for i in range(count)]
    return [dict(zip(columns, row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def repositories(tmp_path_factory):
    """Pairs and a tiny model, laid out as those of smollm2.yaml are on the hub."""
    from transformers import LlamaForCausalLM

    folder = tmp_path_factory.mktemp("hub")
    data = folder / "datasets" / DATA["source"]
    (data / "data").mkdir(parents=True)
    (data / "README.md").write_text(CARD)
    for split, count in (("average_rating_split", 3), ("goodness_score_split", 2)):
        pd.DataFrame(pairs(count)).to_parquet(data / "data" / f"{split}-00000-of-00001.parquet")
    tokenizer = letter_tokenizer()
    tokenizer.add_tokens(MODEL["pad_token"], special_tokens=True)
    for part in (tokenizer, LlamaForCausalLM(tiny_config(tokenizer, max_position_embeddings=2048))):
        part.save_pretrained(folder / "models" / MODEL["source"])
    return folder


@pytest.fixture
def hub(repositories, tmp_path, monkeypatch):
    with serve_hub(repositories, MODEL["revision"]) as (address, asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
        yield asked


def load(project, *words, check=True):
    return snakemake(project, "--until", "load_sources", "--configfile", OVERLAY, *words, check=check)


def test_pairs_and_model_come_from_the_hub_and_once(hub, tmp_path, monkeypatch):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    project = copy_project(tmp_path / "project")
    load(project)
    results = project / "results" / "smollm2"
    rows = [json.loads(line) for line in (results / "data" / "preferences.jsonl").read_text().splitlines()]
    assert rows == pairs(3)
    assert AutoTokenizer.from_pretrained(results / "models" / "sft").pad_token == MODEL["pad_token"]
    AutoModelForCausalLM.from_pretrained(results / "models" / "sft")
    told = json.loads((results / "data" / "sources.json").read_text())
    assert (told["data"]["split"], told["data"]["revision"]) == (DATA["split"], MODEL["revision"])
    assert (told["model"]["source"], told["model"]["revision"]) == (MODEL["source"], MODEL["revision"])

    def downloads():
        return [line for line in hub if line.startswith("GET") and line.endswith((".parquet", ".safetensors"))]

    assert len(downloads()) == 3
    load(project, "--forcerun", "load_sources")
    assert len(downloads()) == 3
    # A closed port of this machine stands for a hub that cannot be reached: what was downloaded serves.
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    before = (results / "data" / "preferences.jsonl").read_bytes()
    assert "looking for what was downloaded before" in load(project, "--forcerun", "load_sources")
    assert (results / "data" / "preferences.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("section", "key", "value", "told"),
    [
        ("data", "split", "average_ratings_split", "did you mean 'average_rating_split'?"),
        ("data", "source", "nobody/nothing", "data.source: could not load nobody/nothing ("),
        ("model", "source", "nobody/nothing", "model.source: could not load nobody/nothing ("),
        ("model", "revision", "f" * 40, "check its name and revision"),
    ],
)
def test_what_the_hub_does_not_have_is_told_in_one_line(hub, tmp_path, section, key, value, told):
    project = copy_project(tmp_path / "project")
    (project / "mine.yaml").write_text(yaml.safe_dump({section: {key: value}}))
    output = load(project, "mine.yaml", check=False)
    line = next(line for line in output.splitlines() if line.startswith("error: "))
    assert told in line
    assert not (project / "results" / "smollm2" / "data" / "preferences.jsonl").exists()
    assert not (project / "results" / "smollm2" / "models" / "sft").exists()
