import json

import pytest
from conftest import tiny_config
from test_split_data import make_row
from transformers import LlamaForCausalLM

from align.errors import InputError
from align.loading import load_preferences, load_sft, set_pad_token


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


def test_a_misspelt_split_names_the_real_ones(folder):
    with pytest.raises(InputError, match="it has train, validation; did you mean 'validation'?"):
        load_preferences(str(folder), "valdation", None)


def test_missing_columns_are_named(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"prompt": "a", "answer": "b"}\n')
    with pytest.raises(InputError, match="lacks the columns chosen, rejected, chosen_rating, rejected_rating"):
        load_preferences(str(tmp_path / "x.jsonl"), None, None)


def test_an_unreadable_file_is_named(tmp_path):
    (tmp_path / "x.txt").write_text("hello")
    with pytest.raises(InputError, match="cannot read '.txt'"):
        load_preferences(str(tmp_path / "x.txt"), None, None)


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


def test_a_base_model_gets_pad_token_and_template(real):
    model, tokenizer = load_sft(str(real / "stories260k"), None, None)
    ids = (tokenizer.unk_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id)
    assert tokenizer.convert_ids_to_tokens(tokenizer.pad_token_id) == "<|pad|>" and tokenizer.pad_token_id not in ids
    assert model.config.pad_token_id == tokenizer.pad_token_id < model.get_input_embeddings().num_embeddings
    assert tokenizer.chat_template
    assert {p.dtype.itemsize for p in model.parameters()} == {4}


def test_what_was_completed_stays_when_saved(real, tmp_path):
    import load_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    load_model.main(["--source", str(real / "stories260k"), "--output", str(tmp_path / "sft")])
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "sft")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "sft")
    assert model.config.pad_token_id == tokenizer.pad_token_id == len(tokenizer) - 1
    assert model.get_input_embeddings().num_embeddings == len(tokenizer)


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
