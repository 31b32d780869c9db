"""Answer the validation prompts, sampled and greedy, and score every answer: judges, own reward model, gold if any.

Sampling and scoring are one job, since loading the libraries takes as long as either.
"""

import argparse

import pandas as pd
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from align.chat import decode_response
from align.devices import pick_device
from align.errors import InputError, run
from align.files import read_json
from align.progress import Progress
from align.reward_models import score
from align.rollout import generate, token_logps
from align.seeds import derive_seed
from align.signals import SIGNALS, Scale
from align.tables import read_prompts, token_lists, write_table

PLACE = ["prompt_id", "decoding", "sample"]
KEPT = ["arm", "seed", *PLACE, "tokens", "finished", "log_ratio"]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policy", required=True, help="folder of the policy")
    parser.add_argument("--reference", required=True, help="folder of the SFT model")
    parser.add_argument("--tokens", required=True, help="parquet of the validation fold")
    parser.add_argument("--arms", nargs="+", required=True, help="the policy's name; each further one samples it again")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--samples", type=int, required=True, help="sampled answers a prompt; one greedy is added")
    parser.add_argument("--max-new-tokens", type=int, required=True)
    parser.add_argument("--generation-batch-size", type=int, required=True, help="prompts sampled at once")
    parser.add_argument("--scoring-batch-size", type=int, required=True, help="texts scored at once")
    parser.add_argument("--judges", nargs="+", required=True, help="folders of the judges")
    parser.add_argument("--judge-seeds", nargs="+", required=True, help="one a judge, for the columns' names")
    own = parser.add_argument_group("the reward model that the arm was trained on; SFT has none")
    own.add_argument("--reward-model")
    own.add_argument("--signal", choices=tuple(SIGNALS))
    own.add_argument("--scale", help="JSON of the signal's standardisation")
    own.add_argument("--sft-responses", help="parquet of SFT's answers to the same prompts")
    parser.add_argument("--gold", choices=("pocket",), help="whose rubric knows the truth, if any does")
    parser.add_argument("--responses-output", required=True, help="parquet: a row an answer, with its text and tokens")
    parser.add_argument("--output", required=True, help="parquet: a row an answer, with its scores")
    args = parser.parse_args(argv)
    if args.reward_model and not (args.signal and args.scale and args.sft_responses):
        parser.error("--reward-model needs --signal, --scale and --sft-responses")
    return args


def answer_prompts(policy, reference, tokenizer, prompts: list[list[int]], max_new_tokens: int, sample: bool):
    """One answer a prompt, as rows of response_ids, response, tokens, finished and log_ratio (policy to SFT)."""
    rollout = generate(policy, tokenizer, prompts, max_new_tokens, sample=sample)
    with torch.no_grad():
        log_ratio = (token_logps(policy, rollout)[0] - token_logps(reference, rollout)[0]).sum(dim=1)
    finished = rollout.finished(tokenizer.eos_token_id)
    return [
        {
            "response_ids": ids,
            "response": decode_response(tokenizer, ids),
            "tokens": len(ids),
            "finished": bool(done),
            "log_ratio": ratio,
        }
        for ids, done, ratio in zip(rollout.responses(), finished, log_ratio.tolist())
    ]


def sample_responses(args: argparse.Namespace) -> pd.DataFrame:
    """Answers of the policy to all validation prompts: `samples` drawn at temperature 1 and a greedy one, per name."""
    device = pick_device()
    tokenizer = AutoTokenizer.from_pretrained(args.reference)
    policy, reference = (
        AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).to(device).eval()
        for folder in (args.policy, args.reference)
    )
    prompts = read_prompts(args.tokens)
    prompt_ids = token_lists(prompts["prompt_ids"])
    passes = [("sampled", sample) for sample in range(args.samples)] + [("greedy", 0)]
    total = len(args.arms) * len(passes) * len(prompts)
    progress = Progress(f"evaluation {args.arms[0]}, seed {args.seed}", total, unit="answer")
    tables: list[pd.DataFrame] = []
    for stream, arm in enumerate(args.arms):
        # All arms of a seed draw from the same stream: what they share in luck cancels in their difference.
        torch.manual_seed(derive_seed(args.seed, "responses", stream))
        for decoding, sample in passes:
            rows: list[dict] = []
            for start in range(0, len(prompts), args.generation_batch_size):
                batch = prompt_ids[start : start + args.generation_batch_size]
                rows += answer_prompts(policy, reference, tokenizer, batch, args.max_new_tokens, decoding == "sampled")
                progress.report(len(tables) * len(prompts) + len(rows))
            table = prompts.assign(arm=arm, seed=args.seed, decoding=decoding, sample=sample)
            tables.append(pd.concat([table, pd.DataFrame(rows)], axis=1))
    return pd.concat(tables, ignore_index=True)


def score_table(folder: str, responses: pd.DataFrame, batch_size: int) -> torch.Tensor:
    """The outputs of the reward model in `folder` for the answers of a table, (answers, labels)."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).to(pick_device())
    texts = [p + r for p, r in zip(token_lists(responses["prompt_ids"]), token_lists(responses["response_ids"]))]
    return score(model, texts, tokenizer.pad_token_id, batch_size)


def own_rewards(args: argparse.Namespace, responses: pd.DataFrame) -> dict[str, list[float]]:
    """The signal that the arm was trained on, of its own answers (`own`) and of SFT's in the same place (`own_sft`)."""
    scale = Scale(**read_json(args.scale))
    sft = pd.read_parquet(args.sft_responses)
    sft = sft[sft["arm"] == "sft"].reset_index(drop=True)
    if not sft[PLACE].equals(responses[PLACE]):
        raise InputError(f"{args.sft_responses} does not answer the same prompts in the same order")
    signals = {
        name: SIGNALS[args.signal](score_table(args.reward_model, answers, args.scoring_batch_size))
        for name, answers in (("own", responses), ("own_sft", sft))
    }
    return {name: scale.apply(signal).tolist() for name, signal in signals.items()}


def rate_by_rubric(responses: pd.DataFrame) -> pd.DataFrame:
    """Pocket's gold rating of each answer, the attributes that it is made of, and the points that raters would add."""
    from align.pocket import parse_prompt
    from align.rubric import gold_rating, rate_attributes, rater_bias

    rows = [
        {"gold": gold_rating(prompt, answer), "rater_bias": rater_bias(answer)}
        | {f"gold_{name}": value for name, value in rate_attributes(parse_prompt(prompt), answer).items()}
        for prompt, answer in zip(responses["prompt"], responses["response"])
    ]
    return pd.DataFrame(rows, index=responses.index)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    responses = sample_responses(args)
    scores = responses[KEPT].copy()
    for seed, folder in zip(args.judge_seeds, args.judges, strict=True):
        scores[f"judge_{seed}"] = score_table(folder, responses, args.scoring_batch_size)[:, 0].tolist()
    if args.reward_model:
        scores = scores.assign(**own_rewards(args, responses))
    if args.gold == "pocket":
        scores = pd.concat([scores, rate_by_rubric(responses)], axis=1)
    write_table(args.responses_output, responses)
    write_table(args.output, scores)


if __name__ == "__main__":
    run(main)
