"""Reward models that learn from tied pairs, trained for real on a tiny world; and that no other sees these pairs."""

import math

import make_pocket
import numpy as np
import pandas as pd
import pytest
import split_data
import tokenize_data
import torch
import train_reward_model
import train_sft
from safetensors.torch import load_file
from test_training import kill_midway, weights
from tiny_world import reward_flags, sft_flags

from align.errors import InputError
from align.files import read_json, read_jsonl
from align.losses import log_davidson_outcomes, log_rating_outcomes
from align.reward_models import load_scorer
from align.tables import read_pairs, read_preferred, read_prompts


def make_folds(path, *more):
    """Folds of a tiny pocket, tokenised, beside its SFT model."""
    outputs = [flag for fold in split_data.FOLDS for flag in (f"--{fold}-output", str(path / f"{fold}.jsonl"))]
    split_data.main(
        ["--preferences", str(path / "preferences.jsonl"), "--validation-prompts", "40", "--judge-share", "0.3"]
        + ["--split-seed", "0", *more, *outputs, "--summary-output", str(path / "split.json")]
    )
    for fold in ("train", "validation"):
        tokenize_data.main(
            ["--model", str(path / "sft"), "--pairs", str(path / f"{fold}.jsonl"), "--max-prompt-tokens", "64"]
            + ["--max-pair-tokens", "128", "--split-seed", "0", "--output", str(path / f"{fold}.parquet")]
            + ["--summary-output", str(path / f"{fold}.json")]
        )


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """The same pairs, with their ties and without, and a reward model of each kind on those with ties."""
    tied, plain = tmp_path_factory.mktemp("tied"), tmp_path_factory.mktemp("plain")
    for path in (tied, plain):
        make_pocket.main(
            ["--world-seed", "0", "--pairs", "300", "--demonstrations", "40"]
            + ["--preferences-output", str(path / "preferences.jsonl")]
            + ["--demonstrations-output", str(path / "demonstrations.jsonl")]
        )
        train_sft.main(sft_flags(path, "sft", "state-sft"))
    make_folds(tied, "--keep-ties")
    make_folds(plain)
    train_reward_model.main(reward_flags(tied, "scalar_ties", "--ties"))
    train_reward_model.main(reward_flags(tied, "ratings_ties", "--ties", "--head", "ratings"))
    return tied, plain


def test_who_does_not_ask_for_ties_never_sees_one(worlds):
    tied, plain = worlds
    for fold in ("train", "validation"):
        with_ties, without = (pd.read_parquet(path / f"{fold}.parquet") for path in worlds)
        assert 0 < with_ties["tie"].sum() == len(with_ties) - len(without)
        assert read_pairs(tied / f"{fold}.parquet").drop(columns="tie").equals(without)
        for read in (read_prompts, read_preferred):
            assert read(tied / f"{fold}.parquet").equals(read(plain / f"{fold}.parquet"))
        summaries = [read_json(path / f"{fold}.json") for path in worlds]
        ties = summaries[0].pop("ties")
        assert summaries[0] == summaries[1]
        assert ties["kept_pairs"] == with_ties["tie"].sum() and ties["pairs"] >= ties["kept_pairs"]
        # As large a share of the ties goes with the pairs that are balanced in length.
        tied_rows = with_ties[with_ties["tie"]]
        assert tied_rows["balanced"].sum() == round(without["balanced"].mean() * len(tied_rows))


@pytest.mark.parametrize("head", ["scalar", "ratings"])
def test_a_plain_reward_model_has_the_same_bytes_beside_ties(worlds, head):
    for path in worlds:
        train_reward_model.main(reward_flags(path, f"plain-{head}", "--head", head))
    tied, plain = worlds
    assert weights(tied / f"plain-{head}") == weights(plain / f"plain-{head}")
    scores = read_pairs(tied / f"plain-{head}_validation.parquet")
    same = pd.read_parquet(plain / f"plain-{head}_validation.parquet")
    # Padding differs where ties are scored beside them.
    assert np.allclose(scores["log_preference"], same["log_preference"], atol=1e-5)
    assert "log_tie" not in same
    # A distribution says how likely a tie is, asked or not; a scalar without the parameter does not.
    assert ("log_tie" in scores) == (head == "ratings")


def test_the_tie_parameter_starts_at_the_raters_share_is_learned_and_is_saved(worlds):
    tied, plain = worlds
    log_nu = load_file(tied / "scalar_ties" / "model.safetensors")["score.log_nu"]
    share = pd.read_parquet(tied / "train.parquet")["tie"].mean()
    start = math.log(2 * share / (1 - share))
    assert log_nu.shape == () and 1e-5 < abs(log_nu.item() - start) < 0.1
    # Two responses of one reward then tie as often as the raters did.
    outcome = log_davidson_outcomes(torch.zeros(1), torch.zeros(1), torch.tensor(start))
    assert outcome[0, 1].exp().item() == pytest.approx(share)
    assert "score.log_nu" not in load_file(tied / "ratings_ties" / "model.safetensors")


@pytest.mark.parametrize("kind", ["scalar_ties", "ratings_ties"])
def test_validation_pairs_have_the_probabilities_of_their_outcomes(worlds, kind):
    tied, _ = worlds
    scores = pd.read_parquet(tied / f"{kind}_validation.parquet")
    chosen, rejected = (torch.tensor(np.stack(scores[f"{side}_outputs"])) for side in ("chosen", "rejected"))
    if kind == "scalar_ties":
        log_nu = load_file(tied / kind / "model.safetensors")["score.log_nu"]
        outcomes = log_davidson_outcomes(chosen[:, 0], rejected[:, 0], log_nu)
    else:
        outcomes = log_rating_outcomes(chosen, rejected)
    assert np.allclose(scores[["log_win", "log_tie"]], outcomes[:, :2], atol=1e-5)
    # Those that are marked are those that the raters tied.
    rows = {row["prompt_id"]: row for row in read_jsonl(tied / "validation.jsonl")}
    said = [rows[prompt]["chosen_rating"] == rows[prompt]["rejected_rating"] for prompt in scores["prompt_id"]]
    assert scores["tie"].tolist() == said


@pytest.mark.parametrize("kind", ["scalar_ties", "ratings_ties"])
def test_a_model_that_knows_ties_scores_like_any_other(worlds, kind):
    tied, _ = worlds
    pairs = pd.read_parquet(tied / "validation.parquet").rename(columns={"chosen_ids": "response_ids"})
    outputs = load_scorer(str(tied / kind), 16)(pairs)
    saved = np.stack(pd.read_parquet(tied / f"{kind}_validation.parquet")["chosen_outputs"])
    assert np.allclose(outputs, saved, atol=1e-5)


def test_the_loss_is_that_of_what_raters_said(worlds):
    # At a learning rate of nothing the loss of a step is that of its pairs under the model as it starts.
    tied, _ = worlds
    flags = reward_flags(
        tied, "still", "--ties", "--head", "ratings", "--learning-rate", "1e-12", "--batch-size", "400"
    )
    train_reward_model.main([*flags, "--micro-batch-size", "400", "--validation-tokens", str(tied / "train.parquet")])
    scores = pd.read_parquet(tied / "still_validation.parquet")
    assert len(scores) < 400  # one step holds them all
    expected = -np.where(scores["tie"], scores["log_tie"], scores["log_win"]).mean()
    assert scores["training_nll"].iloc[0] == pytest.approx(expected, abs=1e-4)


def test_a_killed_training_with_ties_ends_with_the_same_bytes(worlds):
    tied, _ = worlds
    flags = reward_flags(tied, "killed", "--ties")
    kill_midway("train_reward_model.py", flags, tied / "state-killed")
    train_reward_model.main(flags)
    assert weights(tied / "killed") == weights(tied / "scalar_ties")


def test_ties_that_are_not_there_are_missed(worlds):
    _, plain = worlds
    with pytest.raises(InputError, match="no pairs are tied; set data.keep_ties to true, or ties of scalar to false"):
        train_reward_model.main(reward_flags(plain, "none", "--ties"))
    assert not (plain / "none").exists()
