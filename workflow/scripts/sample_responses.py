"""Answer validation prompts with a policy, sampled and greedy, and measure how far it has gone from SFT."""

import argparse
from dataclasses import dataclass

import pandas as pd
from torch import manual_seed
from transformers import AutoTokenizer

from align.chat import decode_response
from align.devices import autocast, pick_device
from align.errors import run
from align.files import write_csv
from align.progress import Progress
from align.rollout import TokenLogps, load_policy
from align.sampling import read_in_batches, sample_in_batches
from align.seeds import derive_seed
from align.tables import read_preferred, read_prompts, token_lists, write_table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policy", required=True, help="folder of the policy")
    parser.add_argument("--reference-policy", required=True, help="folder of the SFT model")
    parser.add_argument("--tokens", required=True, help="parquet of the validation fold")
    parser.add_argument("--arms", nargs="+", required=True, help="the policy's name; each further one samples it again")
    parser.add_argument(
        "--temperatures", nargs="*", type=float, default=[], help="it is sampled at these too, as {first name}_{t}"
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--prompts", type=int, required=True, help="validation prompts to answer, the first ones")
    parser.add_argument("--samples", type=int, required=True, help="sampled responses a prompt; a greedy one is added")
    parser.add_argument("--max-new-tokens", type=int, required=True)
    parser.add_argument("--generation-batch-size", type=int, required=True, help="prompts sampled at once")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    parser.add_argument("--output", required=True, help="parquet: a row a response, with its text and tokens")
    parser.add_argument("--preferred-output", required=True, help="CSV: the preferred responses' log-probabilities")
    return parser.parse_args(argv)


def plan_streams(args: argparse.Namespace) -> dict[str, tuple[int, float]]:
    """The seed and the temperature of each name under which the policy is sampled."""
    # All arms of a replicate draw from the same stream: what they share in luck cancels in their difference.
    streams = {arm: (derive_seed(args.seed, "responses", number), 1.0) for number, arm in enumerate(args.arms)}
    tempered = {f"{args.arms[0]}_{temperature:g}": temperature for temperature in args.temperatures}
    return streams | {arm: (derive_seed(args.seed, "responses", arm), t) for arm, t in tempered.items()}


@dataclass(frozen=True)
class Sampler:
    """A policy with what it takes to sample it and to measure how far it has gone from SFT."""

    policy: TokenLogps
    reference: TokenLogps  # SFT
    tokenizer: object
    max_new_tokens: int
    batch_size: int  # prompts at once
    progress: Progress

    def respond(self, prompts: list[list[int]], greedy: bool, temperature: float) -> pd.DataFrame:
        """One response a prompt, as a table of response_ids, response, tokens, finished, log_ratio and entropy.

        log_ratio is the log-probability by what was sampled from (by the policy, if greedy) less SFT's; entropy the
        mean a token of what was sampled from, in nats: of a greedy response 0.
        """
        how = (self.max_new_tokens, self.batch_size, not greedy, temperature, self.progress)
        ids = sample_in_batches(self.policy.model, self.tokenizer, prompts, *how)
        logps, entropy = read_in_batches(self.policy, prompts, ids, self.batch_size, temperature)
        reference_logps, _ = read_in_batches(self.reference, prompts, ids, self.batch_size)
        table = pd.DataFrame({"response_ids": ids, "response": [decode_response(self.tokenizer, each) for each in ids]})
        table["tokens"] = table["response_ids"].map(len)
        table["finished"] = [each[-1] == self.tokenizer.eos_token_id for each in ids]
        table["log_ratio"] = (logps - reference_logps).tolist()
        table["entropy"] = 0.0 if greedy else entropy.numpy() / table["tokens"]
        return table


def sample_responses(args: argparse.Namespace, policy: TokenLogps, reference: TokenLogps) -> pd.DataFrame:
    """Responses to all validation prompts under each name: `samples` of them, and a greedy one at temperature 1."""
    tokenizer = AutoTokenizer.from_pretrained(args.reference_policy)
    prompts = read_prompts(args.tokens).head(args.prompts)
    prompt_ids, streams = token_lists(prompts["prompt_ids"]), plan_streams(args)
    total = len(prompts) * (len(streams) * args.samples + len(args.arms))
    progress = Progress(f"responses of {args.arms[0]}, seed {args.seed}", total, unit="response")
    sampler = Sampler(policy, reference, tokenizer, args.max_new_tokens, args.generation_batch_size, progress)
    tables: list[pd.DataFrame] = []
    for arm, (seed, temperature) in streams.items():
        manual_seed(seed)
        passes = [("sampled", sample) for sample in range(args.samples)]
        for decoding, sample in passes + ([("greedy", 0)] if temperature == 1.0 else []):
            responses = sampler.respond(prompt_ids, decoding == "greedy", temperature)
            place = prompts.assign(arm=arm, seed=args.seed, decoding=decoding, sample=sample)
            tables.append(pd.concat([place, responses], axis=1))
    return pd.concat(tables, ignore_index=True)


def preferred_likelihood(args: argparse.Namespace, policy: TokenLogps) -> pd.DataFrame:
    """How probable the policy finds the preferred responses: arm, seed, prompt_id, tokens and logp, under each name.

    The paper's measure of fluency is the perplexity that this gives: exp(-sum of logp / sum of tokens).
    """
    preferred = read_preferred(args.tokens).head(args.prompts)
    prompts, responses = token_lists(preferred["prompt_ids"]), token_lists(preferred["chosen_ids"])
    by_temperature = {
        temperature: read_in_batches(policy, prompts, responses, args.generation_batch_size, temperature)[0].tolist()
        for temperature in (1.0, *args.temperatures)
    }
    table = preferred[["prompt_id"]].assign(tokens=list(map(len, responses)))
    return pd.concat(
        table.assign(arm=arm, seed=args.seed, logp=by_temperature[temperature])
        for arm, (_, temperature) in plan_streams(args).items()
    )


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    policy, reference = (load_policy(folder, pick_device()) for folder in (args.policy, args.reference_policy))
    with autocast(args.precision):
        responses = sample_responses(args, policy, reference)
        preferred = preferred_likelihood(args, policy)
    write_table(args.output, responses)
    write_csv(args.preferred_output, preferred)


if __name__ == "__main__":
    run(main)
