"""Pocket with divided raters: opinions differ about a response, and the truth is how many of them are content.

A rater's opinion of a response is normal. Its mean is a kind reading of the rubric, to which courtesy and boldness add;
its standard deviation is what the same two add, so that who pleases the average divides. Opinions are not cut at 0 and
4, and noise is the response's and not its prompt's. Mean and deviation of a response are known functions of its text.

Gold is the share of raters whose opinion is at least 3 of 0..4. It is no function of the mean: of a response that most
like, spread takes from the share, and of one that few like it adds. The worst tenth, the mean opinion of the 10 % who
like the response least (CVaR), is a second reading of the same truth.
"""

from scipy.special import ndtr
from scipy.stats import norm

from pocket import rubric
from pocket.rubric import read_response

# Rating points that a response gets for being there; those of the rubric are added to them.
KINDNESS = 1.0
# What style adds to the mean of opinions, and to their standard deviation, in rating points: courtesy, however often it
# is said, and boldness.
MEAN_OF_STYLE = 0.8
DEVIATION, DEVIATION_OF_STYLE = 0.2, 1.4
CONTENT = 3.0  # the opinion from which a rater is content
WORST_SHARE = 0.1
# Mean of the worst tenth of a standard normal, of the other sign.
WORST_DEPTH = float(norm.pdf(norm.ppf(WORST_SHARE)) / WORST_SHARE)

# The attributes are those of the rubric, and their weights make quality; gold is a share.
WEIGHTS = rubric.WEIGHTS
LOWEST, HIGHEST = 0.0, 1.0


def share_content(mean, deviation):
    """Share of normal opinions that are at least CONTENT; numbers, or arrays of one shape."""
    return ndtr((mean - CONTENT) / deviation)


def worst_tenth(mean, deviation):
    """Mean of the lowest tenth of normal opinions, in rating points; numbers, or arrays of one shape."""
    return mean - WORST_DEPTH * deviation


def count_styles(response: str) -> int:
    """How many things of a response divide raters, 0 to 2: is it courteous, is it bold?"""
    seen = read_response(response)
    return (seen.courtesies > 0) + seen.bold


def rater_bias(response: str) -> float:
    """Rating points that courtesy and boldness add to the mean opinion."""
    return MEAN_OF_STYLE * count_styles(response)


def mean_opinion(prompt: str, response: str) -> float:
    """Mean opinion of a response, in rating points. Raises ValueError if the prompt is not pocket's."""
    return KINDNESS + rubric.gold_rating(prompt, response) + rater_bias(response)


def opinion_deviation(response: str) -> float:
    """Standard deviation of opinions of a response, in rating points."""
    return DEVIATION + DEVIATION_OF_STYLE * count_styles(response)


def gold_rating(prompt: str, response: str) -> float:
    """The share of raters who are content with a response. Raises ValueError if the prompt is not pocket's."""
    return float(share_content(mean_opinion(prompt, response), opinion_deviation(response)))


def rate_attributes(prompt: str, response: str) -> dict[str, float]:
    """The rubric's attributes, with mean and deviation of opinions and their worst tenth, in rating points."""
    mean, deviation = mean_opinion(prompt, response), opinion_deviation(response)
    opinions = {"opinion": mean, "deviation": deviation, "worst_tenth": worst_tenth(mean, deviation)}
    return rubric.rate_attributes(prompt, response) | opinions
