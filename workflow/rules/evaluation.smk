rule evaluate_arm:
    input:
        unpack(own_inputs),
        script=script("evaluate_arm"),
        policy=policy_of_arm,
        reference=f"{RESULTS}/models/sft",
        tokens=f"{RESULTS}/data/tokens/validation.parquet",
        judges=[f"{RESULTS}/reward_models/judge/seed{seed}" for seed in JUDGE_SEEDS],
    output:
        responses=f"{RESULTS}/evaluations/{{arm}}/seed{{seed}}_responses.parquet",
        scores=f"{RESULTS}/evaluations/{{arm}}/seed{{seed}}.parquet",
        preferred=f"{RESULTS}/evaluations/{{arm}}/seed{{seed}}_preferred.csv",
        # Of SFT, which was not trained, it is empty.
        trace=f"{RESULTS}/evaluations/{{arm}}/seed{{seed}}_trace.csv",
    log:
        f"{RESULTS}/logs/evaluate_arm/{{arm}}_{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_arm/{{arm}}_{{seed}}.tsv"
    # Before further policies, where those are not kept: few are then there at a time.
    priority: 1 if KEEPS_POLICIES else 3
    conda:
        "../../envs/training.yaml"
    threads: config["runtime"]["threads"]
    resources:
        mem_mb=2000,
        gpu=1,
    params:
        # SFT is sampled twice: the noise floor.
        arms=lambda wildcards: SFT_ARMS if wildcards.arm == "sft" else wildcards.arm,
        samples=lambda wildcards: config["evaluation"]["pool_samples" if wildcards.arm == "sft_pool" else "samples"],
        settings=flags(
            config["evaluation"],
            "prompts",
            max_new_tokens=config["lengths"]["max_new_tokens"],
            generation_batch_size=config["runtime"]["generation_batch_size"],
            scoring_batch_size=config["runtime"]["scoring_batch_size"],
            precision=config["runtime"]["precision"],
        ),
        judge_seeds=JUDGE_SEEDS,
        own=own_flags,
        gold="--gold pocket" if IS_POCKET_DATA else "",
    shell:
        "python {input.script[0]} --policy {input.policy} --reference {input.reference} --tokens {input.tokens}"
        " --arms {params.arms} --seed {wildcards.seed} --samples {params.samples} {params.settings} --judges {input.judges}"
        " --judge-seeds {params.judge_seeds} {params.own} {params.gold}"
        " --responses-output {output.responses} --output {output.scores} --preferred-output {output.preferred}"
        " --trace-output {output.trace} 2>&1 | tee {log}"
