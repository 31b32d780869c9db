APPENDICES = ("method", "level1", "level2", "contrasts", "gradients", "trl", "responses")


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
    conda:
        "../../envs/analysis.yaml"
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
        real_examples=REAL_EXAMPLES,
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
    conda:
        "../../envs/analysis.yaml"
    params:
        compared=f"--beside {by_name(COMPARED)}" if COMPARED else "",
        real=f"--real-examples {REAL_EXAMPLES[0]}" if REAL_EXAMPLES else "",
    shell:
        "python {input.script[0]}"
        " --template {input.template}"
        " --appendix-templates {input.appendices}"
        " --findings {input.findings}"
        " --summary {input.summary}"
        " --figures {input.figures}"
        " --examples {input.examples}"
        " {params.real}"
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
    conda:
        "../../envs/analysis.yaml"
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
