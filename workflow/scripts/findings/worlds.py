"""Worlds whose truth is known: what a response is worth by a written rubric, and how raters see it."""

import random
from types import ModuleType
from typing import NamedTuple

from instructions import raters as instructions_raters
from instructions import rubric as instructions_rubric
from pocket import divided
from pocket import raters as pocket_raters
from pocket import rubric as pocket_rubric


class World(NamedTuple):
    """A world's two modules.

    rubric: gold_rating, rate_attributes, WEIGHTS, LOWEST, HIGHEST; raters: rater_bias, and rater_noise or, where noise
    is the response's, mean_opinion and opinion_deviation, in rating points. truth: which of measure_oracle's
    utilities gold is.
    """

    truth = "mean"

    rubric: ModuleType
    raters: ModuleType

    def ratings(self, prompt: str, response: str) -> tuple[float, float]:
        """Mean and standard deviation of raters' ratings of a response, before they are cut to the scale."""
        mean = self.rubric.gold_rating(prompt, response) + self.raters.rater_bias(response)
        return mean, self.raters.rater_noise(prompt)

    def true_ratings(self, prompt: str, response: str) -> tuple[float, float]:
        """Mean and standard deviation of ratings that share the truth's taste: without the raters' bias."""
        return self.rubric.gold_rating(prompt, response), self.raters.rater_noise(prompt)

    def draw_rating(self, prompt: str, response: str, rng: random.Random) -> float:
        """One rater's rating: gold plus bias plus noise, cut to the scale, in steps of 0.2 (a mean of five ratings)."""
        mean, deviation = self.ratings(prompt, response)
        seen = mean + rng.gauss(0.0, deviation)
        return round(5 * min(self.rubric.HIGHEST, max(self.rubric.LOWEST, seen))) / 5

    def rate_pair(
        self, prompt: str, responses: list[str], rng: random.Random, finished: list[bool] | None = None
    ) -> dict:
        """The responses that are rated best and worst, of two or more, in HelpSteer2_binarized's columns.

        With `finished`, whether each response ended by itself stands beside it.
        """
        ratings = [self.draw_rating(prompt, response, rng) for response in responses]
        best, worst = (ratings.index(end(ratings)) for end in (max, min))
        if best == worst:  # all are rated alike
            best, worst = 0, len(ratings) - 1
        turn = {"role": "user", "content": prompt}
        chosen, rejected = ([turn, {"role": "assistant", "content": responses[i]}] for i in (best, worst))
        ended = {"chosen_finished": finished[best], "rejected_finished": finished[worst]} if finished else {}
        return {
            "prompt": prompt,
            "chosen": chosen,
            "rejected": rejected,
            "chosen_rating": ratings[best],
            "rejected_rating": ratings[worst],
            **ended,
        }


class DividedWorld(World):
    """A world whose raters are of divided opinions of a response, and whose truth is their share that is content."""

    truth = "content"

    def ratings(self, prompt: str, response: str) -> tuple[float, float]:
        return self.raters.mean_opinion(prompt, response), self.raters.opinion_deviation(response)

    def true_ratings(self, prompt: str, response: str) -> tuple[float, float]:
        """The truth is what these very raters think: nothing of their taste is a bias."""
        return self.ratings(prompt, response)

    def draw_rating(self, prompt: str, response: str, rng: random.Random) -> float:
        """One rater's opinion, in steps of 0.2; not cut, so that mean and deviation are what they are said to be."""
        mean, deviation = self.ratings(prompt, response)
        return round(5 * rng.gauss(mean, deviation)) / 5


WORLDS = {
    "pocket": World(pocket_rubric, pocket_raters),
    "divided": DividedWorld(divided, divided),
    "instructions": World(instructions_rubric, instructions_raters),
}
