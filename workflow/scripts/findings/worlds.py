"""Worlds whose truth is known: what a response is worth by a written rubric, and how raters see it."""

import random
from types import ModuleType
from typing import NamedTuple

from instructions import raters as instructions_raters
from instructions import rubric as instructions_rubric
from pocket import raters as pocket_raters
from pocket import rubric as pocket_rubric


class World(NamedTuple):
    """A world's two modules.

    rubric: gold_rating, rate_attributes, WEIGHTS, LOWEST, HIGHEST; raters: rater_bias, rater_noise, in rating points.
    """

    rubric: ModuleType
    raters: ModuleType

    def draw_rating(self, prompt: str, response: str, rng: random.Random) -> float:
        """One rater's rating: gold plus bias plus noise, cut to the scale, in steps of 0.2 (a mean of five ratings)."""
        noise = rng.gauss(0.0, self.raters.rater_noise(prompt))
        seen = self.rubric.gold_rating(prompt, response) + self.raters.rater_bias(response) + noise
        return round(5 * min(self.rubric.HIGHEST, max(self.rubric.LOWEST, seen))) / 5

    def rate_pair(self, prompt: str, responses: list[str], rng: random.Random) -> dict:
        """Two responses, rated and put in the order of their ratings, in HelpSteer2_binarized's columns."""
        ratings = [self.draw_rating(prompt, response, rng) for response in responses]
        best = 0 if ratings[0] >= ratings[1] else 1
        turn = {"role": "user", "content": prompt}
        chosen, rejected = ([turn, {"role": "assistant", "content": responses[i]}] for i in (best, 1 - best))
        return {
            "prompt": prompt,
            "chosen": chosen,
            "rejected": rejected,
            "chosen_rating": ratings[best],
            "rejected_rating": ratings[1 - best],
        }


WORLDS = {
    "pocket": World(pocket_rubric, pocket_raters),
    "instructions": World(instructions_rubric, instructions_raters),
}
