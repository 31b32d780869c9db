"""Fixtures that several tests share: a tiny chat model, built once, and folders of real files where they exist."""

import shutil
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "real"


@pytest.fixture(scope="session")
def tokenizer():
    """Pocket's own tokenizer over a few words, with its ChatML template."""
    from pocket.tokenizer import make_tokenizer

    return make_tokenizer(["please name two fruits apple pear plum , and . a b c d"])


def tiny_config(tokenizer, seed: int = 0, **more):
    """Shape of a Llama of some thousand parameters; seeds torch, so that weights made next are always the same."""
    from transformers import LlamaConfig

    torch.manual_seed(seed)
    config = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 64,
        "initializer_range": 0.3,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": False,
    }
    return LlamaConfig(**(config | more))


def letter_tokenizer(template: str | None = None):
    """A tokenizer of another make than pocket's: its words are letters, and it comes without a chat template."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {word: i for i, word in enumerate(["<pad>", "</s>", "<unk>", *map(chr, range(32, 127)), "\n"])}
    letters = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    letters.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), behavior="isolated")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=letters, unk_token="<unk>", pad_token="<pad>", eos_token="</s>"
    )
    tokenizer.chat_template = template
    return tokenizer


def save_letter_model(folder, model_class, template: str | None = None, context: int = 512) -> None:
    """A random model of that make, of a class of transformers, with its tokenizer."""
    tokenizer = letter_tokenizer(template)
    model_class(tiny_config(tokenizer, seed=2, max_position_embeddings=context, num_labels=1)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="session")
def policy(tokenizer):
    from transformers import LlamaForCausalLM

    config = tiny_config(tokenizer)
    return LlamaForCausalLM(config).eval()


@pytest.fixture(scope="session")
def reward_model(tokenizer):
    from transformers import LlamaForSequenceClassification

    config = tiny_config(tokenizer, seed=1, num_labels=1)
    return LlamaForSequenceClassification(config).eval()


@pytest.fixture(scope="session")
def real():
    """The folder of real files beside the project."""
    if not REAL.is_dir():
        pytest.skip(f"no real files at {REAL}")
    return REAL


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """The folder of a tiny pocket, made once: tests add to it, under names of their own."""
    from tiny_world import make_world

    path = tmp_path_factory.mktemp("world")
    make_world(path)
    return path


@pytest.fixture(scope="session")
def notebook(tmp_path_factory):
    """A copy of the project, and the notebook that ran the smoke experiment in it, as on Colab."""
    import nbformat
    from nbclient import NotebookClient
    from runs import copy_project

    project = copy_project(tmp_path_factory.mktemp("smoke") / "project")
    folder = project / "workflow" / "notebooks"
    cells = nbformat.read(folder / "colab.ipynb", as_version=4)
    (parameters,) = (cell for cell in cells.cells if "parameters" in cell.metadata.get("tags", []))
    parameters.source = 'EXPERIMENT, REPOSITORY, INSTALL = "smoke", "", False'
    NotebookClient(cells, timeout=None, resources={"metadata": {"path": str(folder)}}).execute()
    return project, cells


@pytest.fixture(scope="session")
def project(notebook):
    """A copy of the project in which the smoke experiment has run."""
    return notebook[0]


@pytest.fixture
def fork(project, tmp_path):
    """A copy of the project with its results, for a test that changes them."""
    return shutil.copytree(project, tmp_path / "project")


# In several processes (pytest-xdist) a file's tests stay in one of them, and so do these: they share the smoke run.
SMOKE = {"test_notebook.py", "test_rebuilds.py", "test_rows.py", "test_workflow.py"}
# Each begins with a run of the whole workflow, of minutes: they come first.
LONG = ["smoke", "test_real_input.py", "test_instructions_workflow.py"]


def group_of(nodeid):
    file = nodeid.split("::")[0].split("/")[-1]
    return "smoke" if file in SMOKE else file


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONG.index(group_of(item.nodeid)) if group_of(item.nodeid) in LONG else len(LONG))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """By groups of files: the marks that pytest-xdist has for that do nothing with pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    class GroupScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group_of(nodeid)

    return GroupScheduling(config, log)
