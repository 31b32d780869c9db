if IS_POCKET_MODEL:

    rule train_sft:
        input:
            script=script("train_sft"),
            demonstrations=f"{RESULTS}/data/demonstrations.jsonl",
        output:
            model=directory(f"{RESULTS}/models/sft"),
        log:
            f"{RESULTS}/logs/train_sft.log",
        benchmark:
            f"{RESULTS}/benchmarks/train_sft.tsv"
        conda:
            "../../envs/training.yaml"
        threads: config["sft"]["threads"]
        resources:
            **MODEL_JOB,
        params:
            settings=flags(config["sft"]),
            runtime=flags(config["runtime"], "precision", "save_steps"),
            state=f"{RESULTS}/training/state/sft",
        shell:
            "python {input.script[0]}"
            " --demonstrations {input.demonstrations}"
            " {params.settings}"
            " {params.runtime}"
            " --state {params.state}"
            " --output {output.model}"
            " 2>&1 | tee {log}"


if config["bases"]:

    # Models that judges of another make start from; from the hub, where they come from it.
    rule load_base:
        input:
            script=script("load_sources"),
            local=lambda wildcards: model_files(config["bases"][wildcards.base]),
        output:
            model=directory(f"{RESULTS}/models/bases/{{base}}"),
            sources=f"{RESULTS}/models/bases/{{base}}.json",
        log:
            f"{RESULTS}/logs/load_base/{{base}}.log",
        localrule: True
        conda:
            "../../envs/training.yaml"
        resources:
            mem_mb=4000,
        params:
            settings=lambda wildcards, output: model_flags(
                config["bases"][wildcards.base], f"bases.{wildcards.base}", output.model, "judge"
            ),
        shell:
            "python {input.script[0]} {params.settings} --output {output.sources} 2>&1 | tee {log}"


rule sample_references:
    input:
        script=script("sample_references"),
        model=f"{RESULTS}/models/sft",
        tokens=f"{RESULTS}/data/tokens/train.parquet",
    output:
        references=f"{RESULTS}/data/references.parquet",
    log:
        f"{RESULTS}/logs/sample_references.log",
    benchmark:
        f"{RESULTS}/benchmarks/sample_references.tsv"
    priority: 10 * len(SEEDS) + 9
    conda:
        "../../envs/training.yaml"
    threads: config["runtime"]["threads"]
    resources:
        **MODEL_JOB,
    params:
        settings=flags(
            config["references"],
            max_new_tokens=config["lengths"]["max_new_tokens"],
            generation_batch_size=config["runtime"]["generation_batch_size"],
            precision=config["runtime"]["precision"],
        ),
    shell:
        "python {input.script[0]}"
        " --model {input.model}"
        " --tokens {input.tokens}"
        " {params.settings}"
        " --output {output.references}"
        " 2>&1 | tee {log}"
