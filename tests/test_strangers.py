"""What strangers give, models, tokenizers, pairs and configs, is read and never run."""

import json
import pickle
import shlex
import shutil

import pytest
import split_data
import torch
import yaml
from conftest import letter_tokenizer, save_letter_model
from runs import copy_project, snakemake
from test_split_data import make_row
from transformers import LlamaForCausalLM

from align.chat import encode_prompt
from align.errors import InputError
from align.files import read_jsonl
from align.loading import load_sft


@pytest.fixture
def model(tmp_path):
    """A model's folder, beside which no file `ran` may come to be."""
    save_letter_model(tmp_path / "model", LlamaForCausalLM)
    return tmp_path / "model"


def refused(model):
    """The one line that refuses a model; nothing of it was run."""
    with pytest.raises(InputError) as caught:
        load_sft(str(model), None, None)
    assert "\n" not in str(caught.value) and not (model.parent / "ran").exists()
    return str(caught.value)


def change_json(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


class Touch:
    """A pickle that makes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_the_model_is_accepted_as_it_was_saved(model):
    load_sft(str(model), None, None)


def test_pickled_weights_are_refused_and_not_read(model):
    (model / "model.safetensors").unlink()
    torch.save({"weight": Touch(model.parent / "ran")}, model / "pytorch_model.bin")
    assert "is read; convert it where you trust it: model.save_pretrained writes safetensors" in refused(model)
    # The pickle is a live one.
    (model.parent / "plain.bin").write_bytes(pickle.dumps(Touch(model.parent / "ran")))
    pickle.loads((model.parent / "plain.bin").read_bytes()).close()
    assert (model.parent / "ran").exists()


@pytest.mark.parametrize("part", ["AutoModelForCausalLM", "AutoConfig"])
def test_a_models_own_code_is_not_run(model, part):
    (model / "mine.py").write_text(f"open({str(model.parent / 'ran')!r}, 'w')\n")
    change_json(model / "config.json", model_type="mine", auto_map={part: "mine.Mine"})
    assert refused(model).startswith(f"model.source: could not read {model} (")


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ cycler.__init__.__globals__.os.system('touch RAN') }}", "fails (access to attribute '__init__'"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "fails (access to attribute '__class__'"),
        ("{% include '/etc/passwd' %}", "fails (no loader for this environment"),
        ("{{ messages.append(1) }}", "fails (access to attribute 'append'"),
        ("{{ raise_exception('not for you') }}", "fails (not for you)"),
        ("{% for", "fails (unexpected"),
        ("{{ bos_token }}hello", "leaves out what the user says"),
    ],
)
def test_a_chat_template_stays_in_its_sandbox(model, template, told):
    template = template.replace("RAN", str(model.parent / "ran"))
    change_json(model / "tokenizer_config.json", chat_template=template)
    line = refused(model)
    assert line.startswith(f"model.tokenizer: the chat template of {model} ") and told in line


def test_a_tokenizer_of_its_own_code_is_not_run(model, tmp_path):
    other = tmp_path / "tokenizer"
    shutil.copytree(model, other)
    (other / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    change_json(
        other / "tokenizer_config.json", tokenizer_class="Mine", auto_map={"AutoTokenizer": ["mine.Mine", None]}
    )
    with pytest.raises(InputError, match="model.tokenizer: could not read"):
        load_sft(str(model), None, None, tokenizer_source=str(other))
    assert not (tmp_path / "ran").exists()


def test_what_a_config_says_is_never_a_shells_command(tmp_path):
    project = copy_project(tmp_path / "a 'quoted' project")
    evil = 'it\'s "quoted"; touch ran; $(touch ran) `touch ran` & touch ran #'
    save_letter_model(project / evil / "model", LlamaForCausalLM)
    lines = [json.dumps(make_row(f"prompt {i}")) for i in range(9)]
    (project / evil / "pairs.jsonl").write_text("\n".join(lines))
    overlay = {
        "experiment": "strange",
        "report": f"{evil}/report.md",
        "data": {
            "source": f"./{evil}/pairs.jsonl",
            "split": evil,
            "revision": evil,
            "prompt_suffix": evil,
            "validation_prompts": 3,
        },
        "model": {"source": f"./{evil}/model", "tokenizer": f"./{evil}/model", "pad_token": evil, "revision": evil},
    }
    (project / "strange.yaml").write_text(yaml.safe_dump(overlay))
    printed = snakemake(project, "--dry-run", "--printshellcmds", "--forceall", "--configfile", "strange.yaml")
    told = [shlex.split(line) for line in printed.splitlines() if "--report-output" in line]
    assert [words[words.index("--report-output") + 1] for words in told] == [f"{evil}/report.md"]
    snakemake(project, "--configfile", "strange.yaml", "--", "results/strange/data/tokens/train.parquet")
    row = json.loads((project / "results/strange/data/train.jsonl").read_text().splitlines()[0])
    assert row["chosen"][0]["content"].endswith(evil)
    assert not list(tmp_path.rglob("ran"))


@pytest.mark.parametrize(
    "text",
    [
        "\x00\x07\x1b[31m",
        "\u202egnp.exe\u2066",
        "\ud83d\ude00 e\u0301 \ufeff",
        "a\r\n\tb",
        "</script><b>&amp;",
        "x" * 10**6,
    ],
    ids=["control", "right to left", "emoji", "line ends", "html", "a million letters"],
)
def test_strange_text_goes_through_split_and_tokens_as_it_is(tmp_path, text):
    text = text.encode("utf-16", "surrogatepass").decode("utf-16")
    rows = [make_row(f"{i} {text}") | {"fold": ["train", "judge", "validation"][i % 3]} for i in range(3)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    outputs = {fold: str(tmp_path / f"{fold}.jsonl") for fold in ("train", "judge", "validation")}
    flags = [word for fold, path in outputs.items() for word in (f"--{fold}-output", path)]
    split_data.main(
        ["--preferences", str(tmp_path / "rows.jsonl"), "--validation-prompts", "1", "--judge-share", "0.5"]
        + ["--split-seed", "0", *flags, "--summary-output", str(tmp_path / "split.json")]
    )
    (row,) = read_jsonl(outputs["train"])
    assert row["chosen"][0]["content"] == f"0 {text}"
    tokenizer = letter_tokenizer("{% for m in messages %}{{ m['content'] }}{% endfor %}")
    assert len(encode_prompt(tokenizer, row["chosen"][:1])) == len(f"0 {text}")
