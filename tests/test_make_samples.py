import json
import re

import make_samples
import pandas as pd
import pytest
from conftest import ROOT

TEMPLATE = ROOT / "workflow" / "report" / "samples.html"


@pytest.fixture
def files(tmp_path):
    """Two arms, three prompts, two samples and a greedy response, with text that HTML could trip over."""
    rows = []
    for arm, shift in (("sft", 0.0), ("sft_again", 0.0), ("level1_scalar", 1.0)):
        rows += [
            {"arm": arm, "seed": 1, "prompt_id": f"p{p}", "decoding": decoding, "sample": sample, "tokens": 3 + p}
            | {"finished": True, "judge_1": p + shift + 0.1 * sample, "prompt": f"prompt {p} </script>"}
            | {"response": f"<b>{arm}</b> {p}", "response_ids": [2]}
            for decoding, samples in (("sampled", 2), ("greedy", 1))
            for sample in range(samples)
            for p in range(3)
        ]
    table = pd.DataFrame(rows)
    for seed in (1, 2):
        table.assign(seed=seed).to_parquet(tmp_path / f"seed{seed}.parquet")
    return tmp_path


def run(files, prompts="2", more=()):
    make_samples.main(
        ["--template", str(TEMPLATE), "--evaluations", *(str(files / f"seed{seed}.parquet") for seed in (1, 2))]
        + ["--arms", "sft", "level1_scalar", *more]
        + ["--experiment", "test", "--seed", "1", "--prompts", prompts, "--examples", "1"]
        + ["--page-output", str(files / "page.html"), "--examples-output", str(files / "examples.json")]
    )
    page = (files / "page.html").read_text()
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return page, json.loads(found[1])


def test_the_page_holds_every_arms_first_responses(files):
    page, data = run(files)
    assert data["arms"] == ["sft", "level1_scalar"] and len(data["prompts"]) == 2
    responses = data["prompts"][0]["responses"]
    assert [(a["arm"], a["decoding"]) for a in responses] == [
        (arm, decoding) for arm in data["arms"] for decoding in ("sampled", "greedy")
    ]
    # In SFT standard deviations: one judge's step from SFT to the arm is the same for every prompt.
    gaps = [p["responses"][2]["judges"] - p["responses"][0]["judges"] for p in data["prompts"]]
    assert gaps[0] == pytest.approx(gaps[1], abs=2e-3) and gaps[0] > 0


def test_nothing_that_was_written_ends_the_script(files):
    page, data = run(files)
    assert (
        data["prompts"][0]["prompt"] == "prompt 0 </script>"
        and data["prompts"][0]["responses"][0]["text"] == "<b>sft</b> 0"
    )
    assert page.count("</script>") == 2 and "innerHTML" not in page


def test_the_page_needs_nothing_else(files):
    page, _ = run(files)
    assert not re.search(r"(src|href)=|https?://|@import|url\(", page)


def test_ratings_stand_beside_their_responses(files):
    table = pd.read_parquet(files / "seed1.parquet").query("sample == 0").sample(frac=1, random_state=0)
    ratings = [[0.25, 0.75] if arm == "sft" else [1.0, 0.0] for arm in table["arm"]]
    table[["arm", "prompt_id", "decoding", "sample"]].assign(ratings=ratings).to_parquet(files / "ratings.parquet")
    _, data = run(files, more=["--ratings", str(files / "ratings.parquet")])
    for prompt in data["prompts"]:
        assert [(a["ratings"], a["mean_rating"]) for a in prompt["responses"][1:3]] == [
            ([0.25, 0.75], 1.75),
            ([1.0, 0.0], 1.0),
        ]


def test_examples_are_the_first_prompts(files):
    _, data = run(files)
    assert json.loads((files / "examples.json").read_text()) == data["prompts"][:1]
