# Those of contrasts that are tested, in their order; a placebo answers another question.
ANSWER_ARMS = [
    arm
    for arm in dict.fromkeys(
        contrast["arm"] for contrast in config["statistics"]["contrasts"] if contrast["role"] == "test"
    )
    if arm in ARMS and arm not in PLACEBOS
]
# Those, and the two that leave SFT farthest.
FRONTIER_ARMS = [
    arm for arm in ARMS if arm in {*(ANSWER_ARMS or ARMS), ROLES["level1"], ROLES.get("unpenalised"), *PLACEBOS}
]


# What the first figure shows, a panel each: above this experiment's arms those of the real model that are committed.
REAL = [
    json.loads((Path(workflow.basedir) / COMPARED[role]).read_text())
    for role in ("real", "instructed")
    if role in COMPARED
]
ANSWERS = {real["experiment"]: f"results/{real['experiment']}/statistics/arms.csv" for real in REAL}
ANSWERS[EXPERIMENT] = f"{RESULTS}/statistics/arms.csv"
ANSWER_MAKES = sorted({*OTHER_MAKES, *(kind for real in REAL for kind in real["settings"]["judges"])} - {"judge"})


# The figure that stands first.
rule plot_answer:
    input:
        script=script("plot_answer"),
        style="workflow/report/align.mplstyle",
        arms=list(ANSWERS.values()),
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
            experiments=list(ANSWERS),
            arms=ANSWER_ARMS or list(ARMS)[:1],
            policies=ARMS,
            temperatures=TEMPERATURES or None,
            other_makes=ANSWER_MAKES or None,
        ),
    shell:
        "python {input.script[0]}"
        " --tables {input.arms}"
        " {params.settings}"
        " --output {output.png} {output.svg}"
        " 2>&1 | tee {log}"


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
        "python {input.script[0]}"
        " --reliability {input.reliability}"
        " --ratings {input.ratings}"
        " {params.settings}"
        " --output {output.png} {output.svg}"
        " 2>&1 | tee {log}"


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
        "python {input.script[0]}"
        " --contrasts {input.contrasts}"
        " --differences {input.differences}"
        " {params.settings}"
        " --output {output.png} {output.svg}"
        " 2>&1 | tee {log}"


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
        "python {input.script[0]}"
        " --responses {input.responses}"
        " {params.settings}"
        " --output {output.png} {output.svg}"
        " 2>&1 | tee {log}"


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
        settings=flags(config["figures"], "width", "dpi", policies=ARMS),
        arms=["sft", *[arm for arm in ARMS if "relabelling" not in config["arms"][arm]]],
    shell:
        "python {input.script[0]}"
        " --distributions {input.distributions}"
        " {params.settings}"
        " --arms {params.arms}"
        " --output {output.png} {output.svg}"
        " 2>&1 | tee {log}"
