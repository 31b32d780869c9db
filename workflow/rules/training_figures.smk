# An arm whose ratings are renamed is a check of one seed, and a line more among many.
CURVES = [arm for arm in ARMS if arm not in ROLES.get("relabelled", [])]


rule plot_training:
    input:
        script=script("plot_training"),
        style="workflow/report/align.mplstyle",
        training=f"{RESULTS}/statistics/training.csv",
    output:
        png=report(
            f"{RESULTS}/figures/training.png",
            caption="../report/training.rst",
            category="Training",
            labels={"figure": "training curves"},
        ),
        svg=f"{RESULTS}/figures/training.svg",
    log:
        f"{RESULTS}/logs/plot_training.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_training.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        settings=flags(config["figures"], policies=CURVES, placebos=PLACEBOS or None),
    shell:
        "python {input.script[0]}"
        " --training {input.training}"
        " {params.settings}"
        " --output {output.png} {output.svg}"
        " 2>&1 | tee {log}"


rule plot_frontier:
    input:
        script=script("plot_frontier"),
        style="workflow/report/align.mplstyle",
        training=f"{RESULTS}/statistics/training.csv",
        screen=f"{RESULTS}/statistics/screen.csv",
    output:
        png=report(
            f"{RESULTS}/figures/frontier.png",
            caption="../report/frontier.rst",
            category="Training",
            labels={"figure": "reward against KL"},
        ),
        svg=f"{RESULTS}/figures/frontier.svg",
    log:
        f"{RESULTS}/logs/plot_frontier.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_frontier.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        settings=flags(
            config["figures"], chooser=ROLES["level1"], arms=FRONTIER_ARMS, policies=ARMS, placebos=PLACEBOS or None
        ),
    shell:
        "python {input.script[0]}"
        " --training {input.training}"
        " --screen {input.screen}"
        " {params.settings}"
        " --output {output.png} {output.svg}"
        " 2>&1 | tee {log}"


rule plot_overoptimisation:
    input:
        script=script("plot_overoptimisation"),
        style="workflow/report/align.mplstyle",
        training=f"{RESULTS}/statistics/training.csv",
        quotes=[QUOTES] if OVEROPTIMISED == QUOTED else [],
    output:
        png=report(
            f"{RESULTS}/figures/overoptimisation.png",
            caption="../report/overoptimisation.rst",
            category="Training",
            labels={"figure": "reward, judges and gold"},
        ),
        svg=f"{RESULTS}/figures/overoptimisation.svg",
    log:
        f"{RESULTS}/logs/plot_overoptimisation.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_overoptimisation.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        settings=flags(config["figures"]),
        arms=OVEROPTIMISED,
        quotes=lambda wildcards, input: flags({}, quotes=list(input.quotes) or None),
    shell:
        "python {input.script[0]}"
        " --training {input.training}"
        " {params.quotes}"
        " {params.settings}"
        " --arms {params.arms}"
        " --output {output.png} {output.svg}"
        " 2>&1 | tee {log}"
