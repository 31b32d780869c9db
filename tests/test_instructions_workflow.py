"""The world of instructions in the workflow, on a model of letters: prompts, responses, raters, pairs and report."""

import json

import jsonschema
import pandas as pd
import pytest
import yaml
from conftest import ROOT, letter_tokenizer, save_letter_model
from runs import SMOKE, copy_project, snakemake

from align.files import read_jsonl
from instructions.constraints import HELD_OUT
from instructions.prompts import FOLDS, parse_prompt


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    from transformers import LlamaForCausalLM

    folder = tmp_path_factory.mktemp("instructions")
    save_letter_model(folder / "letters", LlamaForCausalLM)
    project = copy_project(folder / "project")
    overlay = {
        "experiment": "instructions",
        "data": {"source": "instructions"},
        "instructions": {"train": 60, "judge": 40, "validation": 40, "responses": 3},
        "model": {"source": str(folder / "letters")},
        "lengths": {"max_prompt_tokens": 200, "max_pair_tokens": 400, "max_new_tokens": 24},
        "policies": ["level1_scalar", "level2_win"],
        # Nothing of them is of instructions; and a report has to do without.
        "studies": {"gradients": False, "trl": False, "untrained": False},
        "statistics": {
            "contrasts": [
                {"name": "level1", "arm": "level1_scalar", "against": "sft", "role": "test"},
                {"name": "win", "arm": "level2_win", "against": "level1_scalar", "role": "test"},
            ]
        },
    }
    (project / "letters.yaml").write_text(yaml.safe_dump(overlay))
    snakemake(project, "--configfile", SMOKE, "letters.yaml")
    return project / "results" / "instructions"


def test_folds_are_those_of_the_world(project):
    folds = {name: read_jsonl(project / "data" / f"{name}.jsonl") for name in ("train", "judge", "validation")}
    topics = {name: {parse_prompt(row["prompt"]).topic for row in rows} for name, rows in folds.items()}
    assert not topics["train"] & topics["judge"] and not topics["validation"] & (topics["train"] | topics["judge"])
    asked = {parse_prompt(row["prompt"]).constraint for fold in ("train", "judge") for row in folds[fold]}
    assert not asked & {*HELD_OUT}


def read_responses(project):
    return [row for fold in FOLDS for row in read_jsonl(project / "data" / "responses" / f"{fold}.jsonl")]


def test_a_pair_is_two_of_the_sampled_responses_in_the_order_of_their_ratings(project):
    sampled = {row["prompt"]: row["responses"] for row in read_responses(project)}
    for row in read_jsonl(project / "data" / "preferences.jsonl"):
        pair = [row[side][-1]["content"] for side in ("chosen", "rejected")]
        assert len(sampled[row["prompt"]]) == 3 and {*pair} <= {*sampled[row["prompt"]]}
        assert row["chosen_rating"] >= row["rejected_rating"]


def test_reward_models_read_a_response_that_was_cut_off_without_an_end(project):
    sampled = {row["prompt"]: dict(zip(row["responses"], row["finished"])) for row in read_responses(project)}
    pairs = {row["prompt_id"]: row for row in read_jsonl(project / "data" / "train.jsonl")}
    eos, ended = letter_tokenizer().eos_token_id, []
    for row in pd.read_parquet(project / "data" / "tokens" / "train.parquet").to_dict("records"):
        for side in ("chosen", "rejected"):
            text = pairs[row["prompt_id"]][side][-1]["content"]
            ended.append(sampled[row["prompt"]][text])
            assert (row[f"{side}_ids"][-1] == eos) == ended[-1]
    share = json.loads((project / "data" / "tokens" / "train.json").read_text())["cut_off_share"]
    assert 0 < share < 1 and share == 1 - sum(ended) / len(ended)


def test_truth_and_compliance_reach_the_summary(project):
    summary = json.loads((project / "statistics" / "summary.json").read_text())
    jsonschema.validate(summary, yaml.safe_load((ROOT / "workflow" / "schemas" / "summary.schema.yaml").read_text()))
    assert summary["world"]["weights"]["helpfulness"] == 0.4
    assert {row["metric"] for row in summary["contrasts"]} >= {"judges", "gold"}
    rows = pd.DataFrame(summary["compliance"])
    assert {"all seen", "all held out"} <= set(rows["constraint"])
    # A model of random letters does nothing that it is asked; what raters would say is of its very responses.
    assert (rows["mean"] == 0).all() and (rows["prompts"] > 0).all()
    files = (project / "evaluations").glob("seed[12].parquet")
    scored = pd.concat(map(pd.read_parquet, files), ignore_index=True)
    asked = scored["prompt"].map(lambda prompt: parse_prompt(prompt).constraint)
    sft = scored[(scored["arm"] == "sft") & (scored["decoding"] == "sampled") & ~asked.isin(HELD_OUT)]
    means = sft.assign(constraint=asked, said=sft["gold"] + sft["rater_bias"]).groupby(["seed", "constraint"])["said"]
    told = rows[(rows["arm"] == "sft") & (rows["decoding"] == "sampled") & (rows["constraint"] == "all seen")]
    assert told["raters"].item() == pytest.approx(means.mean().groupby("seed").mean().mean(), abs=1e-6)
    assert told["raters"].item() > 0
    page = (project / "appendix" / "level1.md").read_text()
    assert "](../figures/compliance.png)" in page and (project / "figures" / "compliance.png").is_file()


def test_the_experiment_on_smollm2_is_planned_whole():
    output = snakemake(
        ROOT, "--dry-run", "--forceall", "--configfile", "workflow/experiments/smollm2_instructions.yaml"
    )
    for rule in ("answer_instructions", "measure_compliance", "describe_world"):
        assert f"rule {rule}:" in output, rule


def test_more_arms_share_reward_models_with_those_that_are_there():
    names = ("smollm2_instructions", "smollm2_instructions_more")
    overlays = [f"workflow/experiments/{name}.yaml" for name in names]
    plans = [
        snakemake(ROOT, "--dry-run", "--printshellcmds", "--forceall", "--configfile", *overlays[:count])
        for count in (1, 2)
    ]
    made = [
        {line for line in plan.splitlines() if "python workflow/scripts/train_" in line and "judge" not in line}
        for plan in plans
    ]
    assert made[0] < made[1]
    added = made[1] - made[0]
    policies = {line for line in added if "train_policy.py" in line}
    arms = {line.split("--arm ")[1].split()[0] for line in policies}
    assert arms == {"level2_cvar", "rloo_4", "ppo", "level1_bounded", "level2_mean_longer"}
    # One arm asks for a reward model of its own, in three replicates.
    assert len(added - policies) == 3 and all("ratings_longer" in line for line in added - policies)
