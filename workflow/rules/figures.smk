# Those of contrasts that are tested, in their order; a placebo answers another question.
ANSWER_ARMS = [
    arm
    for arm in dict.fromkeys(
        contrast["arm"] for contrast in config["statistics"]["contrasts"] if contrast["role"] == "test"
    )
    if arm in ARMS and arm not in PLACEBOS
]


# The figure that stands first.
rule plot_answer:
    input:
        script=script("plot_answer"),
        style="workflow/report/align.mplstyle",
        arms=f"{RESULTS}/statistics/arms.csv",
    output:
        png=report(
            f"{RESULTS}/figures/answer.png",
            caption="../report/answer.rst",
            category="Results",
            labels={"figure": "the answer"},
        ),
        svg=f"{RESULTS}/figures/answer.svg",
    log:
        f"{RESULTS}/logs/plot_answer.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_answer.tsv"
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
            experiments=EXPERIMENT,
            arms=ANSWER_ARMS or list(ARMS)[:1],
            temperatures=TEMPERATURES or None,
            other_makes=OTHER_MAKES or None,
        ),
    shell:
        "python {input.script[0]} --tables {input.arms} {params.settings} --output {output.png} {output.svg}"
        " 2>&1 | tee {log}"
