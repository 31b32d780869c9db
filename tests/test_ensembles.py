"""Ensembles of reward models, trained for real on a tiny world: which models they hold, and what is made of them."""

import math
import re

import numpy as np
import pandas as pd
import pytest
import torch
import train_policy
import train_reward_model
from conftest import ROOT
from runs import snakemake
from test_training import kill_midway, weights
from tiny_world import policy_flags, reward_flags

from align.errors import InputError
from align.reward_models import Ensemble, load_reward_model, load_scorer
from align.seeds import derive_seed
from align.signals import mean_and_deviation


@pytest.fixture(scope="module", params=["scalar", "ratings"])
def ensemble(request, world):
    """Three members of a head, and two models of the seeds that the first two should have."""
    head = request.param
    seeds = {"one": "1", "two": str(derive_seed(1, "member", 2))}
    for name, seed in seeds.items():
        train_reward_model.main(reward_flags(world, f"{head}_{name}", "--head", head, "--seed", seed))
    train_reward_model.main(reward_flags(world, f"{head}_all", "--head", head, "--members", "3"))
    return world, head


def test_members_are_the_single_models_of_their_seeds_to_the_byte(ensemble):
    world, head = ensemble
    first, second, third = (weights(world / f"{head}_all" / f"member{n}") for n in (1, 2, 3))
    assert first == weights(world / f"{head}_one") and second == weights(world / f"{head}_two")
    assert third not in (first, second)


def test_a_loaded_ensemble_gives_every_members_outputs(ensemble):
    world, head = ensemble
    assert isinstance(load_reward_model(str(world / f"{head}_all")), Ensemble)
    table = pd.read_parquet(world / "validation.parquet").rename(columns={"chosen_ids": "response_ids"})
    outputs = load_scorer(str(world / f"{head}_all"), 16)(table)
    assert outputs.shape == (len(table), 3, 1 if head == "scalar" else 10)
    for member, name in enumerate(("one", "two")):
        assert torch.equal(outputs[:, member], load_scorer(str(world / f"{head}_{name}"), 16)(table))


def test_pairs_have_the_members_mean_probability(ensemble):
    world, head = ensemble
    scores = pd.read_parquet(world / f"{head}_all_validation.parquet")
    members = np.stack(scores["member_preferences"])
    single = [pd.read_parquet(world / f"{head}_{name}_validation.parquet") for name in ("one", "two")]
    assert members.shape == (len(scores), 3)
    assert (members[:, 0] == single[0]["log_preference"]).all() and (members[:, 1] == single[1]["log_preference"]).all()
    assert np.allclose(np.exp(scores["log_preference"]), np.exp(members).mean(axis=1), atol=1e-6)
    outputs = np.stack(scores["chosen_outputs"])
    assert outputs.shape == (len(scores), 1 if head == "scalar" else 10)
    if head == "ratings":
        mean, deviation = mean_and_deviation(torch.tensor(outputs, dtype=torch.float32))
        assert np.allclose(scores["chosen_mean"], mean, atol=1e-5)
        assert np.allclose(scores["chosen_deviation"], deviation, atol=1e-4)


def test_scores_of_members_are_joined_by_hand():
    one = {"chosen_outputs": [[1.0]], "rejected_outputs": [[0.0]], "log_preference": [math.log(0.8)]}
    two = {"chosen_outputs": [[4.0]], "rejected_outputs": [[1.0]], "log_preference": [math.log(0.4)]}
    tables = [pd.DataFrame(row | {"training_nll": nll}) for row, nll in ((one, 0.5), (two, 0.7))]
    joined = train_reward_model.join_members(tables).iloc[0]
    assert joined["chosen_outputs"] == [2.5] and joined["rejected_outputs"] == [0.5]
    assert math.exp(joined["log_preference"]) == pytest.approx(0.6)
    assert joined["training_nll"] == pytest.approx(0.6)
    assert joined["member_preferences"] == (math.log(0.8), math.log(0.4))


def test_a_policy_learns_from_an_ensemble_and_doubt_changes_what(ensemble):
    world, head = ensemble
    signal = ["--signal", "reward" if head == "scalar" else "win", "--reward-model", str(world / f"{head}_all")]
    for name, more in (("calm", []), ("doubtful", ["--doubt-aversion", "1.0"])):
        train_policy.main(policy_flags(world, f"{head}_{name}", *signal, *more))
    calm, doubtful = (pd.read_parquet(world / f"{head}_{name}.parquet") for name in ("calm", "doubtful"))
    # The first step's responses are SFT's own; they are rewarded otherwise.
    first = [table[table["step"] == 1] for table in (calm, doubtful)]
    assert first[0]["response"].equals(first[1]["response"])
    assert not np.allclose(first[0]["reward"], first[1]["reward"], atol=0.01)


def test_a_killed_ensemble_ends_with_the_same_bytes(ensemble):
    world, head = ensemble
    flags = reward_flags(world, f"{head}_killed", "--head", head, "--members", "3")
    kill_midway("train_reward_model.py", flags, world / f"state-{head}_killed")
    train_reward_model.main(flags)
    for member in ("member1", "member2", "member3"):
        assert weights(world / f"{head}_killed" / member) == weights(world / f"{head}_all" / member)


def test_an_ensemble_of_none_is_refused(world):
    with pytest.raises(InputError, match="members of scalar is 0"):
        train_reward_model.main(reward_flags(world, "none", "--members", "0"))
    assert not (world / "none").exists()


def test_only_ensembles_ask_for_members_and_only_doubtful_arms_for_doubt():
    plan = snakemake(
        ROOT, "--dry-run", "--printshellcmds", "--forceall", "--configfile", "workflow/experiments/pessimism.yaml"
    )
    asking = set(re.findall(r"train_reward_model\.py .*--kind (\w+) .* --members 3 ", plan))
    assert asking == {"scalar_ensemble", "ratings_ensemble"}
    doubtful = set(re.findall(r"train_policy\.py .*--arm (\w+) .* --doubt-aversion 1.0 ", plan))
    assert doubtful == {"doubt_reward", "doubt_win", "doubt_reward_free", "doubt_win_free"}
    assert re.search(r"measure_overoptimisation\.py .* --collapse 1.0 --window 16 ", plan)
    default = snakemake(ROOT, "--dry-run", "--printshellcmds", "--forceall")
    assert "train_policy.py" in default and not re.search("--members|--doubt-aversion|measure_overopt", default)


@pytest.mark.parametrize(
    "overlay, message",
    [
        ("arms: {level1_scalar: {doubt_aversion: 1.0}}", "level1_scalar.doubt_aversion: 'scalar' is a single model"),
        ("reward_models: {scalar: {members: 3}}", "TRL's trainer is compared on its reward model, which must be a"),
        ("reward_models: {judge: {members: 3}}", "reward_models.judge.members: judges are single models"),
        ("reward_models: {ratings: {members: 1}}", "1 is less than the minimum of 2"),
    ],
)
def test_ensembles_that_cannot_be_are_refused_before_anything_runs(tmp_path, overlay, message):
    (tmp_path / "overlay.yaml").write_text(overlay)
    said = snakemake(ROOT, "--dry-run", "--configfile", str(tmp_path / "overlay.yaml"), check=False)
    assert message in " ".join(said.split())
