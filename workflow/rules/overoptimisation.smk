OVEROPTIMISATION = f"{RESULTS}/statistics/overoptimisation.csv"

if "overoptimisation" in config["statistics"]:

    # How far each replicate's gold rose in training, and whether it fell again.
    rule measure_overoptimisation:
        input:
            script=script("measure_overoptimisation"),
            training=rules.trace_training.output.training,
        output:
            replicates=OVEROPTIMISATION,
        log:
            f"{RESULTS}/logs/measure_overoptimisation.log",
        conda:
            "../../envs/analysis.yaml"
        params:
            settings=flags(config["statistics"]["overoptimisation"]),
        shell:
            "python {input.script[0]}"
            " --training {input.training}"
            " {params.settings}"
            " --output {output.replicates}"
            " 2>&1 | tee {log}"
