"""Kinds of bad input: configs, and files of pairs or models, each with words of what is said of it."""

import json
from collections.abc import Callable
from pathlib import Path

NGRAMS = {"fold": "judge", "labels": "given", "head": "ngrams"}

# A config beside smoke's, and words of what is said of it.
WRONG_CONFIGS = [
    ({"reinforce": {"kl_cof": 0.1}}, "reinforce: Additional properties are not allowed ('kl_cof' was unexpected); did"),
    ({"reinforce": {"learning_rate": "1e-6"}}, "YAML takes 1e-6 for text, and 1.0e-6 for a number"),
    ({"reinforce": {"kl_coef": -1}}, "-1 is less than the minimum of 0"),
    ({"policies": ["level3"]}, "no arm 'level3' is declared under arms"),
    ({"policies": ["level2_mean"]}, "needs the policy level1_scalar"),
    ({"roles": {"level1": "level2_mean"}}, "needs the policy level2_mean, and its contrast level1 against sft"),
    ({"roles": {"placebo": "nobody"}}, "roles.placebo: no arm 'nobody' is declared under arms"),
    ({"arms": {"level2_win": {"reward_model": "scalar"}}}, "needs a reward model with head 'ratings'"),
    ({"reward_training": {"bins": 1}}, "1 is less than the minimum of 2"),
    ({"judges": {"judge": [2]}}, "judges.judge: a judge shares its seed with a replicate"),
    ({"judges": {"ratings": [9]}}, "judges.ratings: reward_models has to declare it: judges are scalar"),
    ({"judges": {"gold": [9]}}, "'gold' should not be valid under {'enum': ['judges', 'proxy', 'gold', "),
    ({"reward_models": {"judge": {"base": "other"}}}, "no base 'other' is declared under bases"),
    ({"reward_models": {"scalar": {"ties": True}}}, "reward_models.scalar.ties: set data.keep_ties to true"),
    (
        {"data": {"keep_ties": True}, "reward_models": {"words": {**NGRAMS, "ties": True}}},
        "reward_models.words.ties: the head must be scalar or ratings",
    ),
    ({"evaluation": {"pool_samples": 3}}, "two or more to choose from"),
    ({"evaluation": {"sft_temperatures": [1.0]}}, "1.0 is greater than or equal to the maximum of 1"),
    ({"arms": {"level1_scalar": {"reward_model": "judge"}}}, "a judge must stay one"),
    ({"data": {"source": "../rows.jsonl"}}, "set model.source too"),
    ({"arms": {"level2_mean": {"signal": "content"}}, "reward_training": {"bins": 5}}, "rating_threshold, 8, is above"),
    (
        {"reward_models": {"scalar": {"members": 3}}},
        "arms.level1_scalar: TRL's trainer is compared on its reward model, which must be a single one",
    ),
    ({"arms": {"level2_mean": {"method": "rloo"}}}, "rloo compares a prompt's responses: give samples_per_prompt"),
    (
        {"arms": {"level2_mean": {"samples_per_prompt": 3}}},
        "batch_size and micro_batch_size have to be multiples of samples_per_prompt, 3",
    ),
    ({"arms": {"level2_win": {"seeds": [1, 2]}}}, "level1_bounded lacks seeds of level2_win; give it those too"),
    ({"evaluation": {"proxy_seeds": [99]}}, "evaluation.proxy_seeds: none is among seeds"),
    ({"arms": {"level1_early": {"kl_coef": 0.5}}}, "early must be as arm is, but for steps and seeds"),
]


def change_rows(**changes) -> Callable[[Path], None]:
    """Change the first of the rows."""

    def change(folder: Path) -> None:
        first, *others = (folder / "rows.jsonl").read_text().splitlines()
        (folder / "rows.jsonl").write_text("\n".join([json.dumps(json.loads(first) | changes), *others]))

    return change


def change_all_rows(**changes) -> Callable[[Path], None]:
    """Change each of the rows alike."""

    def change(folder: Path) -> None:
        rows = map(json.loads, (folder / "rows.jsonl").read_text().splitlines())
        (folder / "rows.jsonl").write_text("\n".join(json.dumps(row | changes) for row in rows))

    return change


def put_in_a_folder(folder: Path) -> None:
    (folder / "pairs").mkdir()
    (folder / "rows.jsonl").rename(folder / "pairs" / "train.jsonl")


def write(name: str, text: str) -> Callable[[Path], None]:
    """Write a file."""
    return lambda folder: (folder / name).write_text(text) and None


def change_json(name: str, **changes) -> Callable[[Path], None]:
    """Change keys of a JSON file of the model's."""

    def change(folder: Path) -> None:
        path = folder / "model" / name
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def cut_off_weights(folder: Path) -> None:
    path = folder / "model" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def change_weights(folder: Path, change: Callable) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "model" / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


def lose_a_matrix(folder: Path) -> None:
    change_weights(folder, lambda w: {name: part for name, part in w.items() if "layers.1.mlp.up_proj" not in name})


def break_a_matrix(folder: Path) -> None:
    change_weights(
        folder, lambda w: {name: part / 0 if "layers.1.mlp.up_proj" in name else part for name, part in w.items()}
    )


def pickle_weights(folder: Path) -> None:
    (folder / "model" / "model.safetensors").rename(folder / "model" / "pytorch_model.bin")


def take_another_make(folder: Path) -> None:
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    small = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    BertForMaskedLM(small).save_pretrained(folder / "model")


TEXT = [{"role": "user", "content": "hi"}]
# What is wrong with data or model; how it comes to be so; a config that differs; words of what is said of it.
WRONG_FILES: list[tuple[str, Callable[[Path], None] | None, dict, str]] = [
    ("a file of pairs that is not there", None, {"data": {"source": "./none.jsonl"}}, "there is no ./none.jsonl"),
    (
        "one of several files that is not there",
        None,
        {"data": {"source": ["./rows.jsonl", "./none.jsonl"]}},
        "there is no ./none.jsonl",
    ),
    ("pairs as CSV", write("rows.csv", "prompt,chosen\n"), {"data": {"source": "./rows.csv"}}, "cannot read '.csv'"),
    ("a file without rows", write("rows.jsonl", ""), {}, "has no rows"),
    ("a line that is not JSON", write("rows.jsonl", '{"prompt": \n'), {}, "could not read ./rows.jsonl"),
    (
        "rows without ratings",
        write("rows.jsonl", '{"prompt": "a", "chosen": "b", "rejected": "c"}\n'),
        {},
        "lacks the columns chosen_rating",
    ),
    (
        "a split that is misspelt",
        put_in_a_folder,
        {"data": {"source": "./pairs", "split": "trian"}},
        "did you mean 'train'?",
    ),
    ("a rating in words", change_rows(chosen_rating="good"), {}, "row 1: chosen_rating must be a number, not 'good'"),
    (
        "a rating that is no number",
        change_rows(chosen_rating=None),
        {},
        "row 1: chosen_rating must be a number, not None",
    ),
    ("chosen and rejected the wrong way round", change_rows(chosen_rating=0.5), {}, "rated below the rejected one"),
    ("a response that the user gives", change_rows(chosen=[*TEXT, *TEXT]), {}, "row 1: chosen must be two or more"),
    ("pairs that are all tied", change_all_rows(chosen_rating=1, rejected_rating=1), {}, "tied ratings: 9"),
    ("pairs of equal responses", change_all_rows(chosen="yes", rejected="yes"), {}, "identical responses: 9"),
    (
        "fewer prompts than validation needs",
        None,
        {"data": {"validation_prompts": 20}},
        "lower data.validation_prompts",
    ),
    ("prompts longer than the cap", None, {"lengths": {"max_prompt_tokens": 2}}, "raise lengths.max_prompt_tokens"),
    (
        "a cap beyond the model's context",
        None,
        {"lengths": {"max_pair_tokens": 4096}},
        "exceeds the model's context of 512",
    ),
    ("a model's folder that is not there", None, {"model": {"source": "./none"}}, "there is no ./none"),
    ("a file that is no GGUF file", None, {"model": {"source": "./model/config.json"}}, "is a file; give the folder"),
    ("a GGUF file that is cut off", write("cut.gguf", "GGUF"), {"model": {"source": "./cut.gguf"}}, "cut.gguf"),
    ("a model without weights", lambda folder: (folder / "model/model.safetensors").unlink(), {}, "has no weights"),
    ("a model without a config", lambda folder: (folder / "model/config.json").unlink(), {}, "has no config.json"),
    ("a model without a tokenizer", lambda folder: (folder / "model/tokenizer.json").unlink(), {}, "has no tokenizer"),
    ("pickled weights", pickle_weights, {}, "a pickle, which can run code"),
    ("weights that are cut off", cut_off_weights, {}, "could not read ./model"),
    ("weights that lack a matrix", lose_a_matrix, {}, "do not fill its config (1 lacking"),
    ("weights that are no numbers", break_a_matrix, {}, "not finite numbers"),
    ("a model that is not causal", take_another_make, {}, "give a causal language model"),
    (
        "a model of its own code",
        change_json("config.json", model_type="mine", auto_map={"AutoConfig": "mine.Mine"}),
        {},
        "could not read ./model",
    ),
    (
        "a chat template that fails",
        change_json("tokenizer_config.json", chat_template="{% for"),
        {},
        "fails (unexpected",
    ),
    (
        "a chat template without the user",
        change_json("tokenizer_config.json", chat_template="hello"),
        {},
        "leaves out what the user says",
    ),
    ("EOS as the pad token", None, {"model": {"pad_token": "</s>"}}, "is the EOS token: choose another"),
]
