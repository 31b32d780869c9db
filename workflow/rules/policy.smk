SAMPLING_ARMS = [arm for arm in dict.fromkeys([*ARMS, *GRADIENT_ARMS]) if arm not in DPO_ARMS]


rule train_policy:
    input:
        script=script("train_policy"),
        model=f"{RESULTS}/models/sft",
        reward_model=reward_of_arm(""),
        references=f"{RESULTS}/data/references.parquet",
    output:
        model=model_folder(f"{RESULTS}/policies/{{arm}}/seed{{seed}}", "policies"),
        metrics=f"{RESULTS}/training/{{arm}}/seed{{seed}}.csv",
        rollouts=f"{RESULTS}/training/{{arm}}/seed{{seed}}_rollouts.parquet",
        scale=f"{RESULTS}/training/{{arm}}/seed{{seed}}_scale.json",
    log:
        f"{RESULTS}/logs/train_policy/{{arm}}_{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_policy/{{arm}}_{{seed}}.tsv"
    wildcard_constraints:
        arm="|".join(SAMPLING_ARMS),
    priority: earlier_replicates_first(2)
    conda:
        "../../envs/training.yaml"
    threads: TRAINING_THREADS
    resources:
        **TRAINING_JOB,
    params:
        launch=LAUNCH,
        settings=arm_flags,
        max_new_tokens=config["lengths"]["max_new_tokens"],
        runtime=flags(config["runtime"], "precision", "save_steps", "generation_batch_size"),
        state=f"{RESULTS}/training/state/policy_{{arm}}_{{seed}}",
    shell:
        "{params.launch} {input.script[0]}"
        " --model {input.model}"
        " --reward-model {input.reward_model}"
        " --references {input.references}"
        " --arm {wildcards.arm}"
        " --seed {wildcards.seed}"
        " {params.settings}"
        " --max-new-tokens {params.max_new_tokens}"
        " {params.runtime}"
        " --state {params.state}"
        " --output {output.model}"
        " --metrics-output {output.metrics}"
        " --rollouts-output {output.rollouts}"
        " --scale-output {output.scale}"
        " 2>&1 | tee {log}"


if DPO_ARMS:

    # Its outputs are those of train_policy: later stages see an arm like any other.
    rule train_dpo:
        input:
            script=script("train_dpo"),
            model=f"{RESULTS}/models/sft",
            tokens=f"{RESULTS}/data/tokens/train.parquet",
            reward_model=reward_of_arm(""),
            references=f"{RESULTS}/data/references.parquet",
        output:
            model=model_folder(f"{RESULTS}/policies/{{arm}}/seed{{seed}}", "policies"),
            metrics=f"{RESULTS}/training/{{arm}}/seed{{seed}}.csv",
            rollouts=f"{RESULTS}/training/{{arm}}/seed{{seed}}_rollouts.parquet",
            scale=f"{RESULTS}/training/{{arm}}/seed{{seed}}_scale.json",
        log:
            f"{RESULTS}/logs/train_dpo/{{arm}}_{{seed}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/train_dpo/{{arm}}_{{seed}}.tsv"
        wildcard_constraints:
            arm="|".join(DPO_ARMS),
        priority: earlier_replicates_first(2)
        conda:
            "../../envs/training.yaml"
        threads: config["runtime"]["threads"]
        resources:
            **MODEL_JOB,
        params:
            settings=dpo_flags,
            max_new_tokens=config["lengths"]["max_new_tokens"],
            runtime=flags(config["runtime"], "precision", "save_steps", "generation_batch_size"),
            state=f"{RESULTS}/training/state/policy_{{arm}}_{{seed}}",
        shell:
            "python {input.script[0]}"
            " --model {input.model}"
            " --tokens {input.tokens}"
            " --reward-model {input.reward_model}"
            " --references {input.references}"
            " --arm {wildcards.arm}"
            " --seed {wildcards.seed}"
            " {params.settings}"
            " --max-new-tokens {params.max_new_tokens}"
            " {params.runtime}"
            " --state {params.state}"
            " --output {output.model}"
            " --metrics-output {output.metrics}"
            " --rollouts-output {output.rollouts}"
            " --scale-output {output.scale}"
            " 2>&1 | tee {log}"
