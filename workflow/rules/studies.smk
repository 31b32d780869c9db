# What is looked at beside the contrasts: the gradient, TRL's trainer, and the responses themselves.
GRADIENT_ARMS = [STUDIES["gradients"]["early"], STUDIES["gradients"]["arm"]]
SAMPLES_SEED = SEEDS[0]
SAMPLES_ARMS = ["sft", *arms_of(SAMPLES_SEED)]
RATING_KINDS = [kind for kind in kinds_of(SAMPLES_SEED) if config["reward_models"][kind]["head"] == "ratings"]


rule measure_responses:
    input:
        script=script("measure_responses"),
        evaluations=EVALUATIONS,
        preferred=[
            f"{RESULTS}/evaluations/{arm}/seed{seed}_preferred.csv"
            for arm, seed in [*(("sft", seed) for seed in SEEDS), *POLICY_RUNS]
        ],
        # Those that win rates count: of the SFT model's own make.
        judges=[f"{RESULTS}/reward_models/judge/seed{seed}_validation.parquet" for seed in config["judges"]["judge"]],
    output:
        responses=f"{RESULTS}/statistics/responses.csv",
        distributions=f"{RESULTS}/statistics/distributions.csv",
    log:
        f"{RESULTS}/logs/measure_responses.log",
    benchmark:
        f"{RESULTS}/benchmarks/measure_responses.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    shell:
        "python {input.script[0]} --evaluations {input.evaluations}"
        " --preferred {input.preferred} --judge-scores {input.judges}"
        " --responses-output {output.responses} --distributions-output {output.distributions} 2>&1 | tee {log}"


rule study_gradients:
    input:
        script=script("study_gradients"),
        policies=[f"{RESULTS}/policies/{arm}/seed{{seed}}" for arm in GRADIENT_ARMS],
        metrics=[f"{RESULTS}/training/{arm}/seed{{seed}}.csv" for arm in GRADIENT_ARMS],
        scale=f"{RESULTS}/training/{GRADIENT_ARMS[1]}/seed{{seed}}_scale.json",
        reference_policy=f"{RESULTS}/models/sft",
        reward_model=f"{RESULTS}/reward_models/{config['arms'][GRADIENT_ARMS[1]]['reward_model']}/seed{{seed}}",
        references=f"{RESULTS}/data/references.parquet",
    output:
        table=f"{RESULTS}/studies/gradients/seed{{seed}}.csv",
    log:
        f"{RESULTS}/logs/study_gradients/{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/study_gradients/{{seed}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: config["runtime"]["threads"]
    resources:
        mem_mb=3000,
        gpu=1,
    params:
        signal=signal_flags(GRADIENT_ARMS[1]),
        settings=flags(config["reinforce"], "batch_size", "kl_coef", "baseline_decay"),
        runtime=flags(
            config["runtime"],
            "generation_batch_size",
            "scoring_batch_size",
            "precision",
            prompts=STUDIES["gradients"]["prompts"],
            max_new_tokens=config["lengths"]["max_new_tokens"],
        ),
    shell:
        "python {input.script[0]} --phases early late --policies {input.policies} --metrics {input.metrics}"
        " --reference-policy {input.reference_policy} --reward-model {input.reward_model} --references {input.references}"
        " --scale {input.scale} --seed {wildcards.seed} {params.signal} {params.settings} {params.runtime}"
        " --output {output.table} 2>&1 | tee {log}"


rule compare_with_trl:
    input:
        script=script("compare_with_trl"),
        model=f"{RESULTS}/models/sft",
        reward_model=f"{RESULTS}/reward_models/{config['arms']['level1_scalar']['reward_model']}/seed{SEEDS[0]}",
        pairs=f"{RESULTS}/data/train.jsonl",
        tokens=f"{RESULTS}/data/tokens/train.parquet",
        lock="envs/requirements.lock",
    output:
        comparison=f"{RESULTS}/studies/trl.json",
    log:
        f"{RESULTS}/logs/compare_with_trl.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_with_trl.tsv"
    conda:
        "../../envs/training.yaml"
    threads: config["runtime"]["threads"]
    resources:
        mem_mb=3000,
        gpu=1,
    params:
        settings=flags(
            STUDIES["trl"],
            max_new_tokens=config["lengths"]["max_new_tokens"],
            kl_coef=config["reinforce"]["kl_coef"],
            seed=SEEDS[0],
        ),
    shell:
        "python {input.script[0]} --model {input.model} --reward-model {input.reward_model} --pairs {input.pairs}"
        " --tokens {input.tokens}"
        " --lock {input.lock} {params.settings} --output {output.comparison} 2>&1 | tee {log}"


rule make_samples:
    input:
        script=script("make_samples"),
        template="workflow/report/samples.html",
        evaluations=EVALUATIONS,
        tokens=f"{RESULTS}/data/tokens/validation.parquet",
        ratings=[f"{RESULTS}/reward_models/{kind}/seed{SAMPLES_SEED}" for kind in RATING_KINDS[:1]],
    output:
        page=report(
            f"{RESULTS}/samples.html",
            caption="../report/samples.rst",
            category="Responses",
            labels={"figure": "responses side by side"},
        ),
        examples=f"{RESULTS}/studies/examples.json",
    log:
        f"{RESULTS}/logs/make_samples.log",
    benchmark:
        f"{RESULTS}/benchmarks/make_samples.tsv"
    conda:
        "../../envs/training.yaml"
    threads: config["runtime"]["threads"]
    resources:
        mem_mb=2000,
        gpu=1,
    params:
        ratings=lambda wildcards, input: flags({}, ratings_model=input.ratings[0]) if input.ratings else "",
        settings=flags(
            STUDIES["samples"],
            arms=SAMPLES_ARMS,
            experiment=EXPERIMENT,
            seed=SAMPLES_SEED,
            scoring_batch_size=config["runtime"]["scoring_batch_size"],
        ),
    shell:
        "python {input.script[0]} --template {input.template}"
        " --evaluations {input.evaluations} --tokens {input.tokens} {params.ratings} {params.settings}"
        " --page-output {output.page} --examples-output {output.examples} 2>&1 | tee {log}"
