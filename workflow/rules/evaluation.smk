rule sample_responses:
    input:
        script=script("sample_responses"),
        policy=policy_of_arm,
        reference=f"{RESULTS}/models/sft",
        tokens=f"{RESULTS}/data/tokens/validation.parquet",
    output:
        responses=f"{RESULTS}/evaluations/responses/{{arm}}/seed{{seed}}.parquet",
    log:
        f"{RESULTS}/logs/sample_responses/{{arm}}_{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/sample_responses/{{arm}}_{{seed}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: config["runtime"]["threads"]
    resources:
        mem_mb=2000,
        gpu=1,
    params:
        stream=lambda wildcards: SFT_ARMS.index(wildcards.arm) if wildcards.arm in SFT_ARMS else 0,
        settings=flags(
            config["evaluation"],
            max_new_tokens=config["lengths"]["max_new_tokens"],
            generation_batch_size=config["runtime"]["generation_batch_size"],
        ),
    shell:
        "python {input.script[0]} --policy {input.policy} --reference {input.reference} --tokens {input.tokens}"
        " --arm {wildcards.arm} --seed {wildcards.seed} --stream {params.stream} {params.settings}"
        " --output {output.responses} 2>&1 | tee {log}"


rule score_responses:
    input:
        unpack(own_inputs),
        script=script("score_responses"),
        responses=f"{RESULTS}/evaluations/responses/{{arm}}/seed{{seed}}.parquet",
        judges=[f"{RESULTS}/reward_models/judge/seed{seed}" for seed in JUDGE_SEEDS],
    output:
        evaluation=f"{RESULTS}/evaluations/scores/{{arm}}/seed{{seed}}.parquet",
    log:
        f"{RESULTS}/logs/score_responses/{{arm}}_{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score_responses/{{arm}}_{{seed}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: config["runtime"]["threads"]
    resources:
        mem_mb=2000,
        gpu=1,
    params:
        judge_seeds=JUDGE_SEEDS,
        own=own_flags,
        gold="--gold pocket" if IS_POCKET_DATA else "",
        settings=flags(config["runtime"], "scoring_batch_size"),
    shell:
        "python {input.script[0]} --responses {input.responses} --judges {input.judges}"
        " --judge-seeds {params.judge_seeds} {params.own} {params.gold} {params.settings}"
        " --output {output.evaluation} 2>&1 | tee {log}"
