FIGURES = [
    *("answer", "training", "frontier", "contrasts", "reward_models", "matrix", "responses", "overoptimisation"),
    *(["compliance"] if WORLD == "instructions" else []),
]
# The arms beside whose own reward judges and gold are drawn: Level 1 with a KL penalty and without, or, where
# over-optimisation is measured, all that the config trains.
OVEROPTIMISED = (
    ARMS
    if "overoptimisation" in config["statistics"]
    else [ROLES[role] for role in ("level1", "unpenalised") if role in ROLES]
)
PLACEBOS = [arm for arm in ARMS if config["reward_models"][config["arms"][arm]["reward_model"]]["labels"] == "shuffled"]
APPENDICES = ("method", "level1", "level2", "contrasts", "gradients", "trl", "responses")
# Experiments of their own, whose committed results the default report includes.
COMPARED = {
    role: f"results/{name}/statistics/summary.json"
    for role, name in (("methods", "methods"), ("longer", "longer"), ("real", "smollm2_cpu"))
    if EXPERIMENT == "pocket" and (Path(workflow.basedir) / f"results/{name}/statistics/summary.json").exists()
}


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
        settings=flags(config["figures"], placebos=PLACEBOS or None),
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
        settings=flags(config["figures"], chooser=ROLES["level1"], placebos=PLACEBOS or None),
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
        settings=flags(
            config["figures"],
            "width",
            "dpi",
            equivalence_margin=config["statistics"]["equivalence_margin"],
            placebos=PLACEBOS or None,
        ),
    shell:
        "python {input.script[0]} --contrasts {input.contrasts} --differences {input.differences} {params.settings}"
        " --output {output.png} {output.svg} 2>&1 | tee {log}"


rule plot_matrix:
    input:
        script=script("plot_matrix"),
        style="workflow/report/align.mplstyle",
        responses=f"{RESULTS}/statistics/responses.csv",
    output:
        png=report(
            f"{RESULTS}/figures/matrix.png",
            caption="../report/matrix.rst",
            category="Results",
            labels={"figure": "policies by judges"},
        ),
        svg=f"{RESULTS}/figures/matrix.svg",
    log:
        f"{RESULTS}/logs/plot_matrix.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_matrix.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        settings=flags(config["figures"], "width", "dpi", arms=["sft_again", *ARMS], judges=JUDGE_NAMES),
    shell:
        "python {input.script[0]} --responses {input.responses} {params.settings}"
        " --output {output.png} {output.svg} 2>&1 | tee {log}"


rule plot_responses:
    input:
        script=script("plot_responses"),
        style="workflow/report/align.mplstyle",
        distributions=f"{RESULTS}/statistics/distributions.csv",
    output:
        png=report(
            f"{RESULTS}/figures/responses.png",
            caption="../report/responses.rst",
            category="Responses",
            labels={"figure": "lengths and differences"},
        ),
        svg=f"{RESULTS}/figures/responses.svg",
    log:
        f"{RESULTS}/logs/plot_responses.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_responses.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        settings=flags(config["figures"], "width", "dpi"),
        arms=["sft", *[arm for arm in ARMS if "relabelling" not in config["arms"][arm]]],
    shell:
        "python {input.script[0]} --distributions {input.distributions} {params.settings} --arms {params.arms}"
        " --output {output.png} {output.svg} 2>&1 | tee {log}"


rule plot_overoptimisation:
    input:
        script=script("plot_overoptimisation"),
        style="workflow/report/align.mplstyle",
        training=f"{RESULTS}/statistics/training.csv",
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
    shell:
        "python {input.script[0]} --training {input.training} {params.settings} --arms {params.arms}"
        " --output {output.png} {output.svg} 2>&1 | tee {log}"


rule state_findings:
    input:
        script=script("state_findings"),
        paper="workflow/report/paper.json",
        compared=list(COMPARED.values()),
        summary=f"{RESULTS}/statistics/summary.json",
    output:
        findings=f"{RESULTS}/statistics/findings.json",
    log:
        f"{RESULTS}/logs/state_findings.log",
    benchmark:
        f"{RESULTS}/benchmarks/state_findings.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        compared=flags(COMPARED),
    shell:
        "python {input.script[0]}"
        " --summary {input.summary}"
        " --paper {input.paper}"
        " {params.compared}"
        " --output {output.findings}"
        " 2>&1 | tee {log}"


rule write_report:
    input:
        script=script("write_report"),
        template="workflow/report/report.md.j2",
        appendices=[f"workflow/report/appendix/{name}.md.j2" for name in APPENDICES],
        paper="workflow/report/paper.json",
        examples=f"{RESULTS}/studies/examples.json",
        page=f"{RESULTS}/samples.html",
        compared=[path for role, path in COMPARED.items() if role != "real"],
        findings=rules.state_findings.output.findings,
        summary=f"{RESULTS}/statistics/summary.json",
        figures=[f"{RESULTS}/figures/{name}.png" for name in FIGURES],
    output:
        report=REPORT,
        appendices=[f"{RESULTS}/appendix/{name}.md" for name in APPENDICES],
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
    params:
        compared=flags({role: path for role, path in COMPARED.items() if role != "real"}),
    shell:
        "python {input.script[0]}"
        " --template {input.template}"
        " --appendix-templates {input.appendices}"
        " --findings {input.findings}"
        " --summary {input.summary}"
        " --figures {input.figures}"
        " --examples {input.examples}"
        " --samples-page {input.page}"
        " --paper {input.paper}"
        " {params.compared}"
        " --report-output {output.report:q}"
        " --appendix-outputs {output.appendices}"
        " --verdict-output {output.verdict}"
        " 2>&1 | tee {log}"


rule make_samples:
    input:
        script=script("make_samples"),
        template="workflow/report/samples.html",
        evaluations=EVALUATIONS,
        ratings=[f"{RESULTS}/studies/ratings.parquet"] if RATING_KINDS else [],
    output:
        page=report(
            f"{RESULTS}/samples.html",
            caption="../report/samples.rst",
            category="Responses",
            labels={"figure": "responses side by side"},
        ),
        examples=f"{RESULTS}/studies/examples.json",
    log:
        f"{RESULTS}/logs/make_samples.log",
    benchmark:
        f"{RESULTS}/benchmarks/make_samples.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        ratings=lambda wildcards, input: flags({}, ratings=input.ratings[0]) if input.ratings else "",
        settings=flags(
            STUDIES["samples"],
            arms=SAMPLES_ARMS,
            experiment=EXPERIMENT,
            seed=SAMPLES_SEED,
        ),
    shell:
        "python {input.script[0]} --template {input.template}"
        " --evaluations {input.evaluations} {params.ratings} {params.settings}"
        " --page-output {output.page} --examples-output {output.examples} 2>&1 | tee {log}"
