rule train_reward_model:
    input:
        unpack(reward_inputs),
        script=script("train_reward_model"),
    output:
        model=model_folder(f"{RESULTS}/reward_models/{{kind}}/seed{{seed}}", "reward_models"),
        validation=f"{RESULTS}/reward_models/{{kind}}/seed{{seed}}_validation.parquet",
    log:
        f"{RESULTS}/logs/train_reward_model/{{kind}}_{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_reward_model/{{kind}}_{{seed}}.tsv"
    wildcard_constraints:
        kind="|".join(kind for kind in config["reward_models"] if kind not in NGRAM_KINDS),
    priority: earlier_replicates_first(3)
    conda:
        "../../envs/training.yaml"
    threads: TRAINING_THREADS
    resources:
        **TRAINING_JOB,
    params:
        launch=LAUNCH,
        settings=reward_flags,
        runtime=flags(config["runtime"], "precision", "save_steps"),
        state=f"{RESULTS}/training/state/reward_{{kind}}_{{seed}}",
    shell:
        "{params.launch} {input.script[0]}"
        " --model {input.model}"
        " --tokens {input.tokens}"
        " --validation-tokens {input.validation}"
        " --kind {wildcards.kind}"
        " --seed {wildcards.seed}"
        " {params.settings}"
        " {params.runtime}"
        " --state {params.state}"
        " --output {output.model}"
        " --validation-output {output.validation}"
        " 2>&1 | tee {log}"


if NGRAM_KINDS:

    # A judge that is no language model.
    rule train_ngram_judge:
        input:
            unpack(reward_inputs),
            script=script("train_ngram_judge"),
        output:
            model=directory(f"{RESULTS}/reward_models/{{kind}}/seed{{seed}}"),
            validation=f"{RESULTS}/reward_models/{{kind}}/seed{{seed}}_validation.parquet",
        log:
            f"{RESULTS}/logs/train_ngram_judge/{{kind}}_{{seed}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/train_ngram_judge/{{kind}}_{{seed}}.tsv"
        wildcard_constraints:
            kind="|".join(NGRAM_KINDS),
        priority: earlier_replicates_first(3)
        conda:
            "../../envs/training.yaml"
        resources:
            mem_mb=2000,
        params:
            pairs=lambda wildcards: pairs_of(wildcards.kind),
        shell:
            "python {input.script[0]}"
            " --model {input.model}"
            " --tokens {input.tokens}"
            " --validation-tokens {input.validation}"
            " --kind {wildcards.kind}"
            " --seed {wildcards.seed}"
            " --pairs {params.pairs}"
            " --output {output.model}"
            " --validation-output {output.validation}"
            " 2>&1 | tee {log}"


# What each replicate's reward models would choose among SFT responses, before any RL.
rule score_pool:
    input:
        script=script("score_pool"),
        pool=f"{RESULTS}/evaluations/sft_pool/seed{POOL_SEED}_responses.parquet",
        reward_models=lambda wildcards: [
            f"{RESULTS}/reward_models/{kind}/seed{wildcards.seed}" for kind in kinds_of(int(wildcards.seed))
        ],
    output:
        scores=f"{RESULTS}/reward_models/pool/seed{{seed}}.parquet",
    log:
        f"{RESULTS}/logs/score_pool/{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score_pool/{{seed}}.tsv"
    priority: earlier_replicates_first(1)
    conda:
        "../../envs/training.yaml"
    threads: config["runtime"]["threads"]
    resources:
        **MODEL_JOB,
    params:
        kinds=lambda wildcards: kinds_of(int(wildcards.seed)),
        arms=lambda wildcards: shlex.quote(describe_arms(arms_of(int(wildcards.seed)))),
        settings=flags(
            config["runtime"],
            "scoring_batch_size",
            "precision",
            "share_prompts",
            reference_samples=config["references"]["samples"],
        ),
    shell:
        "python {input.script[0]}"
        " --pool {input.pool}"
        " --kinds {params.kinds}"
        " --reward-models {input.reward_models}"
        " --arms {params.arms}"
        " --seed {wildcards.seed}"
        " {params.settings}"
        " --output {output.scores}"
        " 2>&1 | tee {log}"


# Reward models and judges that start from SFT: single ones, each with the head that its seed draws.
HEADS_OF_SFTS_MAKE = [
    (kind, seed)
    for kind, seed in dict.fromkeys([*((kind, seed) for seed in SEEDS for kind in kinds_of(seed)), *JUDGES])
    if kind not in NGRAM_KINDS and not {"base", "members"} & {*config["reward_models"][kind]}
]


if STUDIES.get("untrained"):

    # By what reward models are before their training: which of their scores did pairs teach?
    rule score_untrained:
        input:
            script=script("score_untrained"),
            model=f"{RESULTS}/models/sft",
            pool=f"{RESULTS}/evaluations/sft_pool/seed{POOL_SEED}_responses.parquet",
        output:
            scores=f"{RESULTS}/reward_models/untrained.parquet",
        log:
            f"{RESULTS}/logs/score_untrained.log",
        conda:
            "../../envs/training.yaml"
        threads: config["runtime"]["threads"]
        resources:
            **MODEL_JOB,
        params:
            kinds=[kind for kind, _ in HEADS_OF_SFTS_MAKE],
            labels=[
                config["reward_training"]["bins"] if config["reward_models"][kind]["head"] == "ratings" else 1
                for kind, _ in HEADS_OF_SFTS_MAKE
            ],
            seeds=[seed for _, seed in HEADS_OF_SFTS_MAKE],
            settings=flags(
                config["runtime"],
                "scoring_batch_size",
                "precision",
                "share_prompts",
                reference_samples=config["references"]["samples"],
            ),
        shell:
            "python {input.script[0]}"
            " --model {input.model}"
            " --pool {input.pool}"
            " --kinds {params.kinds}"
            " --labels {params.labels}"
            " --seeds {params.seeds}"
            " {params.settings}"
            " --output {output.scores}"
            " 2>&1 | tee {log}"
