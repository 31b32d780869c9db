"""The trainings, run for real on a tiny world: what they change and leave, and that being killed costs nothing."""

import contextlib
import re
import subprocess
import sys
from argparse import Namespace

import numpy as np
import pandas as pd
import pytest
import torch
import train_policy
import train_reward_model
import train_sft
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from conftest import ROOT
from safetensors.torch import load_file
from tiny_world import policy_flags, reward_flags, sft_flags

from align import training_step
from align.errors import InputError
from align.files import read_json
from align.losses import rating_loss
from align.resume import load_state, save_state
from align.reward_models import load_scorer
from align.rollout import TokenLogps
from align.tables import read_pairs


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


def kill_midway(script, flags, state):
    """Run a script as its own process and kill it, without warning, once it has saved a state."""
    process = subprocess.Popen([sys.executable, str(ROOT / "workflow" / "scripts" / script), *flags])
    try:
        while process.poll() is None:
            # Folders come and go under the search.
            with contextlib.suppress(FileNotFoundError):
                if any(state.glob("*/newest/progress.json")) or any(state.rglob("checkpoint-*/trainer_state.json")):
                    process.kill()
                    return
    finally:
        process.wait()
    raise AssertionError("it ended before it could be killed")


def test_the_policy_moves_and_starts_from_sft(world):
    sft, policy = (load_file(world / name / "model.safetensors") for name in ("sft", "policy"))
    assert sft.keys() == policy.keys()  # a language model's weights, not a reward model's
    moved = max((sft[name] - policy[name]).abs().max().item() for name in sft)
    # Six AdamW steps of at most 1e-3 each.
    assert 1e-4 < moved < 0.01
    metrics = pd.read_csv(world / "policy.csv")
    # At step 1 the policy is SFT itself: no KL yet, and the baseline is the references' mean, 0.
    assert metrics["kl"].iloc[0] == pytest.approx(0.0, abs=1e-5)
    assert metrics["kl"].abs().iloc[-1] > 1e-4
    assert metrics["baseline"].iloc[0] == 0.0


def test_the_logged_baseline_is_the_mean_of_earlier_shaped_rewards(world):
    metrics = pd.read_csv(world / "policy.csv")
    shaped = metrics["shaped_reward"]
    assert shaped.to_list() == pytest.approx((metrics["reward"] - 0.1 * metrics["kl"]).to_list(), abs=1e-4)
    for step in range(1, len(metrics)):
        assert metrics["baseline"].iloc[step] == pytest.approx(shaped.iloc[:step].mean(), abs=1e-4)


def test_rollouts_are_kept_for_every_step(world):
    rollouts = pd.read_parquet(world / "policy.parquet")
    assert rollouts["step"].value_counts().to_dict() == {step: 8 for step in range(1, 7)}
    metrics = pd.read_csv(world / "policy.csv")
    assert rollouts.groupby("step")["reward"].mean().to_list() == pytest.approx(metrics["reward"].to_list(), abs=1e-4)


def test_the_scale_is_fitted_on_responses_that_are_not_compared_with(world):
    # As rewards are given: each response against the three that are compared with, none against its own group.
    train_policy.main(policy_flags(world, "scaled", "--signal", "centred", "--steps", "1"))
    table = pd.read_parquet(world / "references.parquet")
    table = table.assign(reward=load_scorer(str(world / "rm"), 16)(table)[:, 0].tolist())
    compared = table[table["sample"] < 3].groupby("prompt_id")["reward"].mean()
    others = table[table["sample"] >= 3]
    signal = others["reward"] - others["prompt_id"].map(compared)
    scale = read_json(world / "scaled.json")
    assert scale["mean"] == pytest.approx(signal.mean(), abs=1e-5)
    assert scale["deviation"] == pytest.approx(signal.groupby(others["prompt_id"]).var().mean() ** 0.5, rel=1e-4)


def test_policies_train_on_training_prompts_only(world):
    trained = set(pd.read_parquet(world / "policy.parquet")["prompt_id"])
    assert trained <= set(pd.read_parquet(world / "train.parquet")["prompt_id"])
    assert not trained & set(pd.read_parquet(world / "validation.parquet")["prompt_id"])


def test_a_zero_learning_rate_leaves_sft_to_the_bit(world):
    train_policy.main(policy_flags(world, "still", "--learning-rate", "0"))
    assert weights(world / "still") == weights(world / "sft")


def read_weights(folder):
    parts = load_file(folder / "model.safetensors")
    return torch.cat([parts[key].flatten() for key in sorted(parts)])


def read_training(world, name):
    return pd.read_parquet(world / f"{name}.parquet"), read_weights(world / name)


def test_micro_batches_change_memory_and_not_the_policy(world):
    train_policy.main(policy_flags(world, "parts", "--micro-batch-size", "3", "--generation-batch-size", "5"))
    (rollouts, policy), (as_whole, whole) = read_training(world, "parts"), read_training(world, "policy")
    assert rollouts["response_ids"].map(list).tolist() == as_whole["response_ids"].map(list).tolist()
    torch.testing.assert_close(policy, whole, atol=1e-5, rtol=0)


def test_a_policy_that_outgrows_the_gpu_goes_on_in_smaller_parts(world, monkeypatch, capsys):
    def two_at_most(self, prompts, responses, forward=TokenLogps.forward):
        if len(prompts) > 2:
            raise torch.OutOfMemoryError
        return forward(self, prompts, responses)

    monkeypatch.setattr(TokenLogps, "forward", two_at_most)
    train_policy.main(policy_flags(world, "outgrown"))
    assert "out of GPU memory: a micro-batch of 2 instead of 4" in capsys.readouterr().out
    (rollouts, policy), (as_whole, whole) = read_training(world, "outgrown"), read_training(world, "policy")
    assert rollouts["response"].tolist() == as_whole["response"].tolist()
    torch.testing.assert_close(policy, whole, atol=1e-5, rtol=0)


def test_sampling_that_outgrows_the_gpu_goes_on_with_fewer_at_once(world, monkeypatch, capsys):
    def three_at_most(model, tokenizer, prompts, *rest, generate=training_step.generate, **more):
        if len(prompts) > 3:
            raise torch.OutOfMemoryError
        return generate(model, tokenizer, prompts, *rest, **more)

    monkeypatch.setattr(training_step, "generate", three_at_most)
    train_policy.main(policy_flags(world, "crowded"))
    out = capsys.readouterr().out
    # What is learned from at once fits, and stays.
    assert "a generation batch of 2 instead of 4" in out and "micro-batch" not in out
    (rollouts, policy), (as_whole, whole) = read_training(world, "crowded"), read_training(world, "policy")
    assert rollouts["response"].tolist() == as_whole["response"].tolist()
    torch.testing.assert_close(policy, whole, atol=1e-5, rtol=0)


def test_mixed_precision_trains_the_policy_that_it_samples(world, monkeypatch):
    # A CPU has bf16 autocast, as a GPU has fp16: the same contexts, though not the scaler.
    monkeypatch.setattr("train_policy.resolve_precision", lambda wanted: "bf16")
    AcceleratorState._reset_state()  # one process has one precision
    try:
        train_policy.main(policy_flags(world, "mixed", "--precision", "bf16"))
    finally:
        AcceleratorState._reset_state()
    metrics = pd.read_csv(world / "mixed.csv")
    # At the first step policy and reference are one model, in one precision: no KL, and later little.
    assert metrics["kl"].iloc[0] == 0 and metrics["kl"].abs().max() < 5
    assert metrics["grad_norm"].gt(0).all()
    (mixed, sft, full) = (read_weights(world / name) for name in ("mixed", "sft", "policy"))
    # Master weights are fp32: most steps of 1e-3 would be lost between bf16 numbers.
    assert mixed.dtype == torch.float32 and (mixed.bfloat16().float() != mixed).any()
    assert (mixed - sft).norm() > 0.5 * (full - sft).norm()


def test_a_gpu_too_small_for_one_response_is_told_in_a_line(world, monkeypatch):
    def none_at_all(*_):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(TokenLogps, "forward", none_at_all)
    with pytest.raises(InputError, match="does not hold a micro-batch of 1.* lower lengths"):
        train_policy.main(policy_flags(world, "tiny"))


def test_an_optimizer_that_does_not_fit_is_not_tried_again(world, monkeypatch):
    def no_room(*_, **__):
        raise torch.OutOfMemoryError

    monkeypatch.setattr("torch.optim.AdamW.step", no_room)
    with pytest.raises(InputError, match="step 1: the GPU's memory does not hold the optimizer's state"):
        train_policy.main(policy_flags(world, "no-room"))


def test_a_reward_model_that_outgrows_the_gpu_goes_on_in_smaller_parts(world, monkeypatch, capsys):
    seen = []

    def four_pairs_at_most(self, model, inputs, *rest, step=train_reward_model.PreferenceTrainer.training_step):
        seen.append(len(inputs["input_ids"]) // 2)
        if seen[-1] > 4:
            raise torch.OutOfMemoryError
        return step(self, model, inputs, *rest)

    monkeypatch.setattr("train_reward_model.PreferenceTrainer.training_step", four_pairs_at_most)
    train_reward_model.main(reward_flags(world, "rm-outgrown"))
    out = capsys.readouterr().out
    assert "a micro-batch of 4 instead of 8" in out
    pairs = len(pd.read_parquet(world / "train.parquet"))
    # Still 16 pairs a step.
    assert sum(seen[1:]) == pairs and f"step {-(-pairs // 16)}/{-(-pairs // 16)}" in out


def test_steps_that_fp16_skips_are_counted(world, monkeypatch, capsys):
    from accelerate.optimizer import AcceleratedOptimizer

    train_reward_model.main(reward_flags(world, "rm-taken"))
    assert "skipped" not in capsys.readouterr().out
    # Without a GPU there is no scaler: what it says to the trainer is put in its mouth.
    monkeypatch.setattr(AcceleratedOptimizer, "step_was_skipped", property(lambda self: True))
    train_reward_model.main(reward_flags(world, "rm-skipped"))
    steps = -(-len(pd.read_parquet(world / "train.parquet")) // 16)
    assert f"[reward model scalar, seed 1] fp16 skipped {steps} steps" in capsys.readouterr().out


@pytest.mark.parametrize("method", ["rloo", "raft"])
def test_several_responses_a_prompt(world, method):
    train_policy.main(policy_flags(world, method, "--method", method, "--samples-per-prompt", "4"))
    rollouts = pd.read_parquet(world / f"{method}.parquet")
    # Two prompts a step, four responses each, one after the other.
    assert (rollouts.groupby("step")["prompt_id"].nunique() == 2).all()
    assert (rollouts["prompt_id"].to_numpy().reshape(-1, 4) == rollouts["prompt_id"].to_numpy()[::4, None]).all()
    metrics = pd.read_csv(world / f"{method}.csv")
    assert metrics["advantage_mean"].to_numpy() == pytest.approx(0 if method == "rloo" else 1, abs=1e-6)
    assert weights(world / method) != weights(world / "sft")


def test_methods_that_compare_responses_need_several(world, capsys):
    with pytest.raises(SystemExit):
        train_policy.main(policy_flags(world, "alone", "--method", "rloo"))
    assert "give --samples-per-prompt of 2 or more" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        train_policy.main(policy_flags(world, "odd", "--method", "rloo", "--samples-per-prompt", "3"))
    assert "multiples of --samples-per-prompt" in capsys.readouterr().err


def test_a_killed_policy_training_ends_with_the_same_bytes(world):
    kill_midway("train_policy.py", policy_flags(world, "killed"), world / "state-killed")
    assert not (world / "killed").exists()
    train_policy.main(policy_flags(world, "killed"))
    assert weights(world / "killed") == weights(world / "policy")
    pd.testing.assert_frame_equal(
        pd.read_csv(world / "killed.csv").drop(columns="samples_per_second"),
        pd.read_csv(world / "policy.csv").drop(columns="samples_per_second"),
    )
    pd.testing.assert_frame_equal(pd.read_parquet(world / "killed.parquet"), pd.read_parquet(world / "policy.parquet"))
    assert not (world / "state-killed").exists()


def test_packed_demonstrations_teach_what_each_teaches_alone(tokenizer):
    model = train_sft.make_model(Namespace(seed=0, hidden_size=16, layers=2, heads=2), tokenizer)
    lengths = [(3, 5), (9, 20), (2, 40), (4, 1), (20, 44), (1, 2), (5, 7)]
    draw = torch.Generator().manual_seed(0)
    examples = []
    for prompt, response in lengths:
        ids = torch.randint(4, model.config.vocab_size, (prompt + response,), generator=draw).tolist()
        examples.append({"input_ids": ids, "labels": [-100] * prompt + ids[prompt:]})
    packed = train_sft.pack_demonstrations(examples, pad_token_id=1)
    assert len(packed["input_ids"]) < len(examples)
    assert (packed["labels"] != -100).sum() == sum(response for _, response in lengths)
    loss = model(**packed).loss
    loss.backward()
    found = [part.grad.clone() for part in model.parameters()]
    model.zero_grad()
    alone = [
        model(input_ids=torch.tensor([e["input_ids"]]), labels=torch.tensor([e["labels"]])).loss * response
        for e, (_, response) in zip(examples, lengths)
    ]
    expected = sum(alone) / sum(response for _, response in lengths)
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), abs=1e-6)
    for one, part in zip(found, model.parameters()):
        torch.testing.assert_close(one, part.grad, atol=1e-6, rtol=1e-4)


def test_a_killed_sft_training_ends_with_the_same_bytes(world):
    kill_midway("train_sft.py", sft_flags(world, "sft-killed", "state-sft-killed"), world / "state-sft-killed")
    train_sft.main(sft_flags(world, "sft-killed", "state-sft-killed"))
    assert weights(world / "sft-killed") == weights(world / "sft")
    assert not (world / "state-sft-killed").exists()


def test_a_killed_reward_training_ends_with_the_same_bytes(world):
    kill_midway("train_reward_model.py", reward_flags(world, "rm-killed"), world / "state-rm-killed")
    train_reward_model.main(reward_flags(world, "rm-killed"))
    assert weights(world / "rm-killed") == weights(world / "rm")
    assert not (world / "state-rm-killed").exists()


def test_the_training_loss_of_a_killed_reward_training_is_the_same(world):
    # It is a mean of what was logged, every ten steps where states allow; this one is saved at the fourth.
    more = ["--epochs", "3", "--save-steps", "4"]
    kill_midway("train_reward_model.py", reward_flags(world, "logged", *more), world / "state-logged")
    for name in ("logged", "logged-whole"):
        train_reward_model.main(reward_flags(world, name, *more))
    scores = [(world / f"{name}_validation.parquet").read_bytes() for name in ("logged", "logged-whole")]
    assert scores[0] == scores[1]


def test_states_that_a_kill_left_behind_are_no_hindrance(tmp_path):
    # A kill between the renames of a saving leaves what was newest as `older`, beside what is newest now.
    accelerator = Accelerator(cpu=True)
    for name in ("newest", "older"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "progress.json").write_text('{"step": 1}')
    save_state(tmp_path, accelerator, {"step": 2})
    assert load_state(tmp_path, accelerator) == {"step": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["newest"]


def test_state_of_another_configuration_is_not_resumed(world):
    from align.resume import state_folder

    args = train_policy.parse_args(policy_flags(world, "x"))
    first = state_folder(world / "state-x", args, [world / "sft"])
    (first / "newest").mkdir()
    assert state_folder(world / "state-x", args, [world / "sft"]) == first and (first / "newest").exists()
    other = train_policy.parse_args(policy_flags(world, "x", "--kl-coef", "0.2"))
    assert state_folder(world / "state-x", other, [world / "sft"]) != first and not first.exists()
    # The same flags on another model's weights are another run as well.
    assert state_folder(world / "state-x", args, [world / "rm"]) != first


def test_state_depends_on_the_code_that_is_imported_and_on_no_other():
    from align.resume import imported_code

    scripts = ROOT / "workflow" / "scripts"
    code = {str(path.relative_to(scripts)) for path in imported_code()}
    assert {"train_policy.py", "align/resume.py", "align/reinforce.py"} <= code
    script = "import sys; sys.path.insert(0, sys.argv[1]); import train_policy; from align.resume import imported_code"
    script += "; print(*imported_code())"
    shown = subprocess.run([sys.executable, "-c", script, str(scripts)], capture_output=True, text=True, check=True)
    assert "train_policy.py" in shown.stdout and "plot_" not in shown.stdout and "findings/" not in shown.stdout


def test_a_gradient_that_is_not_finite_is_not_stepped_on(world, monkeypatch):
    from align.errors import NotFiniteError

    monkeypatch.setattr(Accelerator, "clip_grad_norm_", lambda *args: torch.tensor(float("inf")))
    with pytest.raises(NotFiniteError, match="the loss or its gradient is not finite. Nothing was written"):
        train_policy.main(policy_flags(world, "infinite"))
    assert not (world / "infinite").exists()


def test_shuffled_labels_swap_about_half_of_the_pairs(world):
    given, shuffled = (
        train_reward_model.training_pairs(train_reward_model.parse_args(reward_flags(world, "x", "--labels", labels)))
        for labels in ("given", "shuffled")
    )
    kept = [a == b for a, b in zip(given["chosen_ids"], shuffled["chosen_ids"])]
    swapped = [a == b for a, b in zip(given["chosen_ids"], shuffled["rejected_ids"])]
    assert all(k != s for k, s in zip(kept, swapped))
    assert 0.3 < sum(swapped) / len(swapped) < 0.7
    # Ratings go with their responses, from 0..4 to 1..10.
    first = pd.read_parquet(world / "train.parquet").iloc[0]
    assert given["chosen_rating"][0] == pytest.approx(1 + 9 * first["chosen_rating"] / 4)


def test_label_noise_turns_its_share_of_the_pairs_and_among_them_those_of_less_noise(world):
    given, some, many = (
        train_reward_model.training_pairs(
            train_reward_model.parse_args(reward_flags(world, "x", "--label-noise", str(noise)))
        )
        for noise in (0, 0.1, 0.3)
    )

    def turned(other):
        """Which pairs are turned round, of those whose responses differ."""
        return [
            a == d and b == c
            for a, b, c, d in zip(
                given["chosen_ids"], given["rejected_ids"], other["chosen_ids"], other["rejected_ids"]
            )
        ]

    less, more = turned(some), turned(many)
    assert abs(sum(less) / len(less) - 0.1) < 0.05 and abs(sum(more) / len(more) - 0.3) < 0.08
    assert all(other for one, other in zip(less, more) if one)


def test_balanced_pairs_are_those_that_are_learned_from(world):
    table = pd.read_parquet(world / "train.parquet")
    raw, balanced = (
        train_reward_model.training_pairs(train_reward_model.parse_args(reward_flags(world, "x", "--pairs", pairs)))
        for pairs in ("raw", "balanced")
    )
    longer = [len(a) > len(b) for a, b in zip(balanced["chosen_ids"], balanced["rejected_ids"])]
    assert 0 < len(balanced) == table["balanced"].sum() < len(raw) == len(table)
    assert sum(longer) / len(longer) == 0.5
    # All validation pairs are scored, and each says which it is.
    scores = pd.read_parquet(world / "rm_validation.parquet")
    assert scores["balanced"].tolist() == pd.read_parquet(world / "validation.parquet")["balanced"].tolist()


@pytest.fixture(scope="module")
def rated(world):
    """A reward model over ratings."""
    train_reward_model.main(reward_flags(world, "rated", "--head", "ratings", "--bins", "10"))
    return world / "rated"


def test_a_reward_model_over_ratings_loads_with_its_labels(world, rated):
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(rated)
    assert model.config.num_labels == 10 and model.score.out_features == 10
    assert model.config.id2label == {index: str(index + 1) for index in range(10)}
    body, sft = (load_file(folder / "model.safetensors") for folder in (rated, world / "sft"))
    assert [name for name in body if name in sft and torch.equal(body[name], sft[name])] == []
    scores = pd.read_parquet(world / "rated_validation.parquet")
    assert len(scores["chosen_outputs"].iloc[0]) == 10
    assert scores["chosen_mean"].between(1, 10).all() and (scores["chosen_deviation"] > 0).all()


@pytest.mark.parametrize("bins", [2, 5])
def test_other_numbers_of_ratings_work(world, bins):
    train_reward_model.main(reward_flags(world, f"bins{bins}", "--head", "ratings", "--bins", str(bins)))
    assert load_file(world / f"bins{bins}" / "model.safetensors")["score.weight"].shape[0] == bins


def test_a_single_rating_is_refused(world):
    with pytest.raises(InputError, match="at least 2"):
        train_reward_model.main(reward_flags(world, "bins1", "--head", "ratings", "--bins", "1"))
    assert not (world / "bins1").exists()


@pytest.mark.parametrize("head", ["scalar", "ratings"])
def test_an_anchored_reward_model_learns_from_the_ratings_too(world, capsys, head):
    # At a learning rate of nothing the loss of a step is that of its pairs under the model as it starts.
    name, table = f"anchored-{head}", read_pairs(world / "train.parquet")
    flags = reward_flags(world, name, "--head", head, "--rating-weight", "0.3", "--learning-rate", "1e-12")
    flags += ["--batch-size", "400", "--micro-batch-size", "400", "--validation-tokens", str(world / "train.parquet")]
    train_reward_model.main(flags)
    scores = pd.read_parquet(world / f"{name}_validation.parquet")
    assert len(scores) == len(table) < 400  # one step holds them all
    distance = 0.0
    for side in ("chosen", "rejected"):
        outputs = torch.tensor(np.stack(scores[f"{side}_outputs"]))
        ratings = torch.tensor(1 + 9 / 4 * table[f"{side}_rating"].to_numpy(), dtype=torch.float32)
        distance += rating_loss(outputs, ratings).item() / 2
    nll = -scores["log_preference"].mean()
    told = float(re.search(r"step 1/1  loss (\S+)", capsys.readouterr().out)[1])
    assert told == pytest.approx(0.3 * distance + nll, rel=1e-3)  # four digits are told
    # What stands beside the held-out pairs' NLL is that of pairs alone.
    assert scores["training_nll"].iloc[0] == pytest.approx(nll, rel=1e-4)


def test_ratings_outside_their_range_are_refused(world):
    flags = reward_flags(world, "range", "--head", "ratings", "--rating-weight", "0.3", "--rating-range", "0", "1")
    with pytest.raises(InputError, match="rating_range"):
        train_reward_model.main(flags)


def test_a_spread_asked_of_a_scalar_model_is_refused(world):
    with pytest.raises(InputError, match="needs a reward model over ratings, this one is scalar"):
        train_policy.main(policy_flags(world, "spread", "--signal", "risk"))
    assert not (world / "spread").exists()


@pytest.mark.parametrize("flags", [["win"], ["risk"], ["mean", "--advantage-weight", "confidence"], ["sampled"]])
def test_policies_learn_from_ratings(world, rated, flags):
    name = "-".join(flags)
    train_policy.main(policy_flags(world, name, "--reward-model", str(rated), "--signal", *flags))
    metrics = pd.read_csv(world / f"{name}.csv")
    assert len(metrics) == 6 and metrics.notna().all(axis=None)
    assert weights(world / name) != weights(world / "policy")


def test_renaming_the_ratings_moves_the_means_policy_and_not_the_win_probabilitys(world, rated):
    for signal in ("mean", "win"):
        for relabelling in ("none", "convex"):
            flags = ["--reward-model", str(rated), "--signal", signal, "--relabelling", relabelling]
            train_policy.main(policy_flags(world, f"{signal}-{relabelling}", *flags))
    assert weights(world / "win-none") == weights(world / "win-convex")
    assert weights(world / "mean-none") != weights(world / "mean-convex")


def test_reward_models_and_policies_load_by_their_auto_classes(world):
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

    reward = AutoModelForSequenceClassification.from_pretrained(world / "rm")
    assert reward.config.num_labels == 1
    tokenizer = AutoTokenizer.from_pretrained(world / "rm")
    assert reward.config.pad_token_id == tokenizer.pad_token_id != tokenizer.eos_token_id
    AutoModelForCausalLM.from_pretrained(world / "policy")
    assert read_json(world / "policy.json")["deviation"] > 0
