"""The measures of simplicity by hand, and that they count what there is."""

import dataclasses
import json

import measure_methods
import pandas as pd
import pytest
from conftest import ROOT

from align.actor_critic import CRITIC_METHODS
from align.errors import InputError
from align.reinforce import METHODS
from align.training_step import Models

SOURCE = '''
@decorated
def first(x):
    """One line.

    And more.
    """
    # A comment.

    return (
        x  # kept
    )


class Second:
    """Its docstring."""

    def third(self):
        """Another."""
        return "#"
'''


def test_lines_of_code_by_hand():
    # def, return (, x, ); class, def, return.
    assert measure_methods.count_lines(SOURCE, "first") == 4
    assert measure_methods.count_lines(SOURCE, "Second") == 3
    with pytest.raises(InputError, match="define no fourth"):
        measure_methods.count_lines(SOURCE, "fourth")


def test_every_method_is_measured_by_definitions_that_there_are():
    scripts = ROOT / "workflow" / "scripts"
    files = {path.stem: path.read_text() for folder in (scripts / "align", scripts) for path in folder.glob("*.py")}
    assert set(measure_methods.PARTS) == set(measure_methods.MODELS) == {*METHODS, *CRITIC_METHODS, "dpo"}
    for parts in measure_methods.PARTS.values():
        for part in parts:
            module, name = part.split(".")
            assert measure_methods.count_lines(files[module], name) > 0
    # All that a training loads but the tokenizer.
    loaded = [field.name for field in dataclasses.fields(Models) if field.name != "tokenizer"]
    assert len(measure_methods.MODELS["ppo"]) == len(loaded) == 4


def test_passes_by_hand():
    # Sampling, reference, reward model, the policy's gradient.
    assert measure_methods.passes_a_token("reinforce") == measure_methods.passes_a_token("rloo") == 1 + 1 + 1 + 3
    # And what policy and critic said, and the critic's gradient; PPO once more for each further pass.
    assert measure_methods.passes_a_token("vanilla_pg") == 6 + 2 + 3
    assert measure_methods.passes_a_token("ppo", epochs=4) == 3 + 2 + 4 * (3 + 3)
    assert measure_methods.passes_a_token("dpo") == 1 + 3


def test_a_table_from_two_runs(tmp_path):
    fold = pd.DataFrame({"prompt_id": ["p", "q"], "prompt_ids": [[1, 2], [3]]})
    fold = fold.assign(chosen_ids=[[1, 2, 3], [1]], rejected_ids=[[1], [1]])
    fold.to_parquet(tmp_path / "fold.parquet")
    # 2 + 3 and 1 + 1 tokens: 3.5 a text.
    rollouts = pd.DataFrame({"prompt_id": ["p", "q"], "response_ids": [[5, 6, 7], [5]]})
    arms, words = [], {"--runs": [], "--metrics": [], "--rollouts": [], "--benchmarks": []}
    for method, speeds in (("rloo", [1.0, 4.0, 8.0, 2.0]), ("dpo", [1.0, 16.0])):
        settings = {"steps": 10, "batch_size": 8, "learning_rate": 0.1}
        arms.append({"name": f"an_{method}", "method": method, "settings": settings})
        pd.DataFrame({"step": range(len(speeds)), "samples_per_second": speeds}).to_csv(tmp_path / f"{method}.csv")
        rollouts.to_parquet(tmp_path / f"{method}.parquet")
        (tmp_path / f"{method}.tsv").write_text("s\tmax_rss\n12.5\t300\n")
        for flag, value in zip(
            words, (f"an_{method}", *(tmp_path / f"{method}.{e}" for e in ("csv", "parquet", "tsv")))
        ):
            words[flag].append(str(value))
    sources = [*(ROOT / "workflow/scripts/align").glob("*.py"), ROOT / "workflow/scripts/train_dpo.py"]
    flags = [word for flag, values in words.items() for word in (flag, *values)]
    measure_methods.main(
        ["--arms", json.dumps(arms), "--sources", *map(str, sources), *flags]
        + ["--tokens", str(tmp_path / "fold.parquet"), "--output", str(tmp_path / "methods.csv")]
    )
    table = pd.read_csv(tmp_path / "methods.csv").set_index("arm")
    assert table["method"].tolist() == ["rloo", "dpo"] and table["settings"].tolist() == [3, 3]
    assert table["models"].tolist() == [3, 2] and table["passes_a_token"].tolist() == [6, 4]
    # The first step is left out; median speeds of 4 and 16 a second.
    assert table["seconds_a_step"].tolist() == [2.0, 0.5]
    assert table["million_token_passes"].tolist() == pytest.approx([6 * 3.5 * 80 / 1e6, 4 * (1.5 + 1.5) * 80 / 1e6])
    assert table.loc["an_rloo", ["texts", "seconds", "max_rss_mb"]].tolist() == [80, 12.5, 300]
