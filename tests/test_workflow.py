"""The whole workflow on the smoke experiment, in a copy of the project: what it makes, and what it refuses."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
import yaml
from conftest import ROOT, letter_tokenizer, save_letter_model
from faults.wrong import WRONG_CONFIGS
from runs import SMOKE, copy_project, snakemake


def test_the_smoke_experiment_ends_in_its_report(project):
    results = project / "results" / "smoke"
    summary = json.loads((results / "statistics" / "summary.json").read_text())
    declared = yaml.safe_load((ROOT / "config.yaml").read_text())["statistics"]["contrasts"]
    trained = {*yaml.safe_load((ROOT / SMOKE).read_text())["policies"], "sft", "sft_again"}
    expected = {row["name"] for row in declared if {row["arm"], row["against"]} <= trained}
    assert {row["name"] for row in summary["contrasts"]} == expected
    estimate = next(r["estimate"] for r in summary["contrasts"] if r["name"] == "level1" and r["metric"] == "gold")
    report = (results / "report.md").read_text()
    assert f"{estimate:+.2f} SFT standard deviations" in report
    # Two replicates can show nothing, whatever the estimate: the words follow from the test.
    assert "cannot be shown to have changed in so few replicates" in report and "rose" not in report
    for page in (results / "report.md", *(results / "appendix").iterdir()):
        for linked in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
            assert (page.parent / linked).resolve().is_file(), (page.name, linked)
    assert not (project / "report.md").exists()  # pocket's own
    assert not list((results / "training" / "state").iterdir())


def test_no_row_of_the_evaluation_is_missing(project):
    import pandas as pd

    declared = yaml.safe_load((ROOT / SMOKE).read_text())
    trained = {seed: [arm for arm in declared["policies"] if arm == "level1_scalar" or seed == 1] for seed in (1, 2)}
    for seed, arms in trained.items():
        table = pd.read_parquet(project / f"results/smoke/evaluations/seed{seed}.parquet").set_index("arm")
        rows = {name: 24 * (2 + 1) for name in ("sft", "sft_again", *arms)}
        # At another temperature there is no other greedy response.
        assert table.index.value_counts().to_dict() == rows | {"sft_0.5": 24 * 2}
        assert table.loc[arms].notna().all().all()
        own = [name for name in table if name.startswith("proxy")]
        assert table.loc[["sft", "sft_again", "sft_0.5"], own].isna().all().all()
        assert table.drop(columns=own).notna().all().all()


def test_the_sft_model_at_other_temperatures_is_in_the_tables_and_not_in_the_contrasts(project):
    import pandas as pd

    statistics = project / "results" / "smoke" / "statistics"
    for name in ("arms", "responses"):
        rows = pd.read_csv(statistics / f"{name}.csv").set_index(["arm", "decoding"])
        assert rows.loc[("sft_0.5", "sampled"), "judges"].notna().all() and ("sft_0.5", "greedy") not in rows.index
    summary = json.loads((statistics / "summary.json").read_text())
    assert "sft_0.5" not in {row["arm"] for row in summary["contrasts"]}
    compared = {row["arm"] for row in summary["equal_entropy"]}
    assert {"level1_scalar", "sft_again"} <= compared and not {"sft", "sft_0.5"} & compared


def test_the_noise_floor_is_other_samples_of_the_same_model(project):
    import pandas as pd

    table = pd.read_parquet(project / "results/smoke/evaluations/sft/seed1_responses.parquet")
    one, other = (table[table["arm"] == arm].reset_index(drop=True) for arm in ("sft", "sft_again"))
    greedy, sampled = one["decoding"] == "greedy", one["decoding"] == "sampled"
    assert (one["response"] == other["response"])[greedy].all()
    assert not (one["response"] == other["response"])[sampled].all()
    assert one["log_ratio"].abs().max() < 1e-3


def test_a_judge_of_another_make_reads_the_responses_in_its_own_tokens(fork, tmp_path):
    import pandas as pd
    import torch
    from transformers import AutoModelForSequenceClassification, LlamaForCausalLM

    save_letter_model(tmp_path / "letters", LlamaForCausalLM)
    base = {"source": str(tmp_path / "letters"), "package": None, "weights": "loaded"}
    base |= dict.fromkeys(("revision", "tokenizer", "pad_token"))
    overlay = {
        "bases": {"letters": base},
        "reward_models": {"spelling": {"fold": "judge", "labels": "given", "head": "scalar", "base": "letters"}},
        "judges": {"spelling": [201]},
    }
    (fork / "make.yaml").write_text(yaml.safe_dump(overlay))
    results = fork / "results" / "smoke"
    output = snakemake(fork, "--configfile", SMOKE, "make.yaml")
    assert "rule train_reward_model" in output and "rule sample_responses" not in output
    for name in ("arms", "responses"):
        assert pd.read_csv(results / "statistics" / f"{name}.csv")["spelling"].notna().all()
    assert "By the judges of another make (`spelling`) " in (results / "statistics" / "verdict.txt").read_text()
    # By hand: prompt, line, response, letter by letter; EOS where the policy ended by itself and nowhere else.
    letters = letter_tokenizer()
    judge = AutoModelForSequenceClassification.from_pretrained(results / "reward_models" / "spelling" / "seed201")
    table = pd.read_parquet(results / "evaluations" / "seed2.parquet")
    for finished in (True, False):
        row = table[table["finished"] == finished].iloc[0]
        ids = letters(f"{row['prompt']}\n{row['response']}")["input_ids"] + [letters.eos_token_id] * finished
        with torch.no_grad():
            expected = judge(torch.tensor([ids])).logits.item()
        assert row["spelling_201"] == pytest.approx(expected, abs=1e-4)


def test_a_fresh_clone_runs_from_the_beginning(tmp_path):
    # Its report, statistics and figures are committed, and a checkout may give all files one time.
    project = copy_project(tmp_path / "project")
    shutil.copy(ROOT / "report.md", project)
    for name in ("statistics", "figures"):
        shutil.copytree(ROOT / "results" / "pocket" / name, project / "results" / "pocket" / name)
    for path in project.rglob("*"):
        os.utime(path, (1e9, 1e9))
    plan = snakemake(project, "--dry-run")
    for rule in (
        "make_pocket",
        "train_sft",
        "train_reward_model",
        "train_policy",
        "sample_responses",
        "score_proxy",
        "score_responses",
    ):
        assert re.search(rf"^{rule} +[1-9]", plan, re.MULTILINE), rule


def test_the_html_report_holds_the_figures(project):
    snakemake(project, "--configfile", SMOKE, "--report", "report.html")
    html = (project / "report.html").read_text()
    for caption in ("training curves", "reward against KL", "contrasts", "calibration and ratings"):
        assert caption in html


@pytest.mark.parametrize(("overlay", "message"), WRONG_CONFIGS)
def test_a_wrong_config_is_refused_before_anything_runs(project, overlay, message):
    (project / "wrong.yaml").write_text(yaml.safe_dump({"experiment": "wrong", **overlay}))
    output = snakemake(project, "--dry-run", "--configfile", SMOKE, "wrong.yaml", check=False)
    assert message in output
    assert len(output.splitlines()) < 10
    assert not (project / "results" / "wrong").exists()


def test_another_experiment_never_writes_pockets_report(project):
    (project / "mine.yaml").write_text("experiment: mine\n")
    output = snakemake(project, "--dry-run", "--configfile", "mine.yaml")
    assert "results/mine/report.md" in output
    assert not re.search(r"output:.* report\.md", output) and "results/pocket" not in output


def test_every_key_of_the_config_is_described():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())

    def check(node, path):
        assert node.get("description"), f"{path} is not described"
        if node.get("type") == "object":
            assert node.get("additionalProperties") is not None, f"{path} takes unknown keys"
            for key, child in node.get("properties", {}).items():
                check(child, f"{path}.{key}")
        for inner in (node.get("items"), node.get("additionalProperties")):
            if isinstance(inner, dict) and inner.get("type") == "object":
                check(inner, f"{path}[]")

    check(schema, "config")


def test_an_overlay_may_say_seeds_alone(project):
    # Arms with seeds of their own run for those of them that the experiment has.
    (project / "overlay.yaml").write_text("seeds: [2, 9]\n")
    output = snakemake(project, "--dry-run", "--configfile", "overlay.yaml")
    assert "results/pocket/policies/no_kl_penalty/seed2" in output
    # Of those that name none of them there is none.
    assert not re.search("no_kl_penalty/seed[139]|level2_mean_convex/", output)


def test_a_killed_run_goes_on_by_the_same_command(tmp_path):
    project = copy_project(tmp_path / "project")
    target = "results/smoke/data/preferences.jsonl"
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", SMOKE, "--", target]
    # A job that the kill finds at work.
    script = project / "workflow" / "scripts" / "make_pocket.py"
    whole = script.read_text()
    script.write_text(
        whole.replace("def main(", "def main(argv=None):\n    import time; time.sleep(60)\n\n\ndef first_main(")
    )
    killed = subprocess.Popen(command, cwd=project, start_new_session=True, stdout=subprocess.PIPE, text=True)
    while not list((project / ".snakemake" / "incomplete").glob("*")):
        time.sleep(0.1)
        assert killed.poll() is None
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    (project / target).write_text("half")  # what a job without atomic writes would have left
    script.write_text(whole)
    snakemake(project, "--configfile", SMOKE, "--unlock")
    snakemake(project, "--configfile", SMOKE, "--", target)
    assert len((project / target).read_text().splitlines()) == 400
