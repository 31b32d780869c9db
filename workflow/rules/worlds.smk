# Of worlds whose truth is known.
ORACLE = f"{RESULTS}/statistics/oracle.csv"
COMPLIANCE = f"{RESULTS}/statistics/compliance.csv"

if WORLD:

    rule describe_world:
        input:
            script=script("describe_world"),
            pairs=f"{RESULTS}/data/validation.jsonl",
            evaluations=POOL,
        output:
            world=f"{RESULTS}/statistics/world.json",
        log:
            f"{RESULTS}/logs/describe_world.log",
        conda:
            "../../envs/analysis.yaml"
        params:
            world=flags({}, world=WORLD),
        shell:
            "python {input.script[0]}"
            " {params.world}"
            " --pairs {input.pairs}"
            " --sft-evaluations {input.evaluations}"
            " --output {output.world}"
            " 2>&1 | tee {log}"

    # What could be gained at most by who knows the spread, before RL.
    rule measure_oracle:
        input:
            script=script("measure_oracle"),
            pools=POOLS,
            judged=POOL,
        output:
            oracle=ORACLE,
            learned=f"{RESULTS}/statistics/learned.csv",
        log:
            f"{RESULTS}/logs/measure_oracle.log",
        conda:
            "../../envs/analysis.yaml"
        params:
            settings=flags(config["statistics"], "equivalence_margin", world=WORLD),
        shell:
            "python {input.script[0]}"
            " --pools {input.pools}"
            " --judged {input.judged}"
            " {params.settings}"
            " --oracle-output {output.oracle}"
            " --learned-output {output.learned}"
            " 2>&1 | tee {log}"


if WORLD == "instructions":

    rule measure_compliance:
        input:
            script=script("measure_compliance"),
            evaluations=EVALUATIONS,
            judged=POOL,
            pools=POOLS,
        output:
            compliance=COMPLIANCE,
        log:
            f"{RESULTS}/logs/measure_compliance.log",
        conda:
            "../../envs/analysis.yaml"
        params:
            arms=ARMS,
        shell:
            "python {input.script[0]}"
            " --evaluations {input.evaluations}"
            " --judged {input.judged}"
            " --pools {input.pools}"
            " --arms {params.arms}"
            " --output {output.compliance}"
            " 2>&1 | tee {log}"
