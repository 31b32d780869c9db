"""Answer validation prompts, sampled and greedy, and score every response: judges, own reward model, gold if any.

Sampling and scoring are one job, since loading the libraries takes as long as either.
"""

import argparse

import pandas as pd
import torch
from transformers import AutoTokenizer

from align.chat import decode_response
from align.devices import autocast, pick_device
from align.errors import InputError, run
from align.files import read_json, write_csv
from align.progress import Progress
from align.reward_models import load_scorer
from align.rollout import TokenLogps, generate, load_policy
from align.seeds import derive_seed
from align.signal_flags import add_signal_flags, signal_options
from align.signals import Scale, compute_signal
from align.tables import read_preferred, read_prompts, token_lists, write_table

PLACE = ["prompt_id", "decoding", "sample"]
KEPT = ["arm", "seed", *PLACE, "tokens", "finished", "log_ratio"]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policy", required=True, help="folder of the policy")
    parser.add_argument("--reference", required=True, help="folder of the SFT model")
    parser.add_argument("--tokens", required=True, help="parquet of the validation fold")
    parser.add_argument("--arms", nargs="+", required=True, help="the policy's name; each further one samples it again")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--prompts", type=int, required=True, help="validation prompts to answer, the first ones")
    parser.add_argument("--samples", type=int, required=True, help="sampled responses a prompt; one greedy is added")
    parser.add_argument("--max-new-tokens", type=int, required=True)
    parser.add_argument("--generation-batch-size", type=int, required=True, help="prompts sampled at once")
    parser.add_argument("--scoring-batch-size", type=int, required=True, help="texts scored at once")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    parser.add_argument("--judges", nargs="+", required=True, help="folders of the judges")
    parser.add_argument("--judge-seeds", nargs="+", required=True, help="one a judge, for the columns' names")
    own = parser.add_argument_group("the reward model that the arm was trained on; SFT has none")
    own.add_argument("--reward-model")
    add_signal_flags(own, required=False)
    own.add_argument("--scale", help="JSON of the signal's standardisation")
    own.add_argument("--sft-responses", help="parquet of SFT's responses to the same prompts")
    own.add_argument("--pool", help="parquet of many SFT responses to these prompts: what the signal may compare with")
    own.add_argument("--pool-samples", type=int, help="how many of them it compares with, as many as in training")
    own.add_argument("--rollouts", help="parquet of what was sampled in training: the judges read every some steps")
    own.add_argument("--trace-every", type=int, help="steps between two that the judges read")
    own.add_argument("--train-tokens", help="parquet of the training fold: the prompts of --rollouts")
    parser.add_argument("--gold", choices=("pocket",), help="whose rubric knows the truth, if any does")
    parser.add_argument("--responses-output", required=True, help="parquet: a row a response, with its text and tokens")
    parser.add_argument("--output", required=True, help="parquet: a row a response, with its scores")
    parser.add_argument("--preferred-output", required=True, help="CSV: the preferred responses' log-probabilities")
    parser.add_argument("--trace-output", required=True, help="CSV: a row a step of --rollouts that the judges read")
    args = parser.parse_args(argv)
    if args.reward_model and None in (args.signal, args.scale, args.sft_responses, args.pool, args.pool_samples):
        parser.error("--reward-model needs --signal, --scale, --sft-responses, --pool and --pool-samples")
    if args.rollouts and None in (args.trace_every, args.train_tokens):
        parser.error("--rollouts needs --trace-every and --train-tokens")
    return args


def answer_prompts(policy, reference, tokenizer, prompts: list[list[int]], max_new_tokens: int, sample: bool):
    """One response a prompt, as rows of response_ids, response, tokens, finished and log_ratio (policy to SFT)."""
    responses = generate(policy.model, tokenizer, prompts, max_new_tokens, sample=sample)
    with torch.no_grad():
        log_ratio = (policy(prompts, responses)[0] - reference(prompts, responses)[0]).sum(dim=1)
    return [
        {
            "response_ids": ids,
            "response": decode_response(tokenizer, ids),
            "tokens": len(ids),
            "finished": ids[-1] == tokenizer.eos_token_id,
            "log_ratio": ratio,
        }
        for ids, ratio in zip(responses, log_ratio.tolist())
    ]


def sample_responses(args: argparse.Namespace, policy: TokenLogps) -> pd.DataFrame:
    """Responses of the policy to all validation prompts: `samples` at temperature 1 and a greedy one, per name."""
    tokenizer, reference = AutoTokenizer.from_pretrained(args.reference), load_policy(args.reference, pick_device())
    prompts = read_prompts(args.tokens).head(args.prompts)
    prompt_ids = token_lists(prompts["prompt_ids"])
    passes = [("sampled", sample) for sample in range(args.samples)] + [("greedy", 0)]
    total = len(args.arms) * len(passes) * len(prompts)
    progress = Progress(f"evaluation {args.arms[0]}, seed {args.seed}", total, unit="response")
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


@torch.no_grad()
def preferred_likelihood(args: argparse.Namespace, policy: TokenLogps) -> pd.DataFrame:
    """How probable the policy finds the preferred responses to the validation prompts: prompt_id, tokens, logp.

    The paper's measure of fluency is the perplexity that this gives: exp(-sum of logp / sum of tokens).
    """
    preferred = read_preferred(args.tokens).head(args.prompts)
    prompts, responses = token_lists(preferred["prompt_ids"]), token_lists(preferred["chosen_ids"])
    logps: list[float] = []
    for start in range(0, len(prompts), args.scoring_batch_size):
        rows = slice(start, start + args.scoring_batch_size)
        logps += policy(prompts[rows], responses[rows])[0].sum(dim=1).tolist()
    return preferred[["prompt_id"]].assign(tokens=list(map(len, responses)), logp=logps)


def own_rewards(args: argparse.Namespace, responses: pd.DataFrame) -> dict[str, list[float]]:
    """The signal that the arm was trained on, of its own responses (`own`) and of SFT's in the same place (`own_sft`).

    Standardised as in training, and as it reads (`_raw`).
    """
    scale = Scale(**read_json(args.scale))
    score_table = load_scorer(args.reward_model, args.scoring_batch_size, args.precision)
    sft = pd.read_parquet(args.sft_responses)
    sft = sft[sft["arm"] == "sft"].reset_index(drop=True)
    if not sft[PLACE].equals(responses[PLACE]):
        raise InputError(f"{args.sft_responses} does not answer the same prompts in the same order")
    pool = pd.read_parquet(args.pool)
    pool = pool[(pool["decoding"] == "sampled") & (pool["sample"] < args.pool_samples)]
    outputs = score_table(pool)
    # By prompt: its responses in the pool, (responses, labels).
    references = {prompt: outputs[rows] for prompt, rows in pool.reset_index().groupby("prompt_id").indices.items()}
    torch.manual_seed(derive_seed(args.seed, "own"))  # for the one signal that draws
    signals = {}
    for name, some in (("own", responses), ("own_sft", sft)):
        beside = torch.stack([references[prompt] for prompt in some["prompt_id"]])
        signal = compute_signal(args.signal, score_table(some), beside, signal_options(args))
        signals[name], signals[f"{name}_raw"] = scale.apply(signal).tolist(), signal.tolist()
    return signals


def select_rollouts(args: argparse.Namespace) -> pd.DataFrame:
    """What was sampled at the first step of training and every `trace_every` steps, with its prompts' tokens."""
    if not args.rollouts:
        return pd.DataFrame(columns=["step", "prompt_ids", "response_ids"])
    rollouts = pd.read_parquet(args.rollouts)
    rollouts = rollouts[(rollouts["step"] - 1) % args.trace_every == 0]
    prompts = read_prompts(args.train_tokens).set_index("prompt_id")["prompt_ids"]
    return rollouts.assign(prompt_ids=rollouts["prompt_id"].map(prompts)).reset_index(drop=True)


def rate_by_rubric(responses: pd.DataFrame) -> pd.DataFrame:
    """Pocket's gold rating of each response, its attributes, and the points that raters would add."""
    from pocket.language import parse_prompt
    from pocket.raters import rater_bias
    from pocket.rubric import gold_rating, rate_attributes

    rows = [
        {"gold": gold_rating(prompt, response), "rater_bias": rater_bias(response)}
        | {f"gold_{name}": value for name, value in rate_attributes(parse_prompt(prompt), response).items()}
        for prompt, response in zip(responses["prompt"], responses["response"])
    ]
    return pd.DataFrame(rows, index=responses.index)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    policy = load_policy(args.policy, pick_device())
    with autocast(args.precision):
        responses = sample_responses(args, policy)
        preferred = preferred_likelihood(args, policy)
    scores, traced = responses[KEPT].copy(), select_rollouts(args)
    names = [f"judge_{seed}" for seed in args.judge_seeds]
    for name, folder in zip(names, args.judges, strict=True):
        score_table = load_scorer(folder, args.scoring_batch_size, args.precision)
        scores[name] = score_table(responses)[:, 0].tolist()
        traced[name] = score_table(traced)[:, 0].tolist() if len(traced) else []
    if args.reward_model:
        scores = scores.assign(**own_rewards(args, responses))
    if args.gold == "pocket":
        scores = pd.concat([scores, rate_by_rubric(responses)], axis=1)
    write_table(args.responses_output, responses)
    write_table(args.output, scores)
    write_csv(args.preferred_output, preferred)
    write_csv(args.trace_output, traced.groupby("step")[names].mean().reset_index())


if __name__ == "__main__":
    run(main)
