"""Score a replicate's responses by all judges, and by gold if a world knows the truth; proxy rewards stand beside.

And by the judges what the arms' trainings sampled on their way. One model is in memory at a time.
"""

import argparse

import pandas as pd

from align.errors import InputError, run
from align.files import write_csv
from align.scorers import READS, load_judge, read_conversations, with_end
from align.tables import add_prompt_ids, read_preferred, write_table
from findings.places import PLACE
from findings.readings import with_end_name
from findings.worlds import WORLDS, World


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", nargs="+", required=True, help="parquet of SFT's responses, and of every arm's")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--judges", nargs="+", required=True, help="folders of the judges")
    parser.add_argument("--judge-names", nargs="+", required=True, help="columns of their scores, in that order")
    parser.add_argument("--judge-reads", nargs="+", choices=READS, required=True, help="in that order")
    parser.add_argument("--conversations", nargs="*", default=[], help="JSON lines of the folds, for those of text")
    parser.add_argument("--scoring-batch-size", type=int, required=True, help="texts scored at once")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), required=True)
    parser.add_argument("--share-prompts", action="store_true", help="read a prompt once for all its responses")
    parser.add_argument("--end-cut-off", action="store_true", help="judges read cut-off ones with an end mark, too")
    parser.add_argument("--world", choices=tuple(WORLDS), help="whose truth is known, if that is")
    parser.add_argument("--proxy", help="parquet of score_proxy; default: no arm was trained")
    traced = parser.add_argument_group("what training sampled; default: no arm was trained")
    traced.add_argument("--arms", nargs="+", default=[], help="names of the arms")
    traced.add_argument("--rollouts", nargs="+", default=[], help="parquet of what was sampled in training, one an arm")
    traced.add_argument("--trace-every", type=int, help="steps between two of which the judges read the rollouts")
    traced.add_argument("--train-tokens", help="parquet of the training fold: the prompts of the rollouts")
    parser.add_argument("--output", required=True, help="parquet: a row a response, with its scores")
    parser.add_argument("--trace-output", required=True, help="CSV: a row an arm and a step that the judges read")
    return parser.parse_args(argv)


def select_rollouts(args: argparse.Namespace) -> list[pd.DataFrame]:
    """A table an arm of what was sampled at the first and the last step of training and every `trace_every` steps."""
    if not args.arms:
        return []
    # Responses end in EOS, but for those that were cut off, which end in whatever token it was.
    tables, eos = [], read_preferred(args.train_tokens)["chosen_ids"].str[-1].mode()[0]
    for arm, path in zip(args.arms, args.rollouts, strict=True):
        rollouts = pd.read_parquet(path)
        step = rollouts["step"]
        rollouts = rollouts[((step - 1) % args.trace_every == 0) | (step == step.max())]
        finished = [ids[-1] == eos for ids in rollouts["response_ids"]]
        tables.append(add_prompt_ids(rollouts, args.train_tokens).assign(arm=arm, finished=finished))
    return tables


def score_by_judges(args: argparse.Namespace, table: pd.DataFrame) -> pd.DataFrame:
    """The judges' scores of a table of responses, a column a judge; of those of tokens also with an end mark if asked.

    Where no pair that a judge learned from holds a response without an end, what it gives one is not taught.
    """
    conversations, scores = read_conversations(args.conversations), {}
    for name, reads, folder in zip(args.judge_names, args.judge_reads, args.judges, strict=True):
        how = (args.scoring_batch_size, args.precision, args.share_prompts)
        score = load_judge(reads, folder, *how, conversations)
        scores[name] = score(table)[:, 0].numpy()
        if args.end_cut_off and reads != "words":
            cut = ~table["finished"].to_numpy(dtype=bool)
            scores[with_end_name(name)] = scores[name].copy()
            if cut.any():
                scores[with_end_name(name)][cut] = score(with_end(folder, table[cut]))[:, 0].numpy()
        del score  # before the next is loaded
    return pd.DataFrame(scores, index=table.index)


def read_proxy(path: str, responses: pd.DataFrame) -> pd.DataFrame:
    """What score_proxy made of these responses, a row a response; raises InputError where it was of others."""
    proxy, key = pd.read_parquet(path), ["arm", *PLACE]
    if not proxy[key].equals(responses[key]):
        raise InputError(f"{path} is not of these responses in their order; run score_proxy again")
    return proxy.drop(columns=key)


def rate_by_rubric(world: World, responses: pd.DataFrame) -> pd.DataFrame:
    """The world's gold rating of each response, its attributes, and the points that raters would add."""
    rows = [
        {"gold": world.rubric.gold_rating(prompt, response), "rater_bias": world.raters.rater_bias(response)}
        | {f"gold_{name}": value for name, value in world.rubric.rate_attributes(prompt, response).items()}
        for prompt, response in zip(responses["prompt"], responses["response"])
    ]
    return pd.DataFrame(rows, index=responses.index)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    responses = pd.concat(map(pd.read_parquet, args.responses), ignore_index=True)
    # What was sampled in training stands behind the responses, of which none is of a step.
    read = pd.concat([responses.assign(step=0), *select_rollouts(args)], ignore_index=True)
    judged = score_by_judges(args, read)
    table = responses.drop(columns="prompt_ids").join(judged)
    if args.proxy:
        table = table.join(read_proxy(args.proxy, responses))
    if args.world:
        table = table.join(rate_by_rubric(WORLDS[args.world], responses))
    traced = read[["arm", "step"]].join(judged).iloc[len(responses) :].groupby(["arm", "step"], sort=False)
    write_table(args.output, table)
    write_csv(args.trace_output, traced.mean().reset_index().assign(seed=args.seed))


if __name__ == "__main__":
    run(main)
