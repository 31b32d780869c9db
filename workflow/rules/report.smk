FIGURES = ("training", "frontier", "contrasts", "reward_models")


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
        settings=flags(config["figures"]),
    shell:
        "python {input.script[0]} --training {input.training} {params.settings} --output {output.png} {output.svg}"
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
        settings=flags(config["figures"]),
    shell:
        "python {input.script[0]} --training {input.training} --screen {input.screen} {params.settings}"
        " --output {output.png} {output.svg} 2>&1 | tee {log}"


rule plot_reward_models:
    input:
        script=script("plot_reward_models"),
        style="workflow/report/align.mplstyle",
        reliability=f"{RESULTS}/statistics/reliability.csv",
        ratings=f"{RESULTS}/statistics/ratings.csv",
    output:
        png=report(
            f"{RESULTS}/figures/reward_models.png",
            caption="../report/reward_models.rst",
            category="Reward models",
            labels={"figure": "calibration and ratings"},
        ),
        svg=f"{RESULTS}/figures/reward_models.svg",
    log:
        f"{RESULTS}/logs/plot_reward_models.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_reward_models.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        settings=flags(config["figures"], "width", "dpi"),
    shell:
        "python {input.script[0]} --reliability {input.reliability} --ratings {input.ratings} {params.settings}"
        " --output {output.png} {output.svg} 2>&1 | tee {log}"


rule plot_contrasts:
    input:
        script=script("plot_contrasts"),
        style="workflow/report/align.mplstyle",
        contrasts=f"{RESULTS}/statistics/contrasts.csv",
        differences=f"{RESULTS}/statistics/seed_differences.csv",
    output:
        png=report(
            f"{RESULTS}/figures/contrasts.png",
            caption="../report/contrasts.rst",
            category="Results",
            labels={"figure": "contrasts"},
        ),
        svg=f"{RESULTS}/figures/contrasts.svg",
    log:
        f"{RESULTS}/logs/plot_contrasts.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_contrasts.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        settings=flags(config["figures"], "width", "dpi"),
    shell:
        "python {input.script[0]} --contrasts {input.contrasts} --differences {input.differences} {params.settings}"
        " --output {output.png} {output.svg} 2>&1 | tee {log}"


rule write_report:
    input:
        script=script("write_report"),
        template="workflow/report/report.md.j2",
        level2="workflow/report/level2.md.j2",
        summary=f"{RESULTS}/statistics/summary.json",
        cost=f"{RESULTS}/statistics/cost.csv",
        figures=[f"{RESULTS}/figures/{name}.png" for name in FIGURES],
    output:
        report=REPORT,
        verdict=VERDICT,
    log:
        f"{RESULTS}/logs/write_report.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_report.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
    shell:
        "python {input.script[0]} --template {input.template} --summary {input.summary} --cost {input.cost} --figures {input.figures}"
        " --report-output {output.report} --verdict-output {output.verdict} 2>&1 | tee {log}"
