"""The same DAG on real files: a trained model without chat template or pad token, and real, long preference pairs."""

import json

import yaml
from runs import copy_project, snakemake


def test_a_real_model_and_real_pairs_run_to_their_report(real, tmp_path):
    project = copy_project(tmp_path / "project")
    overlay = {
        "experiment": "real",
        "seeds": [1, 2],
        "judges": {"judge": [101]},
        "policies": ["level1_scalar", "level2_win"],
        "arms": {"level2_win": {"seeds": [1]}},
        "data": {
            "source": str(real / "ultrafeedback"),
            "split": "train",
            "validation_prompts": 250,
            "judge_share": 0.4,
        },
        "model": {"source": str(real / "stories260k")},
        "lengths": {"max_prompt_tokens": 256, "max_pair_tokens": 512, "max_new_tokens": 16},
        "reward_training": {"epochs": 1, "batch_size": 8, "micro_batch_size": 8, "learning_rate": 3.0e-4, "bins": 5},
        "references": {"prompts": 16, "samples": 2},
        "reinforce": {"steps": 3, "batch_size": 8, "micro_batch_size": 4, "learning_rate": 1.0e-4},
        "evaluation": {"prompts": 16, "samples": 2, "pool_samples": 4, "trace_every": 1, "sft_temperatures": [0.5]},
        "statistics": {"calibration_draws": 200},
        "studies": {"gradients": False, "trl": {"prompts": 4}, "samples": {"prompts": 10}},
    }
    (project / "real.yaml").write_text(yaml.safe_dump(overlay))
    snakemake(project, "--configfile", "real.yaml")
    results = project / "results" / "real"
    lengths = json.loads((results / "statistics" / "summary.json").read_text())["lengths"]
    dropped = sum(fold["dropped_long_prompt"] + fold["dropped_long_pair"] for fold in lengths.values())
    kept = sum(fold["kept_pairs"] for fold in lengths.values())
    # Eight pairs in nine are longer than this model's context; the report says so.
    assert dropped > 5 * kept > 0
    report = (results / "report.md").read_text()
    train = lengths["train"]
    folds = f"| train | {train['pairs']} | {train['dropped_long_prompt']} | {train['dropped_long_pair']} |"
    assert folds in (results / "appendix" / "method.md").read_text()
    assert "There is no gold rating" in report
    # Both levels, and as many ratings as the config asks for.
    assert "## Level 2" in report and "| level2_win |" in report and "returns 5 logits" in report
    # A checkpoint without a chat template has one after loading, and padding is not EOS.
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(results / "models" / "sft")
    assert tokenizer.chat_template and tokenizer.pad_token != tokenizer.eos_token
