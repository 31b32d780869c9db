"""Mistakes that other solutions of this task made, where no test beside the module at fault would notice them."""

import copy
import re
import shutil
from dataclasses import replace

import pandas as pd
import pytest
import torch
import train_policy
from accelerate import Accelerator
from runs import SMOKE, copy_project, snakemake
from safetensors.torch import load_file, save_file
from test_rollout import naive_logps
from test_training import weights
from tiny_world import policy_flags
from tokenize_data import encode_pair
from transformers import AutoModelForCausalLM, GenerationConfig

from align.chat import encode_prompt
from align.errors import InputError
from align.files import read_jsonl
from align.memory import AtOnce
from align.reinforce import Baseline
from align.reward_models import score_references
from align.rollout import TokenLogps, generate
from align.signals import SIGNALS, Scale, fit_scale, grouped_signal, scalar_reward
from align.training_step import Learner, StepSettings, load_models, reward_responses, train_step

OUTPUTS = ("{}", "{}.csv", "{}.parquet", "{}.json")


def test_logps_after_a_chat_prompt_wherever_eos_falls(policy, tokenizer):
    eos = tokenizer.eos_token_id
    prompts = [
        encode_prompt(tokenizer, [{"role": "user", "content": words}]) for words in ("please name two fruits", "a")
    ] * 150
    # A ChatML prompt holds an EOS, at the end of the user's turn, which ends no response.
    assert all(prompt.count(eos) == 1 for prompt in prompts)
    torch.manual_seed(0)
    responses = generate(policy, tokenizer, prompts, max_new_tokens=4)
    with torch.no_grad():
        logps, _ = TokenLogps(policy)(prompts, responses)
        places = set()
        for prompt, response, row in zip(prompts, responses, logps):
            place = response.index(eos) if eos in response else None
            assert len(response) == (4 if place is None else place + 1)
            if place in places:
                continue  # one of each kind is enough for the slow way
            places.add(place)
            expected = naive_logps(policy, prompt, response)
            assert row.tolist() == pytest.approx(expected + [0.0] * (4 - len(response)), abs=1e-4)
    assert places == {0, 1, 2, 3, None}  # EOS first, in between, last, absent


@pytest.mark.parametrize(
    "setting",
    [
        {"repetition_penalty": 5.0},
        {"min_p": 0.4},
        {"suppress_tokens": [6, 7, 8]},
        {"no_repeat_ngram_size": 1},
        {"bad_words_ids": [[6], [7]]},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_no_setting_of_the_checkpoint_reaches_the_sampler(policy, tokenizer, setting):
    model = copy.deepcopy(policy)
    model.generation_config = GenerationConfig(**setting)
    prompt = encode_prompt(tokenizer, [{"role": "user", "content": "please name two fruits"}])
    with torch.no_grad():
        pi = model(torch.tensor([prompt])).logits[0, -1].softmax(-1)
    torch.manual_seed(1)
    draws = 20000
    first = torch.tensor(generate(model, tokenizer, [prompt] * draws, max_new_tokens=1)).flatten()
    seen = torch.bincount(first, minlength=len(pi)) / draws
    assert ((seen - pi).abs() < 4 * (pi * (1 - pi) / draws).sqrt() + 1e-3).all()


def test_no_setting_of_the_checkpoint_reaches_greedy_decoding(policy, tokenizer):
    model = copy.deepcopy(policy)
    prompt = encode_prompt(tokenizer, [{"role": "user", "content": "please name two fruits"}])
    with torch.no_grad():
        best = model(torch.tensor([prompt])).logits[0, -1].argmax().item()
    model.generation_config = GenerationConfig(suppress_tokens=[best])
    assert generate(model, tokenizer, [prompt], max_new_tokens=1, sample=False) == [[best]]


def make_learner(accelerator, models, initial=0.0):
    """A learner that moves nothing: what is looked at is the gradient."""
    optimizer = torch.optim.SGD(models.policy.parameters(), lr=0.0)
    models.policy, optimizer = accelerator.prepare(models.policy, optimizer)
    baseline = Baseline("moving_average", initial=initial)
    return Learner(accelerator, optimizer, baseline, AtOnce(5, "micro-batch"), AtOnce(8, "generation batch"))


@pytest.fixture(scope="module")
def step(world):
    """One real step of the trained policy against SFT, with micro-batches of unequal size, and what it is made of."""
    accelerator = Accelerator()
    models = load_models(world / "sft", world / "rm", accelerator.device)
    # A policy that has left SFT, so that the KL penalty counts.
    models.policy = TokenLogps(AutoModelForCausalLM.from_pretrained(world / "policy"))
    before = copy.deepcopy(models.policy.model)
    table = pd.read_parquet(world / "references.parquet")
    outputs = score_references(models.reward, table, models.tokenizer.pad_token_id, 16)
    scale = fit_scale(grouped_signal("reward", outputs, outputs))
    references = table[table["sample"] == 0].head(8)
    prompts = [list(map(int, ids)) for ids in references["prompt_ids"]]
    torch.manual_seed(3)
    settings = StepSettings(signal="reward", scale=scale, kl_coef=0.1, max_new_tokens=12)
    out = train_step(settings, models, make_learner(accelerator, models, initial=0.3), prompts, outputs[:8])
    gradient = torch.cat([p.grad.flatten() for p in models.policy.parameters()])
    return {
        "policy": before,
        "reference": models.reference.model,
        "reward": models.reward,
        "tokenizer": models.tokenizer,
        "scale": scale,
        "prompt_ids": list(references["prompt_id"]),
        "prompts": prompts,
        "responses": out["responses"],
        "rewards": out["rewards"],
        "metrics": out["metrics"],
        "gradient": gradient,
    }


def own_reward(step, ids):
    """The standardised reward of one text, by the classifier's own forward, alone and without padding."""
    with torch.no_grad():
        output = step["reward"](input_ids=torch.tensor([ids])).logits.item()
    return (output - step["scale"].mean) / step["scale"].deviation


def test_every_response_gets_its_own_reward(step):
    own = [own_reward(step, p + r) for p, r in zip(step["prompts"], step["responses"])]
    assert max(own) - min(own) > 0.5
    assert step["rewards"] == pytest.approx(own, abs=1e-3)


def test_a_signal_that_compares_does_so_with_responses_to_the_same_prompt(world, step):
    accelerator = Accelerator()
    models = load_models(world / "sft", world / "rm", accelerator.device)
    references = torch.arange(24.0).view(8, 3, 1) / 10
    settings = StepSettings(signal="bounded", scale=Scale(0.0, 1.0), kl_coef=0.1, max_new_tokens=12)
    out = train_step(settings, models, make_learner(accelerator, models), step["prompts"], references)
    with torch.no_grad():
        texts = [torch.tensor([p + r]) for p, r in zip(step["prompts"], out["responses"])]
        own = torch.cat([models.reward(input_ids=text).logits[0] for text in texts])
    assert out["rewards"] == pytest.approx(
        torch.sigmoid(own[:, None] - references[:, :, 0]).mean(dim=1).tolist(), abs=1e-4
    )


def test_what_is_cut_off_may_get_a_reward_of_its_own(world, step):
    models = load_models(world / "sft", world / "rm", torch.device("cpu"))
    plain = StepSettings(signal="reward", scale=step["scale"], kl_coef=0.1, max_new_tokens=12)
    end = models.tokenizer.eos_token_id
    whole = [[token for token in response if token != end] + [end] for response in step["responses"][:2]]
    responses = [whole[0], whole[0][:-1], whole[1], whole[1][:-1]]
    prompts = [step["prompts"][i] for i in (0, 0, 1, 1)]

    def rewards(settings):
        return reward_responses(settings, models, prompts, responses, None, at_once=4)[0].tolist()

    given = rewards(plain)
    assert rewards(replace(plain, cut_off_reward=-1.0)) == [given[0], -1.0, given[2], -1.0]
    assert given[1] != -1.0 != given[3]


def test_a_steps_gradient_is_the_papers_equation_by_brute_force(step):
    # Response by response, without padding, batch, mask or cache: the gradient of -(1/8) sum (R - b) log pi(y | x).
    policy = step["policy"]

    def log_pi(model, prompt, response):
        logps = model(torch.tensor([prompt + response])).logits[0].log_softmax(-1)
        # The token at position t is foretold at t - 1.
        return sum(logps[len(prompt) + t - 1, token] for t, token in enumerate(response))

    def gradient(rewards):
        policy.zero_grad()
        for prompt, response, reward in zip(step["prompts"], step["responses"], rewards):
            logp = log_pi(policy, prompt, response)
            with torch.no_grad():
                kl = logp.detach() - log_pi(step["reference"], prompt, response)
            (-(reward - 0.1 * kl - 0.3) * logp / 8).backward()
        return torch.cat([p.grad.flatten() for p in policy.parameters()])

    own = [own_reward(step, p + r) for p, r in zip(step["prompts"], step["responses"])]
    seen = step["gradient"]
    assert torch.allclose(seen, gradient(own), atol=1e-3 * seen.abs().max().item())
    # Rewards given to one another's responses, or their mean given to all, are another gradient.
    for wrong in (own[::-1], [sum(own) / 8] * 8):
        assert (seen - gradient(wrong)).norm() > 0.1 * seen.norm()


def test_the_reward_model_reads_rollouts_in_the_form_it_was_trained_on(world, step):
    # The response's text, as if it were a training pair's: the same tokens as the policy's, and the same reward.
    tokenizer = step["tokenizer"]
    rows = {row["prompt_id"]: row for row in read_jsonl(world / "train.jsonl")}
    compared = 0
    names = ("prompt_ids", "prompts", "responses", "rewards")
    for prompt_id, prompt, response, reward in zip(*(step[name] for name in names)):
        finished = response[-1] == tokenizer.eos_token_id
        if set(response[: len(response) - finished]) & set(tokenizer.all_special_ids):
            continue  # no text of a training pair holds a special token
        text = tokenizer.decode(response, skip_special_tokens=True)
        row = rows[prompt_id]
        pair = encode_pair(tokenizer, row | {"chosen": [*row["chosen"][:-1], {"role": "assistant", "content": text}]})
        # A response cut off at the length cap is the same less its EOS.
        response = pair["chosen_ids"] if finished else pair["chosen_ids"][:-1]
        assert pair["prompt_ids"] + response == prompt + response
        assert reward == pytest.approx(own_reward(step, pair["prompt_ids"] + response), abs=1e-3)
        compared += 1
    assert compared >= 3


def test_every_parameter_of_the_policy_moves_and_nothing_else(world, monkeypatch):
    kept = []
    load = train_policy.load_models
    monkeypatch.setattr(train_policy, "load_models", lambda *args: kept.append(load(*args)) or kept[-1])
    folders = [path for name in ("sft", "rm") for path in sorted((world / name).iterdir())]
    before = {path: path.read_bytes() for path in folders}
    train_policy.main(policy_flags(world, "again"))
    assert {path: path.read_bytes() for path in folders} == before

    sft, reward, policy = (load_file(world / name / "model.safetensors") for name in ("sft", "rm", "again"))
    assert [name for name in sft if torch.equal(sft[name], policy[name])] == []
    for model, original in ((kept[0].reference.model, sft), (kept[0].reward, reward)):
        state = model.state_dict()
        assert state.keys() == original.keys()
        assert all(torch.equal(state[name], original[name]) for name in original)
    # The same seed, the same bytes.
    assert weights(world / "again") == weights(world / "policy")


def test_another_seed_is_another_policy(world):
    train_policy.main(policy_flags(world, "other", "--seed", "2"))
    assert weights(world / "other") != weights(world / "policy")
    # Its own prompts in their own order, and its own samples.
    prompts, responses = (
        [pd.read_parquet(world / f"{name}.parquet")[column].to_list() for name in ("policy", "other")]
        for column in ("prompt_id", "response")
    )
    assert prompts[0] != prompts[1] and responses[0] != responses[1]


def test_another_seed_answers_the_same_prompts_otherwise(world, monkeypatch):
    order = train_policy.prompt_order
    monkeypatch.setattr(train_policy, "prompt_order", lambda prompts, draws, seed: order(prompts, draws, 0))
    tables = []
    for seed in ("1", "2"):
        train_policy.main(policy_flags(world, f"draw{seed}", "--seed", seed, "--steps", "1"))
        tables.append(pd.read_parquet(world / f"draw{seed}.parquet"))
    assert tables[0]["prompt_id"].equals(tables[1]["prompt_id"])
    assert not tables[0]["response"].equals(tables[1]["response"])


def test_a_reward_that_sits_at_six_trains_the_same_policy(world, monkeypatch):
    # Rewards are known up to a constant, and the baseline's start must not see it.
    monkeypatch.setitem(SIGNALS, "reward", lambda *given: scalar_reward(*given) + 6.0)
    train_policy.main(policy_flags(world, "six"))
    plain, six = (pd.read_csv(world / f"{name}.csv") for name in ("policy", "six"))
    assert abs(six["advantage_mean"].iloc[0]) < 1.5  # of the deviations in which rewards are counted
    for column in ("reward", "shaped_reward", "baseline", "advantage_mean", "advantage_std"):
        assert six[column].to_list() == pytest.approx(plain[column].to_list(), abs=0.01)
    first, second = (load_file(world / name / "model.safetensors") for name in ("policy", "six"))
    assert max((first[name] - second[name]).abs().max().item() for name in first) < 1e-4


def test_a_reward_that_is_no_number_stops_the_training(world):
    shutil.copytree(world / "rm", world / "broken")
    broken = load_file(world / "broken" / "model.safetensors")
    broken["score.weight"].fill_(float("nan"))
    save_file(broken, world / "broken" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match="reward model is not finite"):
        train_policy.main(policy_flags(world, "nan", "--reward-model", str(world / "broken")))
    assert not [name for name in OUTPUTS if (world / name.format("nan")).exists()]


def test_the_folds_reach_the_jobs_they_are_for(tmp_path):
    project = copy_project(tmp_path / "project")
    plan = snakemake(project, "--dry-run", "--printshellcmds", "--configfile", SMOKE)
    data = "results/smoke/data"
    fold_of = {"sample_references": {"train"}, "sample_responses": {"validation"}}
    for script, folds in fold_of.items():
        assert set(re.findall(rf"{script}\.py .* --tokens {data}/tokens/(\w+)\.parquet", plan)) == folds
    # What a policy trains on are the references' prompts; judges never see what reward models learn from.
    assert set(re.findall(r"train_policy\.py .* --references (\S+)", plan)) == {f"{data}/references.parquet"}
    learnt = re.findall(rf"train_reward_model\.py .* --tokens {data}/tokens/(\w+)\.parquet .* --kind (\w+)", plan)
    assert {(fold, kind == "judge") for fold, kind in learnt} == {("train", False), ("judge", True)}
