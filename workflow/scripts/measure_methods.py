"""Measure how simple each method is: its lines of code, settings, models in memory, and what a step costs.

Lines are those of code (no docstrings, comments or blank lines) of what a method does between rewards and a gradient
step: what is common to all, sampling and rewarding, is left out. DPO's loss is TRL's, whose lines are not counted.
"""

import argparse
import ast
import json
from pathlib import Path

import pandas as pd

from align.errors import InputError, run
from align.files import write_csv
from align.tables import read_pairs

REINFORCE_STEP = (
    *("training_step.train_step", "training_step.accumulate_gradient"),
    *("reinforce.shape_reward", "reinforce.reinforce_loss"),
)
CRITIC_STEP = (
    *("critic_step.critic_train_step", "critic_step.read_episodes", "critic_step.accumulate_gradient"),
    *("critic.TokenValues", "critic.load_critic", "training_step.CriticSettings"),
    *("actor_critic.token_rewards", "actor_critic.gae", "actor_critic.sum_tokens"),
)
CLIPPED = [f"actor_critic.{name}" for name in ("clipped_policy_loss", "clipped_value_loss", "whiten")]
# module.definition of each method's part.
PARTS = {
    "reinforce": (*REINFORCE_STEP, "reinforce.Baseline"),
    "rloo": (*REINFORCE_STEP, "reinforce.leave_one_out"),
    "raft": (*REINFORCE_STEP, "reinforce.best_of_group"),
    "vanilla_pg": (*CRITIC_STEP, "actor_critic.policy_gradient_loss", "actor_critic.value_loss"),
    "ppo": (*CRITIC_STEP, *CLIPPED),
    "dpo": ("train_dpo.load_pairs", "train_dpo.train", "preference_policy.TokenisedDPOTrainer"),
}
SAMPLING = ("policy", "reference", "reward model")
# Those that a method learns with: DPO's training reads no reward model but to log rewards.
MODELS = dict.fromkeys(("reinforce", "rloo", "raft"), SAMPLING)
MODELS |= dict.fromkeys(("vanilla_pg", "ppo"), (*SAMPLING, "critic")) | {"dpo": ("policy", "reference")}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arms", type=json.loads, required=True, help="JSON, one an arm: name, method, its settings")
    parser.add_argument("--sources", nargs="+", required=True, help="Python files that methods are written in")
    runs = parser.add_argument_group("one a run, in the same order")
    runs.add_argument("--runs", nargs="+", required=True, help="the runs' arms")
    runs.add_argument("--metrics", nargs="+", required=True, help="CSVs, a row a step")
    runs.add_argument("--rollouts", nargs="+", required=True, help="parquet of what was sampled in training")
    runs.add_argument("--benchmarks", nargs="+", required=True, help="Snakemake's, of the training")
    parser.add_argument("--tokens", required=True, help="parquet of the training fold")
    parser.add_argument("--output", required=True, help="CSV: a row an arm")
    return parser.parse_args(argv)


def count_lines(source: str, name: str) -> int:
    """Lines of code of a module's function or class, without docstrings, comments and blank lines.

    Raises InputError if the module does not define it.
    """
    found = [node for node in ast.parse(source).body if getattr(node, "name", None) == name]
    if not found:
        raise InputError(f"--sources define no {name}: name it in measure_methods.py as it is called now")
    lines = set(range(found[0].lineno, found[0].end_lineno + 1))
    for node in ast.walk(found[0]):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    text = source.splitlines()
    return sum(bool(text[line - 1].strip()) and not text[line - 1].strip().startswith("#") for line in lines)


def passes_a_token(method: str, epochs: int = 1) -> int:
    """How often a model of the policy's size reads or writes each token in a step; a gradient counts twice more."""
    read, learned = 1, 3
    if method == "dpo":
        return read + learned  # reference, policy
    sampled = 3 * read  # the policy writes it, reference and reward model read it
    if method in ("vanilla_pg", "ppo"):
        return sampled + 2 * read + epochs * 2 * learned  # policy and critic, as it was sampled and in each pass
    return sampled + learned


def tokens_a_text(method: str, rollouts: pd.DataFrame, fold: pd.DataFrame) -> float:
    """Mean tokens of a text that is learned from, prompt and response: what was sampled, of DPO the fold's pairs."""
    if method == "dpo":
        prompt, *responses = (fold[f"{part}_ids"].map(len).mean() for part in ("prompt", "chosen", "rejected"))
        return float(prompt + sum(responses) / 2)
    prompts = fold.drop_duplicates("prompt_id").set_index("prompt_id")["prompt_ids"].map(len)
    return float((rollouts["prompt_id"].map(prompts) + rollouts["response_ids"].map(len)).mean())


def measure_run(arm: dict, metrics: str, rollouts: str, benchmark: str, fold: pd.DataFrame) -> dict:
    """What a run of an arm cost."""
    settings, job = arm["settings"], pd.read_csv(benchmark, sep="\t").iloc[0]
    # The first step warms up caches and, on a GPU, compiles.
    speed = pd.read_csv(metrics)["samples_per_second"].iloc[1:]
    passes = passes_a_token(arm["method"], settings.get("epochs", 1))
    length = tokens_a_text(arm["method"], pd.read_parquet(rollouts), fold)
    texts = settings["batch_size"] * settings["steps"]
    return {
        "arm": arm["name"],
        "seconds_a_step": settings["batch_size"] / speed.median(),
        "seconds": float(job["s"]),
        "max_rss_mb": float(job["max_rss"]),
        "texts": texts,
        "million_token_passes": passes * length * texts / 1e6,
    }


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    sources = {Path(path).stem: Path(path).read_text(encoding="utf-8") for path in args.sources}
    arms, fold = {arm["name"]: arm for arm in args.arms}, read_pairs(args.tokens)
    runs = zip(args.runs, args.metrics, args.rollouts, args.benchmarks, strict=True)
    costs = pd.DataFrame([measure_run(arms[name], *files, fold) for name, *files in runs])
    costs = costs.groupby("arm").mean()
    rows = []
    for name, arm in arms.items():
        method, settings = arm["method"], arm["settings"]
        parts = (part.split(".") for part in PARTS[method])
        lines = sum(count_lines(sources[module], definition) for module, definition in parts)
        simple = {"arm": name, "method": method, "lines": lines, "settings": len(settings)}
        simple |= {"models": len(MODELS[method]), "passes_a_token": passes_a_token(method, settings.get("epochs", 1))}
        rows.append(simple | costs.loc[name].to_dict())
    write_csv(args.output, pd.DataFrame(rows), digits=4)


if __name__ == "__main__":
    run(main)
