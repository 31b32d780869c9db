"""Each number of the report is one of the statistics."""

import json
import re

import numpy as np
import pytest
from handmade import examples, make_summary
from pages import PAPER, STATISTICS, material, pocket_material, render_all
from state_findings import state_findings


@pytest.fixture(scope="module")
def pocket():
    """What the committed report is made of."""
    return pocket_material()


def numbers_in(text):
    """The numbers of a text, code, formulas, links and names aside: value, decimals, and whether it is per cent."""
    plain = re.sub(r"`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|\\[*_`|<]", " ", text, flags=re.S)
    plain = re.sub(
        r"Level \d|Eq\. \d|et al\. \d{4}|\(k = \d\)|k = \d|SmolLM2-135M|\b\w*[A-Za-z_]\w*\.?\d[\w.]*|TRL \d\S*",
        " ",
        plain,
    )
    for match in re.finditer(r"(?<![\w.])([+-]?\d+(?:\.(\d+))?(?:e-?\d+)?)( ?%| points)?", plain):
        yield float(match[1]), len(match[2] or ""), bool(match[3])


def is_among(value, decimals, share, known):
    """Whether a number is one of the known ones, at the precision in which it is written."""
    scaled = 100 * known if share else known
    return bool((np.abs(np.abs(scaled) - abs(value)) <= 0.5 * 10.0**-decimals + 1e-9).any())


def all_numbers(value):
    """Every number of some JSON."""
    if isinstance(value, dict):
        value = [*value.values(), *(float(key) for key in value if re.fullmatch(r"\d+", str(key)))]
    if isinstance(value, list):
        return [number for one in value for number in all_numbers(one)]
    return [value] if isinstance(value, (int, float)) else []


def test_each_number_of_a_finding_is_its_own(pocket):
    others = material(make_summary(level1="alpha", level2=("beta",), signals=("win",)), examples(["alpha"]))
    for given in (pocket, others):
        for one in state_findings(given.summary, PAPER, **given.beside):
            known = np.array([*one.numbers.values(), *one.thresholds.values()])
            for number in numbers_in(one.text):
                assert is_among(*number, known), (one.name, number)


def test_every_number_of_every_page_is_in_the_statistics(pocket):
    found = json.loads((STATISTICS / "findings.json").read_text())["findings"]
    thresholds = [row["thresholds"] for row in found]
    sources = [
        pocket.summary,
        *pocket.beside.values(),
        pocket.examples,
        PAPER,
        thresholds,
    ]
    known = np.array(
        [
            *all_numbers(sources),
            *all_numbers([row["numbers"] for row in found]),
            *all_numbers(pocket.trained_longer),
            0.0,
            1.0,
        ]
    )
    counted = 0
    for page, text in render_all(pocket).items():
        # Words said in responses are no results, nor are versions.
        text = re.sub(r"^Versions:.*$", "", text, flags=re.MULTILINE)
        for value, decimals, share in numbers_in(text):
            assert is_among(value, decimals, share, known), (page, value, decimals, share)
            counted += 1
    assert counted > 2000


def test_a_number_that_is_not_in_the_statistics_is_found():
    assert list(numbers_in("rose by +0.42 (p 0.0469), 86 %, in `a_1`, $x_2$, sft_0.8, Level 1")) == [
        (0.42, 2, False),
        (0.0469, 4, False),
        (86.0, 0, True),
    ]
    assert is_among(0.42, 2, False, np.array([0.4243])) and not is_among(0.43, 2, False, np.array([0.4243]))
    assert is_among(86.0, 0, True, np.array([0.857])) and not is_among(86.0, 0, False, np.array([0.857]))
