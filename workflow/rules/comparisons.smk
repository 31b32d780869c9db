rule trace_training:
    input:
        script=script("trace_training"),
        metrics=[f"{RESULTS}/training/{arm}/seed{seed}.csv" for arm, seed in POLICY_RUNS],
        # Only where a rubric knows what responses on the way were worth.
        rollouts=[f"{RESULTS}/training/{arm}/seed{seed}_rollouts.parquet" for arm, seed in POLICY_RUNS if WORLD],
        tokens=[f"{RESULTS}/data/tokens/train.parquet"] if WORLD else [],
        traces=[f"{RESULTS}/evaluations/seed{seed}_trace.csv" for seed in SEEDS],
        evaluations=EVALUATIONS,
    output:
        training=f"{RESULTS}/statistics/training.csv",
    log:
        f"{RESULTS}/logs/trace_training.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        arms=[arm for arm, _ in POLICY_RUNS],
        seeds=[seed for _, seed in POLICY_RUNS],
        world=lambda wildcards, input: (
            flags({}, world=WORLD, rollouts=list(input.rollouts), tokens=input.tokens[0]) if WORLD else ""
        ),
    shell:
        "python {input.script[0]}"
        " --metrics {input.metrics}"
        " --traces {input.traces}"
        " --evaluations {input.evaluations}"
        " --arms {params.arms}"
        " --seeds {params.seeds}"
        " {params.world}"
        " --output {output.training}"
        " 2>&1 | tee {log}"


# Level 1 with a KL penalty and without: what they said on the way stands beside their rewards.
QUOTED = [ROLES[role] for role in ("level1", "unpenalised") if role in ROLES]
QUOTED_RUNS = [(arm, seed) for arm, seed in POLICY_RUNS if arm in QUOTED]
QUOTES = f"{RESULTS}/statistics/quotes.csv"


rule quote_training:
    input:
        script=script("quote_training"),
        training=rules.trace_training.output.training,
        rollouts=[f"{RESULTS}/training/{arm}/seed{seed}_rollouts.parquet" for arm, seed in QUOTED_RUNS],
    output:
        quotes=QUOTES,
    log:
        f"{RESULTS}/logs/quote_training.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        arms=[arm for arm, _ in QUOTED_RUNS],
        seeds=[seed for _, seed in QUOTED_RUNS],
    shell:
        "python {input.script[0]}"
        " --training {input.training}"
        " --rollouts {input.rollouts}"
        " --arms {params.arms}"
        " --seeds {params.seeds}"
        " --output {output.quotes}"
        " 2>&1 | tee {log}"


rule compare_at_equal_kl:
    input:
        script=script("compare_at_equal_kl"),
        training=rules.trace_training.output.training,
    output:
        contrasts=f"{RESULTS}/statistics/equal_kl.csv",
    log:
        f"{RESULTS}/logs/compare_at_equal_kl.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        contrasts=CONTRASTS,
        settings=flags(config["statistics"], "confidence"),
    shell:
        "python {input.script[0]}"
        " --training {input.training}"
        " --contrasts {params.contrasts}"
        " {params.settings}"
        " --output {output.contrasts}"
        " 2>&1 | tee {log}"


# Is a policy more than SFT at a lower temperature?
rule compare_at_equal_entropy:
    input:
        script=script("compare_at_equal_entropy"),
        arms=rules.compare_arms.output.arms,
    output:
        differences=f"{RESULTS}/statistics/equal_entropy.csv",
    log:
        f"{RESULTS}/logs/compare_at_equal_entropy.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=flags(
            config["statistics"],
            "confidence",
            temperatures=TEMPERATURES,
            other_makes=OTHER_MAKES,
        ),
    shell:
        "python {input.script[0]}"
        " --arms {input.arms}"
        " {params.settings}"
        " --output {output.differences}"
        " 2>&1 | tee {log}"


rule relate_differences:
    input:
        script=script("relate_differences"),
        differences=rules.compare_arms.output.differences,
        arms=rules.compare_arms.output.arms,
    output:
        relations=f"{RESULTS}/statistics/relations.csv",
    log:
        f"{RESULTS}/logs/relate_differences.log",
    conda:
        "../../envs/analysis.yaml"
    shell:
        "python {input.script[0]}"
        " --differences {input.differences}"
        " --arms {input.arms}"
        " --output {output.relations}"
        " 2>&1 | tee {log}"
