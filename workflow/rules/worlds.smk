# Of worlds whose truth is known.
ORACLE = f"{RESULTS}/statistics/oracle.csv"

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
        benchmark:
            f"{RESULTS}/benchmarks/describe_world.tsv"
        conda:
            "../../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=1000,
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
        benchmark:
            f"{RESULTS}/benchmarks/measure_oracle.tsv"
        conda:
            "../../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=1000,
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

    rule plot_ladder:
        input:
            script=script("plot_ladder"),
            style="workflow/report/align.mplstyle",
            oracle=ORACLE,
            arms=f"{RESULTS}/statistics/arms.csv",
        output:
            png=report(
                f"{RESULTS}/figures/ladder.png",
                caption="../report/ladder.rst",
                category="Results",
                labels={"figure": "from knowing to gaining"},
            ),
            svg=f"{RESULTS}/figures/ladder.svg",
        log:
            f"{RESULTS}/logs/plot_ladder.log",
        benchmark:
            f"{RESULTS}/benchmarks/plot_ladder.tsv"
        conda:
            "../../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=500,
        params:
            settings=flags(
                config["figures"], "width", "dpi", arms=[ROLES["level1"], *ROLES.get("level2", [])], policies=ARMS
            ),
        shell:
            "python {input.script[0]}"
            " --oracle {input.oracle}"
            " --table {input.arms}"
            " {params.settings}"
            " --output {output.png} {output.svg}"
            " 2>&1 | tee {log}"


if WORLD == "instructions":

    rule measure_compliance:
        input:
            script=script("measure_compliance"),
            evaluations=EVALUATIONS,
            judged=POOL,
            pools=POOLS,
        output:
            compliance=f"{RESULTS}/statistics/compliance.csv",
        log:
            f"{RESULTS}/logs/measure_compliance.log",
        benchmark:
            f"{RESULTS}/benchmarks/measure_compliance.tsv"
        conda:
            "../../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=1000,
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

    rule plot_compliance:
        input:
            script=script("plot_compliance"),
            style="workflow/report/align.mplstyle",
            compliance=f"{RESULTS}/statistics/compliance.csv",
        output:
            png=report(
                f"{RESULTS}/figures/compliance.png",
                caption="../report/compliance.rst",
                category="Results",
                labels={"figure": "did what was asked"},
            ),
            svg=f"{RESULTS}/figures/compliance.svg",
        log:
            f"{RESULTS}/logs/plot_compliance.log",
        benchmark:
            f"{RESULTS}/benchmarks/plot_compliance.tsv"
        conda:
            "../../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=500,
        params:
            settings=flags(
                config["figures"],
                "width",
                "dpi",
                arms=["sft", *[f"sft_{temperature:g}" for temperature in TEMPERATURES], *ARMS],
                choosers=["gold", ROLES["level1"]],
            ),
        shell:
            "python {input.script[0]}"
            " --compliance {input.compliance}"
            " {params.settings}"
            " --output {output.png} {output.svg}"
            " 2>&1 | tee {log}"
