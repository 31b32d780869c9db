import hashlib
import json
import shutil
from pathlib import Path

import pytest
from conftest import tiny_config
from datasets.exceptions import DatasetNotFoundError, DatasetsError
from huggingface_hub.errors import HTTPError, RevisionResolutionError
from safetensors.torch import load_file, save_file
from test_split_data import make_row
from transformers import BertConfig, BertForMaskedLM, GraniteConfig, GraniteForCausalLM, LlamaForCausalLM

from align.errors import InputError
from align.loading import load_base, load_sft, set_pad_token
from align.preferences import check_rows, load_preferences


@pytest.fixture
def folder(tmp_path):
    """A data set as a folder of JSON lines with two splits."""
    for split, count in (("train", 3), ("validation", 2)):
        lines = [json.dumps(make_row(f"{split} {i}") | {"extra": i}) for i in range(count)]
        (tmp_path / f"{split}.jsonl").write_text("\n".join(lines))
    return tmp_path


def test_a_folder_and_a_file(folder):
    rows = load_preferences(str(folder), "validation", None)
    assert [row["prompt"] for row in rows] == ["validation 0", "validation 1"]
    assert rows[0]["chosen"][1] == {"role": "assistant", "content": "yes"}
    assert "extra" not in rows[0]
    assert len(load_preferences(str(folder / "train.jsonl"), None, None)) == 3


def test_several_files_are_one_source(folder, tmp_path_factory):
    import load_sources

    out = tmp_path_factory.mktemp("out")
    files = [str(folder / "train.jsonl"), str(folder / "validation.jsonl")]
    outputs = ["--data-output", str(out / "pairs.jsonl"), "--output", str(out / "sources.json")]
    load_sources.main(["--data-source", *files, *outputs])
    prompts = [json.loads(line)["prompt"] for line in (out / "pairs.jsonl").read_text().splitlines()]
    assert prompts == ["train 0", "train 1", "train 2", "validation 0", "validation 1"]
    data = json.loads((out / "sources.json").read_text())["data"]
    assert data["source"] == ", ".join(files)
    contents = [Path(file).read_bytes() for file in files]
    assert data["files"] == [{"bytes": len(x), "sha256": hashlib.sha256(x).hexdigest()} for x in contents]
    with pytest.raises(InputError, match="no-one/pairs is no file; of several sources, each must be one"):
        load_sources.main(["--data-source", files[0], "no-one/pairs", *outputs])


def test_a_misspelt_split_names_the_real_ones(folder):
    with pytest.raises(InputError, match="it has train, validation; did you mean 'validation'?"):
        load_preferences(str(folder), "valdation", None)


def test_missing_columns_are_named(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"prompt": "a", "response": "b"}\n')
    with pytest.raises(InputError, match="lacks the columns chosen, rejected, chosen_rating, rejected_rating"):
        load_preferences(str(tmp_path / "x.jsonl"), None, None)


@pytest.mark.parametrize("ending", [".txt", ".csv"])
def test_an_unreadable_file_is_named(tmp_path, ending):
    # CSV has no lists: messages would come back as text.
    path = tmp_path / f"x{ending}"
    path.write_text("hello")
    with pytest.raises(InputError, match=f"cannot read '{ending}'; give one of .jsonl, .json, .parquet$"):
        load_preferences(str(path), None, None)


def refusal(load, source):
    """The one line with which `source` is refused."""
    with pytest.raises(InputError) as caught:
        load(str(source))
    line = str(caught.value)
    assert "\n" not in line and str(source) in line
    return line


def load_train(source):
    return load_preferences(source, "train", None)


def load_model(source):
    return load_sft(source, None, None)


@pytest.mark.parametrize("name", ["train.jsonl", "train.json", "train.parquet", "."])
@pytest.mark.parametrize("text", ["", "\n\n"])
def test_a_data_set_without_rows_is_refused(tmp_path, name, text):
    (tmp_path / ("train.jsonl" if name == "." else name)).write_text(text)
    line = refusal(load_train, tmp_path / name)
    assert "has no rows; give a data set" in line or (name == "train.parquet" and "could not read" in line)


def test_a_file_that_is_not_json_is_named(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"prompt": \n')
    line = refusal(load_train, tmp_path / "x.jsonl")
    assert line.startswith("data.source: could not read ") and "JSON parse error" in line


USER = {"role": "user", "content": "hi"}
MESSAGES = "must be two or more {role, content} messages, the last by the assistant, not"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"chosen_rating": "good"}, "chosen_rating must be a number, not 'good'"),
        ({"rejected_rating": None}, "rejected_rating must be a number, not None"),
        ({"chosen_rating": float("nan")}, "chosen_rating must be a number, not nan"),
        ({"chosen_rating": True}, "chosen_rating must be a number, not True"),
        (
            {"chosen_rating": 0.5},
            "the chosen response is rated below the rejected one (0.5 < 1.0); swap them or",
        ),
        ({"prompt": None}, "prompt must be text, not None"),
        ({"chosen": "yes"}, f"chosen {MESSAGES} 'yes'"),
        ({"rejected": None}, f"rejected {MESSAGES} None"),
        ({"rejected": []}, f"rejected {MESSAGES} []"),
        ({"rejected": [USER]}, f"rejected {MESSAGES} [{{'role': 'user'"),
        ({"chosen": [{"role": "assistant", "content": "hi"}]}, f"chosen {MESSAGES} [{{'role': 'assistant'"),
        ({"chosen": [USER, {"role": "assistant", "content": None}]}, f"chosen {MESSAGES} [{{'role': 'user'"),
        ({"chosen": [USER, "yes"]}, f"chosen {MESSAGES} [{{'role': 'user'"),
    ],
)
def test_a_wrong_row_is_named(change, told):
    with pytest.raises(InputError) as caught:
        check_rows([make_row("one"), make_row("two") | change], "x.jsonl")
    assert str(caught.value).startswith(f"x.jsonl, row 2: {told}")


def test_rows_are_checked_and_nothing_is_written(tmp_path):
    import load_sources

    rows = [make_row("one"), make_row("two") | {"chosen_rating": "good"}]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    with pytest.raises(InputError, match="row 2: chosen_rating must be a number, not 'good'"):
        load_sources.main(
            ["--data-source", str(tmp_path / "in.jsonl"), "--data-output", str(tmp_path / "out.jsonl")]
            + ["--output", str(tmp_path / "sources.json")]
        )
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_real_pairs_pass(real):
    assert len(load_preferences(str(real / "ultrafeedback"), "validation", None)) > 100


@pytest.mark.parametrize(
    "error",
    [
        HTTPError("the name cannot be resolved"),
        RevisionResolutionError("no such revision"),
        DatasetNotFoundError("no such data set"),
        DatasetsError("some other trouble"),
    ],
)
def test_what_the_hub_raises_is_told_in_one_line(monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr("datasets.load_dataset", fail)
    assert f"({error}); check its name and revision; with no network" in refusal(load_train, "no-one/nothing")


def test_a_name_that_no_hub_allows_is_refused():
    assert "Repo id must use alphanumeric chars" in refusal(load_train, "no one!")


WEIGHTS, CONFIG, VOCABULARY = "model.safetensors", "config.json", "tokenizer.json"


@pytest.mark.parametrize(
    ("removed", "told"),
    [
        ([WEIGHTS], "has no weights (model.safetensors); give a folder with a whole model"),
        ([VOCABULARY], "has no tokenizer (tokenizer.json); give"),
        ([CONFIG], "has no config.json; give"),
        ([WEIGHTS, CONFIG, VOCABULARY], "has no config.json, no weights (model.safetensors), no tokenizer"),
    ],
)
def test_what_a_model_lacks_is_named(real, tmp_path, removed, told):
    shutil.copytree(real / "stories260k", tmp_path / "m", ignore=lambda *_: removed)
    assert refusal(load_model, tmp_path / "m").startswith(f"model.source: {tmp_path / 'm'} {told}")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (CONFIG, "{", "is not a valid JSON file"),
        (CONFIG, "{}", "Should have a `model_type` key"),
        (CONFIG, '{"model_type": "zzz"}', "model type `zzz`"),
        (CONFIG, '{"model_type": "t5"}', "Unrecognized configuration class"),
        (CONFIG, '{"model_type": "llama", "hidden_size": "x"}', "'hidden_size' expected int"),
        (VOCABULARY, "", "Expecting value"),
        (VOCABULARY, "{}", "could not read"),
        (WEIGHTS, "", "header too small"),
    ],
)
def test_a_broken_model_is_named(real, tmp_path, name, text, told):
    shutil.copytree(real / "stories260k", tmp_path / "m", ignore=lambda *_: [name])
    (tmp_path / "m" / name).write_text(text)
    line = refusal(load_model, tmp_path / "m")
    assert line.startswith(f"model.source: could not read {tmp_path / 'm'} (") and told in line


def test_a_file_is_no_model(real):
    assert "is a file; give the folder" in refusal(load_model, real / "stories260k" / WEIGHTS)


@pytest.mark.parametrize("load", [lambda s: load_preferences(s, "train", None), lambda s: load_sft(s, None, None)])
def test_a_path_that_does_not_exist_is_not_sought_on_the_hub(load):
    with pytest.raises(InputError, match="there is no ./nowhere/at/all"):
        load("./nowhere/at/all")


@pytest.mark.parametrize(
    ("load", "key"),
    [
        (lambda s: load_preferences(s, "train", None), "data.source"),
        (lambda s: load_sft(s, None, None), "model.source"),
    ],
)
def test_an_unreachable_hub_says_what_to_do(monkeypatch, load, key):
    # A closed port of this machine stands for a hub that cannot be reached.
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match=f"{key}: could not load no-one/nothing .*; with no network, download it"):
        load("no-one/nothing")


def test_a_hub_out_of_reach_is_told_once_and_at_once(monkeypatch, tmp_path, capsys):
    import datasets
    import huggingface_hub.constants as constants
    import load_sources

    # A closed port of this machine stands for the hub; what the code switches off is switched on again afterwards.
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    outputs = {name: str(tmp_path / name) for name in ("pairs.jsonl", "sft", "sources.json")}
    with pytest.raises(InputError) as caught:
        load_sources.main(
            ["--data-source", "no-one/pairs", "--data-split", "train", "--data-output", outputs["pairs.jsonl"]]
            + ["--model-source", "no-one/model", "--model-output", outputs["sft"], "--output", outputs["sources.json"]]
        )
    told = str(caught.value)
    assert "\n" not in told and "neither no-one/pairs nor no-one/model" in told
    assert "set data.source and model.source to their folders" in told
    assert "does not answer" in capsys.readouterr().out and constants.HF_HUB_OFFLINE
    assert not any(tmp_path.iterdir())


def test_random_weights_need_config_and_tokenizer_alone(real):
    models = [
        load_sft(str(real / "smollm2-135m-instruct"), None, "<|endoftext|>", random_weights=True)[0] for _ in "ab"
    ]
    first, second = (next(model.parameters()) for model in models)
    assert (first == second).all() and sum(part.numel() for part in models[0].parameters()) == 134_515_008
    with pytest.raises(InputError, match="has no weights"):
        load_sft(str(real / "smollm2-135m-instruct"), None, "<|endoftext|>")


def test_a_base_model_gets_pad_token_and_template(real):
    model, tokenizer = load_sft(str(real / "stories260k"), None, None)
    ids = (tokenizer.unk_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id)
    assert tokenizer.convert_ids_to_tokens(tokenizer.pad_token_id) == "<|pad|>" and tokenizer.pad_token_id not in ids
    assert model.config.pad_token_id == tokenizer.pad_token_id < model.get_input_embeddings().num_embeddings
    assert tokenizer.chat_template
    assert {p.dtype.itemsize for p in model.parameters()} == {4}


def test_what_was_completed_stays_when_saved(real, tmp_path):
    import load_sources
    from transformers import AutoModelForCausalLM, AutoTokenizer

    load_sources.main(
        ["--model-source", str(real / "stories260k"), "--model-output", str(tmp_path / "sft")]
        + ["--output", str(tmp_path / "sources.json")]
    )
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "sft")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "sft")
    assert model.config.pad_token_id == tokenizer.pad_token_id == len(tokenizer) - 1
    assert model.get_input_embeddings().num_embeddings == len(tokenizer)


def test_a_judges_base_is_told_by_its_own_key(tmp_path):
    import load_sources

    given = ["--model-source", str(tmp_path / "none.gguf"), "--model-output", str(tmp_path / "base")]
    with pytest.raises(InputError, match=r"^bases\.gemma\.source: there is no .*/none\.gguf$"):
        load_sources.main([*given, "--model-key", "bases.gemma", "--output", str(tmp_path / "sources.json")])
    with pytest.raises(InputError, match=r"^model\.source: there is no "):
        load_sources.main([*given, "--output", str(tmp_path / "sources.json")])


def test_a_named_pad_token_of_the_vocabulary_adds_nothing(real):
    from transformers import AutoTokenizer

    smollm2 = AutoTokenizer.from_pretrained(real / "smollm2-135m-instruct")
    assert smollm2.pad_token == smollm2.eos_token == "<|im_end|>"  # what must not stay
    model = LlamaForCausalLM(tiny_config(smollm2))
    set_pad_token(smollm2, model, "<|endoftext|>")
    assert smollm2.pad_token_id == model.config.pad_token_id == 0
    assert model.get_input_embeddings().num_embeddings == 49152


def test_padding_with_eos_is_refused(real):
    with pytest.raises(InputError, match="is the EOS token"):
        load_sft(str(real / "stories260k"), None, "</s>")


def test_weights_that_do_not_fill_the_config_are_refused(tokenizer, tmp_path):
    # The library would fill a lost matrix with random numbers and only warn.
    LlamaForCausalLM(tiny_config(tokenizer)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"do not fill its config \(1 lacking, such as model.layers.1.mlp.up_proj"):
        load_sft(str(tmp_path), None, None)


def test_weights_that_are_no_numbers_are_refused(tokenizer, tmp_path):
    model = LlamaForCausalLM(tiny_config(tokenizer))
    model.model.layers[1].mlp.up_proj.weight.data[0, 0] = float("nan")
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="give logits that are not finite numbers"):
        load_sft(str(tmp_path), None, None)


def test_a_model_that_reads_ahead_is_refused(tokenizer, tmp_path):
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), **shape)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="give a causal language model"):
        load_sft(str(tmp_path), None, None)


def test_a_model_that_scales_its_logits_is_refused(tokenizer, tmp_path):
    shape = {name: value for name, value in tiny_config(tokenizer).to_dict().items() if name not in ("model_type",)}
    GraniteForCausalLM(GraniteConfig(**shape, logits_scaling=4.0)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="scales or caps its logits"):
        load_sft(str(tmp_path), None, None)
    # A judge has a head of its own.
    assert load_base(str(tmp_path), None, None)[0].config.logits_scaling == 4.0
