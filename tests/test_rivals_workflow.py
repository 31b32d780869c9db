"""What the experiments with PPO, Vanilla PG and DPO plan, and which configs of theirs are refused."""

import re

import pytest
import yaml
from conftest import ROOT
from runs import SMOKE, snakemake

RIVALS, GRID, ROBUSTNESS = (f"workflow/experiments/{name}.yaml" for name in ("rivals", "methods_grid", "robustness"))


def count_jobs(output):
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE)}


def test_dpo_has_a_rule_of_its_own_and_the_methods_are_measured():
    output = snakemake(ROOT, "--dry-run", "--printshellcmds", "--forceall", "--configfile", RIVALS)
    jobs = count_jobs(output)
    # Three of the thirteen arms learn from pairs; beside them Level 1 after few steps, in three replicates.
    assert (jobs["train_policy"], jobs["train_dpo"], jobs["measure_methods"]) == (10 * 8 + 3, 3 * 8, 1)
    commands = {name: re.search(rf"--arm {name} --seed 1 [^\n]*", output)[0] for name in ("ppo", "vanilla_pg", "dpo")}
    assert "--gae-lambda 0.95" in commands["ppo"] and "--minibatches 4" in commands["ppo"]
    assert "--critic-learning-rate 0.002" in commands["vanilla_pg"] and "--gae" not in commands["vanilla_pg"]
    assert "--pairs raw" in commands["dpo"] and not re.search("--(baseline|method|samples-per)", commands["dpo"])
    # REINFORCE's is as it was before there were critics.
    reinforce = re.search(r"--arm level1_scalar --seed 1 [^\n]*", output)[0]
    assert "critic" not in reinforce and "clip" not in reinforce


def test_a_grid_is_an_arm_a_cell():
    output = snakemake(
        ROOT,
        *("--dry-run", "--forceall", "--printshellcmds", "results/methods_grid/statistics/grid.csv"),
        *("--configfile", RIVALS, GRID),
    )
    jobs = count_jobs(output)
    # Eight methods, five learning rates, three betas and three seeds; Level 1 as it is beside them.
    assert (jobs["train_policy"], jobs["train_dpo"]) == (7 * 15 * 3 + 3, 15 * 3)
    assert "--metric gold" in output
    command = re.search(r"--arm ppo_lr2_beta2 --seed 92 [^\n]*", output)[0]
    assert "--learning-rate 0.00015" in command and "--kl-coef 0.3" in command and "--method ppo" in command


def test_a_grid_may_vary_the_reward_model_and_leave_the_learning_rate():
    target = "results/robustness/statistics/grid.csv"
    output = snakemake(ROOT, "--dry-run", "--forceall", "--printshellcmds", target, "--configfile", ROBUSTNESS)
    jobs = count_jobs(output)
    # Four methods, four betas, three reward models and three seeds; Level 1 as it is beside them. Three judges.
    assert (jobs["train_policy"], jobs["train_reward_model"]) == (4 * 4 * 3 * 3 + 3, 3 * 3 + 3)
    command = re.search(r"--arm raft_4_beta1_rm2 --seed 3 [^\n]*", output)[0]
    assert "--kl-coef 0.03" in command and "--learning-rate 0.0005" in command and "--method raft" in command
    learned = re.search(r"--kind scalar_noise_30 --seed 3 [^\n]*", output)[0]
    assert "--labels given" in learned and "--label-noise 0.3" in learned
    assert "label-noise" not in re.search(r"--kind scalar --seed 3 [^\n]*", output)[0]


def test_what_no_arm_uses_is_no_part_of_the_experiment(tmp_path):
    (tmp_path / "other.yaml").write_text(yaml.safe_dump({"ppo": {"epochs": 2}}))
    target = "results/smoke/statistics/summary.json"
    output = [
        snakemake(ROOT, "--dry-run", "--forceall", "--printshellcmds", target, "--configfile", SMOKE, *more)
        for more in ([], [str(tmp_path / "other.yaml")])
    ]
    one, other = (re.search(r"--config-digest (\w+)", text)[1] for text in output)
    assert one == other and "measure_methods" not in output[0] and "train_dpo" not in output[0]


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        (
            {"arms": {"dpo": {"reward_model": "shuffled"}}},
            "dpo learns from the pairs as they are; 'shuffled' has other",
        ),
        ({"reinforce": {"micro_batch_size": 1}}, "for dpo batch_size has to be a multiple of micro_batch_size"),
        (
            {"ppo": {"clip_rage": 0.1}},
            "ppo: Additional properties are not allowed ('clip_rage' was unexpected); did you",
        ),
        (
            {"reward_models": {"scalar": {"label_noise": 0.2}}},
            "dpo learns from the pairs as they are; 'scalar' has other",
        ),
        ({"arms": {"dpo": {"cut_off_reward": -1.0}}}, "dpo.cut_off_reward: dpo learns from pairs, not from rewards"),
        (
            {"reward_models": {"judge": {"label_noise": 0.2}}},
            "judge.label_noise: it is of the labels given, in the fold",
        ),
        ({"grid": {"arms": ["ppo"], "reward_model": ["scaler"]}}, "no reward model 'scaler' is declared"),
        ({"grid": {"arms": ["ppo"]}}, "grid: {'arms': ['ppo']} does not have enough properties"),
        (
            {"grid": {"arms": ["pp"], "learning_rate": [0.1], "kl_coef": [0.1]}},
            "grid.arms: no arm 'pp' is declared under arms",
        ),
    ],
)
def test_a_wrong_config_is_refused(tmp_path, overlay, message):
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(overlay))
    output = snakemake(ROOT, "--dry-run", "--configfile", RIVALS, str(tmp_path / "wrong.yaml"), check=False)
    assert message in output and len(output.splitlines()) < 10
