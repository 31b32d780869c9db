import json

import compare_with_trl
import pytest
from conftest import ROOT

from align.reinforce import leave_one_out


@pytest.fixture(scope="module")
def comparison(world):
    compare_with_trl.main(
        ["--model", str(world / "sft"), "--reward-model", str(world / "rm"), "--pairs", str(world / "train.jsonl")]
        + ["--tokens", str(world / "train.parquet")]
        + ["--lock", str(ROOT / "envs" / "requirements.lock"), "--prompts", "12", "--max-new-tokens", "80"]
        + ["--kl-coef", "0.1", "--seed", "1", "--output", str(world / "trl.json")]
    )
    return json.loads((world / "trl.json").read_text())


def test_trls_gradient_is_ours_with_its_baseline(comparison):
    measured = comparison["measured"]
    assert measured["cosine_same_baseline"] == pytest.approx(1.0, abs=1e-5)
    assert measured["norm_same_baseline"] == pytest.approx(1.0, abs=1e-3)
    assert measured["cosine_moving_average"] < 0.999
    assert abs(measured["loss"]) < 1e-5


def test_trl_scores_a_truncated_response_as_a_finished_one(comparison):
    measured = comparison["measured"]
    assert measured["trl_cut"] == pytest.approx(0.0, abs=1e-6) and measured["ours_cut"] > 1e-4
    # Of finished responses both read the same tokens, unless this poor model has sampled a special one on the way.
    assert measured["same_text"] < measured["ours_cut"] / 10


def test_one_response_a_prompt_is_refused_by_trl(comparison):
    assert "at least 2 generations" in comparison["one_sample"]


def test_every_line_is_found_in_the_pinned_version(comparison):
    if comparison["version"] != comparison["pinned"]:
        pytest.skip("another TRL than the lock's is installed")
    assert all(comparison["lines"].values()), comparison["lines"]


def test_a_line_that_is_gone_is_none():
    assert compare_with_trl.find_line(compare_with_trl.RLOOTrainer, "no such text") is None


def test_another_baseline_would_be_seen(comparison, monkeypatch, world):
    # The agreement above is no accident of the measure: the advantage of other groups does not show it.
    def of_wrong_groups(shaped, samples):
        return leave_one_out(shaped.roll(1), samples)

    monkeypatch.setattr(compare_with_trl, "leave_one_out", of_wrong_groups)
    compare_with_trl.main(
        ["--model", str(world / "sft"), "--reward-model", str(world / "rm"), "--pairs", str(world / "train.jsonl")]
        + ["--tokens", str(world / "train.parquet")]
        + ["--lock", str(ROOT / "envs" / "requirements.lock"), "--prompts", "12", "--max-new-tokens", "80"]
        + ["--kl-coef", "0.1", "--seed", "1", "--output", str(world / "wrong.json")]
    )
    assert json.loads((world / "wrong.json").read_text())["measured"]["cosine_same_baseline"] < 0.9
