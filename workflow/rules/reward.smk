rule train_reward_model:
    input:
        script=script("train_reward_model"),
        model=f"{RESULTS}/models/sft",
        tokens=reward_tokens,
        validation=f"{RESULTS}/data/tokens/validation.parquet",
    output:
        model=directory(f"{RESULTS}/reward_models/{{kind}}/seed{{seed}}"),
        validation=f"{RESULTS}/reward_models/{{kind}}/seed{{seed}}_validation.parquet",
    log:
        f"{RESULTS}/logs/train_reward_model/{{kind}}_{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_reward_model/{{kind}}_{{seed}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: config["runtime"]["threads"]
    resources:
        mem_mb=3000,
        gpu=1,
    params:
        labels=lambda wildcards: config["reward_models"][wildcards.kind]["labels"],
        settings=flags(config["reward_training"]),
        runtime=flags(config["runtime"], "precision", "save_steps"),
        state=f"{RESULTS}/training/state/reward_{{kind}}_{{seed}}",
    shell:
        "python {input.script[0]} --model {input.model} --tokens {input.tokens} --validation-tokens {input.validation}"
        " --kind {wildcards.kind} --seed {wildcards.seed} --labels {params.labels} {params.settings} {params.runtime}"
        " --state {params.state} --output {output.model} --validation-output {output.validation} 2>&1 | tee {log}"


rule score_references:
    input:
        script=script("score_references"),
        model=f"{RESULTS}/reward_models/{{kind}}/seed{{seed}}",
        references=f"{RESULTS}/data/references.parquet",
    output:
        scores=f"{RESULTS}/reward_models/{{kind}}/seed{{seed}}_references.parquet",
    log:
        f"{RESULTS}/logs/score_references/{{kind}}_{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score_references/{{kind}}_{{seed}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: config["runtime"]["threads"]
    resources:
        mem_mb=2000,
        gpu=1,
    params:
        settings=flags(config["runtime"], "scoring_batch_size"),
    shell:
        "python {input.script[0]} --reward-model {input.model} --references {input.references}"
        " {params.settings} --output {output.scores} 2>&1 | tee {log}"
