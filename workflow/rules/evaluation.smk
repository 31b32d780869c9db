rule sample_responses:
    input:
        script=script("sample_responses"),
        policy=policy_of_arm,
        reference_policy=f"{RESULTS}/models/sft",
        tokens=f"{RESULTS}/data/tokens/validation.parquet",
    output:
        responses=f"{RESULTS}/evaluations/{{arm}}/seed{{seed}}_responses.parquet",
        preferred=f"{RESULTS}/evaluations/{{arm}}/seed{{seed}}_preferred.csv",
    log:
        f"{RESULTS}/logs/sample_responses/{{arm}}_{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/sample_responses/{{arm}}_{{seed}}.tsv"
    # Before further policies, where those are not kept: few are then there at a time.
    priority: earlier_replicates_first(1 if config["runtime"]["keep_policies"] else 4)
    conda:
        "../../envs/training.yaml"
    threads: config["runtime"]["threads"]
    resources:
        **MODEL_JOB,
    params:
        arms=lambda wildcards: sampling_flags(wildcards.arm),
        settings=flags(
            config["evaluation"],
            "prompts",
            max_new_tokens=config["lengths"]["max_new_tokens"],
            generation_batch_size=config["runtime"]["generation_batch_size"],
            precision=config["runtime"]["precision"],
        ),
    shell:
        "python {input.script[0]}"
        " --policy {input.policy}"
        " --reference-policy {input.reference_policy}"
        " --tokens {input.tokens}"
        " --seed {wildcards.seed}"
        " {params.arms}"
        " {params.settings}"
        " --output {output.responses}"
        " --preferred-output {output.preferred}"
        " 2>&1 | tee {log}"


# After it a replicate's models are not needed: what they gave is small, and later stages read only that.
rule score_proxy:
    input:
        unpack(proxy_inputs),
        script=script("score_proxy"),
        responses=responses_of_seed,
        pool=f"{RESULTS}/evaluations/sft_pool/seed{POOL_SEED}_responses.parquet",
    output:
        scores=f"{RESULTS}/evaluations/seed{{seed}}_proxy.parquet",
    log:
        f"{RESULTS}/logs/score_proxy/{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score_proxy/{{seed}}.tsv"
    priority: earlier_replicates_first(1)
    conda:
        "../../envs/training.yaml"
    threads: config["runtime"]["threads"]
    resources:
        **MODEL_JOB,
    params:
        arms=lambda wildcards: shlex.quote(describe_arms(arms_of(int(wildcards.seed)))),
        kinds=lambda wildcards: kinds_of(int(wildcards.seed)),
        settings=flags(
            config["runtime"],
            "scoring_batch_size",
            "precision",
            "share_prompts",
            reference_samples=config["references"]["samples"],
        ),
    shell:
        "python {input.script[0]}"
        " --responses {input.responses}"
        " --seed {wildcards.seed}"
        " --arms {params.arms}"
        " --kinds {params.kinds}"
        " --reward-models {input.reward_models}"
        " --scales {input.scales}"
        " --pool {input.pool}"
        " {params.settings}"
        " --output {output.scores}"
        " 2>&1 | tee {log}"


# It needs neither policies nor their reward models: one more judge scores the responses that there are.
rule score_responses:
    input:
        unpack(trained_inputs),
        script=script("score_responses"),
        responses=responses_of_seed,
        judges=[f"{RESULTS}/reward_models/{kind}/seed{seed}" for kind, seed in JUDGES],
        conversations=CONVERSATIONS,
    output:
        scores=f"{RESULTS}/evaluations/seed{{seed}}.parquet",
        trace=f"{RESULTS}/evaluations/seed{{seed}}_trace.csv",
    log:
        f"{RESULTS}/logs/score_responses/{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score_responses/{{seed}}.tsv"
    priority: earlier_replicates_first(1)
    conda:
        "../../envs/training.yaml"
    threads: config["runtime"]["threads"]
    resources:
        **MODEL_JOB,
    params:
        judges=flags({}, judge_names=JUDGE_NAMES, judge_reads=JUDGE_READS),
        trained=trained_flags,
        settings=flags(
            config["runtime"],
            "scoring_batch_size",
            "precision",
            "share_prompts",
            world=WORLD,
            end_cut_off=EVALUATION.get("end_cut_off"),
        ),
    shell:
        "python {input.script[0]}"
        " --responses {input.responses}"
        " --seed {wildcards.seed}"
        " --judges {input.judges}"
        " {params.judges}"
        " --conversations {input.conversations}"
        " {params.trained}"
        " {params.settings}"
        " --output {output.scores}"
        " --trace-output {output.trace}"
        " 2>&1 | tee {log}"
