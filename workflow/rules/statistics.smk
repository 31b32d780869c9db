POLICY_RUNS = [(arm, seed) for arm in ARMS for seed in seeds_of(arm)]
POOL = f"{RESULTS}/evaluations/seed{POOL_SEED}.parquet"
POOLS = [f"{RESULTS}/reward_models/pool/seed{seed}.parquet" for seed in PROXY_SEEDS]
# Those of arms that are trained.
CONTRASTS = [
    ":".join(contrast[key] for key in ("name", "arm", "against", "role"))
    for contrast in config["statistics"]["contrasts"]
    if {contrast["arm"], contrast["against"]} <= {*ARMS, *SFT_ARMS}
]
EVALUATIONS = [f"{RESULTS}/evaluations/seed{seed}.parquet" for seed in SEEDS]
REWARD_RUNS = [(config["arms"][arm]["reward_model"], seed) for arm, seed in POLICY_RUNS] + JUDGES
SAMPLES_SEED = SEEDS[0]
SAMPLES_ARMS = ["sft", *arms_of(SAMPLES_SEED)]
# Of the models that read responses.
RATING_KINDS = [
    kind
    for kind in (kinds_of(SAMPLES_SEED) if SAMPLES_SEED in PROXY_SEEDS else [])
    if config["reward_models"][kind]["head"] == "ratings"
]
# By kind of reward model, the first arm whose reward is what the model gives on average. An ensemble has no single head
# to be held against as it was untrained.
READ_AS_THEY_ARE = {}
for arm in ARMS:
    declared = config["arms"][arm]
    single = "members" not in config["reward_models"][declared["reward_model"]]
    if single and declared["signal"] in ("reward", "mean") and "relabelling" not in declared:
        READ_AS_THEY_ARE.setdefault(declared["reward_model"], arm)
OTHER_MAKES = [kind for kind in sorted(config["judges"]) if kind != "judge"]


rule compare_arms:
    input:
        script=script("compare_arms"),
        evaluations=EVALUATIONS,
    output:
        contrasts=f"{RESULTS}/statistics/contrasts.csv",
        differences=f"{RESULTS}/statistics/seed_differences.csv",
        arms=f"{RESULTS}/statistics/arms.csv",
    log:
        f"{RESULTS}/logs/compare_arms.log",
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=2000,
    params:
        contrasts=CONTRASTS,
        settings=flags(
            config["statistics"],
            "confidence",
            "power",
            "equivalence_margin",
        ),
    shell:
        "python {input.script[0]}"
        " --evaluations {input.evaluations}"
        " --contrasts {params.contrasts}"
        " {params.settings}"
        " --contrasts-output {output.contrasts}"
        " --differences-output {output.differences}"
        " --arms-output {output.arms}"
        " 2>&1 | tee {log}"


rule measure_responses:
    input:
        script=script("measure_responses"),
        evaluations=EVALUATIONS,
        preferred=[
            f"{RESULTS}/evaluations/{arm}/seed{seed}_preferred.csv"
            for arm, seed in [*(("sft", seed) for seed in SEEDS), *POLICY_RUNS]
        ],
        # Those that win rates count: of the SFT model's own make.
        judges=[f"{RESULTS}/reward_models/judge/seed{seed}_validation.parquet" for seed in config["judges"]["judge"]],
    output:
        responses=f"{RESULTS}/statistics/responses.csv",
        distributions=f"{RESULTS}/statistics/distributions.csv",
    log:
        f"{RESULTS}/logs/measure_responses.log",
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=2000,
    shell:
        "python {input.script[0]}"
        " --evaluations {input.evaluations}"
        " --preferred {input.preferred}"
        " --judge-scores {input.judges}"
        " --responses-output {output.responses}"
        " --distributions-output {output.distributions}"
        " 2>&1 | tee {log}"


rule measure_reward_models:
    input:
        script=script("measure_reward_models"),
        scores=[
            f"{RESULTS}/reward_models/{kind}/seed{seed}_validation.parquet"
            for kind, seed in dict.fromkeys(REWARD_RUNS)
        ],
        # What raters there think of each response is known from its text.
        pairs=f"{RESULTS}/data/validation.jsonl" if WORLD else [],
    output:
        table=f"{RESULTS}/statistics/reward_models.csv",
        reliability=f"{RESULTS}/statistics/reliability.csv",
        ratings=f"{RESULTS}/statistics/ratings.csv",
    log:
        f"{RESULTS}/logs/measure_reward_models.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=flags(config["statistics"], "confidence", "random_seed", "calibration_draws"),
        world=lambda wildcards, input: flags({}, world=WORLD, pairs=input.pairs) if WORLD else "",
    shell:
        "python {input.script[0]}"
        " --scores {input.scores}"
        " {params.settings}"
        " {params.world}"
        " --output {output.table}"
        " --reliability-output {output.reliability}"
        " --ratings-output {output.ratings}"
        " 2>&1 | tee {log}"


rule measure_signals:
    input:
        script=script("measure_signals"),
        pools=POOLS,
        judged=POOL,
    output:
        screen=f"{RESULTS}/statistics/screen.csv",
        predictions=f"{RESULTS}/statistics/predictions.csv",
        agreement=f"{RESULTS}/statistics/agreement.csv",
        relabelling=f"{RESULTS}/statistics/relabelling.csv",
        cut_off=f"{RESULTS}/statistics/cut_off.csv",
    log:
        f"{RESULTS}/logs/measure_signals.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        contrasts=CONTRASTS,
        settings=flags(config["statistics"], "confidence", "equivalence_margin"),
    shell:
        "python {input.script[0]}"
        " --pools {input.pools}"
        " --judged {input.judged}"
        " --contrasts {params.contrasts}"
        " {params.settings}"
        " --screen-output {output.screen}"
        " --predictions-output {output.predictions}"
        " --agreement-output {output.agreement}"
        " --relabelling-output {output.relabelling}"
        " --cut-off-output {output.cut_off}"
        " 2>&1 | tee {log}"


if STUDIES.get("untrained"):

    rule measure_untrained:
        input:
            script=script("measure_untrained"),
            untrained=f"{RESULTS}/reward_models/untrained.parquet",
            pools=POOLS,
            judged=POOL,
        output:
            table=f"{RESULTS}/statistics/untrained.csv",
        log:
            f"{RESULTS}/logs/measure_untrained.log",
        conda:
            "../../envs/analysis.yaml"
        params:
            arms=list(READ_AS_THEY_ARE.values()),
            kinds=list(READ_AS_THEY_ARE),
        shell:
            "python {input.script[0]}"
            " --untrained {input.untrained}"
            " --pools {input.pools}"
            " --judged {input.judged}"
            " --arms {params.arms}"
            " --kinds {params.kinds}"
            " --output {output.table}"
            " 2>&1 | tee {log}"
