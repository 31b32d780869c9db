import json

# What a summary is made of, by name: tables, and facts that are no tables.
SUMMARY_TABLES = {
    "contrasts": rules.compare_arms.output.contrasts,
    "arms": rules.compare_arms.output.arms,
    "differences": rules.compare_arms.output.differences,
    "relations": rules.relate_differences.output.relations,
    "reward_models": rules.measure_reward_models.output.table,
    "ratings": rules.measure_reward_models.output.ratings,
    "screen": rules.measure_signals.output.screen,
    "predictions": rules.measure_signals.output.predictions,
    "agreement": rules.measure_signals.output.agreement,
    "relabelling": rules.measure_signals.output.relabelling,
    "cut_off": rules.measure_signals.output.cut_off,
    "equal_kl": rules.compare_at_equal_kl.output.contrasts,
    "equal_entropy": rules.compare_at_equal_entropy.output.differences,
    "training": rules.trace_training.output.training,
    "responses": rules.measure_responses.output.responses,
    "gradients": [f"{RESULTS}/studies/gradients/seed{seed}.csv" for seed in GRADIENT_SEEDS],
    "cost": f"{RESULTS}/statistics/cost.csv",
    "compliance": [COMPLIANCE] if WORLD == "instructions" else [],
    "untrained": [f"{RESULTS}/statistics/untrained.csv"] if STUDIES.get("untrained") else [],
    "oracle": [f"{RESULTS}/statistics/oracle.csv"] if WORLD else [],
    "learned": [f"{RESULTS}/statistics/learned.csv"] if WORLD else [],
    "methods": METHODS_TABLE,
    "overoptimisation": [OVEROPTIMISATION] if "overoptimisation" in config["statistics"] else [],
    "ties": [f"{RESULTS}/statistics/ties.csv"] if config["data"]["keep_ties"] else [],
}
SUMMARY_FACTS = {
    "split": f"{RESULTS}/data/split.json",
    "lengths": [f"{RESULTS}/data/tokens/{fold}.json" for fold in FOLDS],
    "trl": [f"{RESULTS}/studies/trl.json"] if "trl" in STUDIES else [],
    "sources": [f"{RESULTS}/data/sources.json"] if SOURCE_OUTPUTS else [],
    "world": [f"{RESULTS}/statistics/world.json"] if WORLD else [],
}


rule summarise_results:
    input:
        **SUMMARY_TABLES,
        **SUMMARY_FACTS,
        script=script("summarise_results"),
    output:
        summary=f"{RESULTS}/statistics/summary.json",
    log:
        f"{RESULTS}/logs/summarise_results.log",
    # It names the versions of the packages that trained.
    conda:
        "../../envs/training.yaml"
    params:
        experiment=EXPERIMENT,
        settings=shlex.quote(json.dumps(REPORTED_SETTINGS, sort_keys=True)),
        primary=config["statistics"]["primary_metric"],
        digest=CONFIG_DIGEST,
        tables=by_name(SUMMARY_TABLES),
        facts=by_name(SUMMARY_FACTS),
    shell:
        "python {input.script[0]}"
        " --experiment {params.experiment}"
        " --primary-metric {params.primary}"
        " --settings {params.settings}"
        " --config-digest {params.digest}"
        " --tables {params.tables}"
        " --facts {params.facts}"
        " --output {output.summary}"
        " 2>&1 | tee {log}"
