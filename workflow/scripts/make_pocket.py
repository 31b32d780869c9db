"""Generate the pocket experiment's data: rated preference pairs, and demonstrations for its SFT model."""

import argparse
import random

from align.errors import run
from align.files import write_jsonl
from findings.worlds import WORLDS, World
from pocket.language import draw_distinct_prompts, parse_prompt, write_response

# Raters, as the config names them, and their world.
RATERS = {"usual": "pocket", "divided": "divided"}
# Two writers a prompt: the model sees that there is more than one way to answer.
RESPONSES_A_DEMONSTRATION = 2


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world-seed", type=int, required=True)
    parser.add_argument("--pairs", type=int, required=True, help="prompts with a pair of rated responses")
    parser.add_argument("--demonstrations", type=int, required=True, help="other prompts, with responses to learn from")
    parser.add_argument("--raters", choices=tuple(RATERS), default="usual")
    parser.add_argument("--raters-per-pair", type=int, default=1, help="each rates both responses: a row a rater")
    parser.add_argument("--preferences-output", required=True, help="JSON lines in HelpSteer2_binarized's columns")
    parser.add_argument("--demonstrations-output", required=True, help="JSON lines: prompt, response")
    return parser.parse_args(argv)


def make_pair(world: World, prompt: str, raters: int, rng: random.Random) -> list[dict]:
    """Two responses by different writers, rated: a row a rater; the split drops ties."""
    task = parse_prompt(prompt)
    responses = [write_response(task, rng.random(), rng) for _ in range(2)]
    return [world.rate_pair(prompt, responses, rng) for _ in range(raters)]


def make_demonstration(prompt: str, rng: random.Random) -> dict:
    """A response to imitate. Most of its writers are poor, as most of the web's are: alignment must have work to do."""
    return {"prompt": prompt, "response": write_response(parse_prompt(prompt), rng.betavariate(1.0, 3.0), rng)}


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    rng = random.Random(args.world_seed)
    prompts = draw_distinct_prompts(rng, args.pairs + args.demonstrations)
    world = WORLDS[RATERS[args.raters]]
    write_jsonl(
        args.preferences_output,
        (row for prompt in prompts[: args.pairs] for row in make_pair(world, prompt, args.raters_per_pair, rng)),
    )
    write_jsonl(
        args.demonstrations_output,
        (make_demonstration(prompt, rng) for prompt in prompts[args.pairs :] for _ in range(RESPONSES_A_DEMONSTRATION)),
    )


if __name__ == "__main__":
    run(main)
