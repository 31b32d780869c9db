FIGURES = [
    *("answer", "training", "frontier", "contrasts", "reward_models", "matrix", "responses", "overoptimisation"),
    *(["compliance"] if WORLD == "instructions" else []),
    *(["ladder"] if WORLD and ROLES.get("level2") else []),
]
# The arms beside whose proxy reward judges and gold are drawn: Level 1 with a KL penalty and without, or, where
# over-optimisation is measured, all that the config trains.
OVEROPTIMISED = ARMS if "overoptimisation" in config["statistics"] else QUOTED
PLACEBOS = [arm for arm in ARMS if config["reward_models"][config["arms"][arm]["reward_model"]]["labels"] == "shuffled"]
APPENDICES = ("method", "level1", "level2", "contrasts", "gradients", "trl", "responses")
# Experiments of their own, whose committed results the default report includes.
# Of several that answer the same, the first that was run.
COMPARABLE = {
    "methods": ("rivals", "methods"),
    "longer": ("longer",),
    "sweep": ("sweep",),
    "sweep_other_sft": ("sweep_other_sft",),
    "robustness": ("robustness",),
    "divided": ("divided",),
    "pessimism": ("pessimism",),
    "ties": ("ties",),
    "another_sft": ("another_sft",),
    "third_sft": ("third_sft",),
    "real": ("smollm2_cpu",),
    "instructed": ("smollm2_instructions",),
}
COMPARED = {
    role: path for role, names in COMPARABLE.items() if EXPERIMENT == "pocket" and (path := first_summary(names))
}


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
        compared=f"--beside {by_name(COMPARED)}" if COMPARED else "",
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
        compared=list(COMPARED.values()),
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
        compared=f"--beside {by_name(COMPARED)}" if COMPARED else "",
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
        "python {input.script[0]}"
        " --template {input.template}"
        " --evaluations {input.evaluations}"
        " {params.ratings}"
        " {params.settings}"
        " --page-output {output.page}"
        " --examples-output {output.examples}"
        " 2>&1 | tee {log}"
