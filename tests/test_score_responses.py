"""Scores of a tiny world's responses: judges of both makes, the arm's own reward model, gold, training's rollouts."""

import json

import pandas as pd
import pytest
import sample_responses
import score_proxy
import score_responses
import torch
from conftest import letter_tokenizer, save_letter_model
from transformers import AutoTokenizer, LlamaForSequenceClassification

from align.chat import PLAIN_TEMPLATE, encode_response
from align.errors import InputError
from align.files import read_json
from align.reward_models import load_scorer
from align.scorers import encode_anew, load_judge, read_conversations
from findings.units import judge_columns


@pytest.fixture(scope="module")
def scored(world):
    """The scores of SFT's and one arm's responses, by a judge of each make."""
    for name in ("sft", "policy"):
        sample_responses.main(
            ["--policy", str(world / name), "--reference-policy", str(world / "sft"), "--tokens"]
            + [str(world / "validation.parquet"), "--arms", name, "--seed", "1", "--prompts", "6", "--samples", "3"]
            + ["--max-new-tokens", "6", "--generation-batch-size", "4", "--precision", "fp32"]
            + ["--output", str(world / f"{name}_r.parquet"), "--preferred-output", str(world / f"{name}_p.csv")]
        )
    other = world / "other"
    save_letter_model(other, LlamaForSequenceClassification, PLAIN_TEMPLATE)
    arms = json.dumps([{"name": "policy", "reward_model": "scalar", "signal": "bounded"}])
    responses = ["--responses", str(world / "sft_r.parquet"), str(world / "policy_r.parquet"), "--seed", "1"]
    responses += ["--scoring-batch-size", "16", "--precision", "fp32"]
    score_proxy.main(
        [*responses, "--arms", arms, "--kinds", "scalar", "--reward-models", str(world / "rm")]
        + ["--scales", str(world / "policy.json"), "--pool", str(world / "sft_r.parquet"), "--reference-samples", "2"]
        + ["--output", str(world / "proxy.parquet")]
    )
    judged = ["--judges", str(world / "rm"), str(other), "--judge-names", "judge_101", "other_201"]
    judged += ["--judge-reads", "tokens", "text", "--conversations", str(world / "validation.jsonl")]
    judged += [str(world / "train.jsonl"), "--world", "pocket", "--proxy", str(world / "proxy.parquet")]
    score_responses.main(
        [
            *responses,
            *judged,
            "--end-cut-off",
            "--arms",
            "policy",
            "--rollouts",
            str(world / "policy.parquet"),
            "--trace-every",
            "2",
        ]
        + ["--train-tokens", str(world / "train.parquet")]
        + ["--output", str(world / "scores.parquet"), "--trace-output", str(world / "trace.csv")]
    )
    return pd.read_parquet(world / "scores.parquet")


def test_a_row_a_response_of_every_arm(scored):
    assert scored["arm"].value_counts().to_dict() == {"sft": 24, "policy": 24}
    assert "prompt_ids" not in scored
    assert {"response", "entropy", "judge_101", "other_201", "gold", "rater_bias"} <= set(scored)
    own = [name for name in scored if name.startswith("proxy")]
    assert len(own) == 4 and scored.loc[scored["arm"] == "policy"].notna().all().all()
    assert scored.loc[scored["arm"] == "sft", own].isna().all().all()


def test_own_scores_of_other_responses_are_refused(world, scored):
    responses = pd.read_parquet(world / "policy_r.parquet")
    assert score_responses.read_proxy(str(world / "proxy.parquet"), scored).shape == (48, 4)
    with pytest.raises(InputError, match="proxy.parquet is not of these responses in their order"):
        score_responses.read_proxy(str(world / "proxy.parquet"), responses)


def test_the_own_signal_by_hand(world, scored):
    tables = {name: pd.read_parquet(world / f"{name}_r.parquet") for name in ("sft", "policy")}
    rewards = {name: load_scorer(str(world / "rm"), 16)(table)[:, 0] for name, table in tables.items()}
    first = tables["policy"].index[4]
    pool = tables["sft"]
    beside = (
        (pool["prompt_id"] == tables["policy"]["prompt_id"][first])
        & (pool["sample"] < 2)
        & (pool["decoding"] == "sampled")
    )
    compared = rewards["sft"][torch.tensor(beside.to_numpy())]
    expected = torch.sigmoid(rewards["policy"][first] - compared).mean().item()
    row = scored[scored["arm"] == "policy"].iloc[4]
    assert beside.sum() == 2 and row["proxy_raw"] == pytest.approx(expected, abs=1e-5)
    scale = read_json(world / "policy.json")
    assert row["proxy"] == pytest.approx((expected - scale["mean"]) / scale["deviation"], rel=1e-4)
    assert scored[scored["arm"] == "policy"]["judge_101"].to_list() == pytest.approx(
        rewards["policy"].tolist(), abs=1e-5
    )


def test_the_judges_read_what_training_sampled(world, scored):
    trace = pd.read_csv(world / "trace.csv")
    assert trace["arm"].unique().tolist() == ["policy"] and trace["step"].tolist() == [1, 3, 5, 6]
    rollouts = pd.read_parquet(world / "policy.parquet")
    prompts = pd.read_parquet(world / "train.parquet").drop_duplicates("prompt_id").set_index("prompt_id")["prompt_ids"]
    third = rollouts[rollouts["step"] == 3]
    third = third.assign(prompt_ids=third["prompt_id"].map(prompts))
    expected = load_scorer(str(world / "rm"), 16)(third)[:, 0].mean().item()
    assert trace.loc[trace["step"] == 3, "judge_101"].item() == pytest.approx(expected, rel=1e-4)


def test_what_training_sampled_ends_where_most_pairs_do_though_the_first_was_cut_off(world, tmp_path):
    pairs = pd.read_parquet(world / "train.parquet")
    eos = int(pairs["chosen_ids"][0][-1])
    pairs.at[0, "chosen_ids"] = pairs["chosen_ids"][0][:-1]
    pairs.to_parquet(tmp_path / "train.parquet")
    args = ["--arms", "policy", "--rollouts", str(world / "policy.parquet"), "--trace-every", "1", "--train-tokens"]
    unread = "--seed 1 --responses x --judges x --judge-names x --judge-reads words --scoring-batch-size 1"
    unread += " --precision fp32 --output x --trace-output x"
    given = score_responses.parse_args([*args, str(tmp_path / "train.parquet"), *unread.split()])
    (table,) = score_responses.select_rollouts(given)
    assert table["finished"].tolist() == [ids[-1] == eos for ids in table["response_ids"]] and table["finished"].any()


def test_another_make_reads_the_text_in_its_own_tokens_and_no_eos_where_there_was_none():
    tokenizer = letter_tokenizer(PLAIN_TEMPLATE)
    turns = [{"role": role, "content": text} for role, text in (("user", "ab"), ("assistant", "c"), ("user", "d"))]
    table = pd.DataFrame({"prompt_id": "p", "prompt": "never read", "response": "xy", "finished": [True, False]})
    encoded = encode_anew(tokenizer, table, {"p": turns})
    text = ["".join(tokenizer.convert_ids_to_tokens(ids)) for ids in encoded["prompt_ids"]]
    assert text == ["ab\nc\nd\n"] * 2  # the whole conversation, in its own template
    assert [tokenizer.convert_ids_to_tokens(ids) for ids in encoded["response_ids"]] == [["x", "y", "</s>"], ["x", "y"]]


def test_its_scores_are_of_those_tokens(world, scored):
    folder, table = str(world / "other"), pd.read_parquet(world / "policy_r.parquet")
    assert not table["finished"].all() and table["finished"].any()
    encoded = encode_anew(
        letter_tokenizer(PLAIN_TEMPLATE), table, read_conversations([str(world / "validation.jsonl")])
    )
    expected = load_scorer(folder, 16)(encoded)[:, 0].tolist()
    assert scored.loc[scored["arm"] == "policy", "other_201"].to_list() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ("judge_101", "other_201"))
def test_judges_also_read_cut_off_responses_as_if_they_ended(world, scored, name):
    kind, seed = name.split("_")
    table = pd.read_parquet(world / "policy_r.parquet")
    tokenizer = AutoTokenizer.from_pretrained(world / "rm")
    whole = [encode_response(tokenizer, text) for text in table["response"]]
    if name == "judge_101":  # it reads the tokens that were sampled, and the end mark behind them
        cut = [[*ids, tokenizer.eos_token_id] for ids in table["response_ids"]]
        whole = [ids if done else more for ids, done, more in zip(table["response_ids"], table["finished"], cut)]
        read, folder = table.assign(response_ids=whole), world / "rm"
    else:
        conversations = read_conversations([str(world / "validation.jsonl")])
        read = encode_anew(letter_tokenizer(PLAIN_TEMPLATE), table.assign(finished=True), conversations)
        folder = world / "other"
    expected = load_scorer(str(folder), 16)(read)[:, 0].tolist()
    policy = scored[scored["arm"] == "policy"]
    ended = policy[f"{kind}_with_end_{seed}"]
    assert ended.to_list() == pytest.approx(expected, abs=1e-5)
    assert (ended[policy["finished"]] == policy.loc[policy["finished"], name]).all()
    assert ((ended - policy[name]).abs()[~policy["finished"]] > 1e-6).all()
    assert judge_columns(scored)[f"{kind}_with_end"] == [f"{kind}_with_end_{seed}"]


def test_a_text_beyond_the_other_makes_context_is_refused(tmp_path):
    save_letter_model(tmp_path, LlamaForSequenceClassification, PLAIN_TEMPLATE, context=8)
    score = load_judge("text", str(tmp_path), 4, "fp32", False, {"p": [{"role": "user", "content": "abcd"}]})
    table = pd.DataFrame({"prompt_id": ["p"], "response": ["wxyz"], "finished": [True]})
    with pytest.raises(InputError, match="10 of its tokens, more than its context of 8"):
        score(table)
