# What the methods cost, and the pilot on which their settings are chosen.

# What methods are written in.
METHOD_SOURCES = [
    *[f"align/{name}" for name in ("reinforce", "training_step", "actor_critic", "critic", "critic_step")],
    *("align/preference_policy", "train_dpo"),
]


rule measure_methods:
    input:
        script=script("measure_methods"),
        sources=[f"workflow/scripts/{name}.py" for name in METHOD_SOURCES],
        metrics=[f"{RESULTS}/training/{arm}/seed{seed}.csv" for arm, seed in POLICY_RUNS],
        rollouts=[f"{RESULTS}/training/{arm}/seed{seed}_rollouts.parquet" for arm, seed in POLICY_RUNS],
        benchmarks=[f"{RESULTS}/benchmarks/{policy_rule(arm)}/{arm}_{seed}.tsv" for arm, seed in POLICY_RUNS],
        tokens=f"{RESULTS}/data/tokens/train.parquet",
    output:
        methods=f"{RESULTS}/statistics/methods.csv",
    log:
        f"{RESULTS}/logs/measure_methods.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        arms=flags({}, arms=describe_methods(ARMS), runs=[arm for arm, _ in POLICY_RUNS]),
    shell:
        "python {input.script[0]}"
        " {params.arms}"
        " --sources {input.sources}"
        " --metrics {input.metrics}"
        " --rollouts {input.rollouts}"
        " --benchmarks {input.benchmarks}"
        " --tokens {input.tokens}"
        " --output {output.methods}"
        " 2>&1 | tee {log}"


if GRID_CELLS:

    rule tabulate_grid:
        input:
            script=script("tabulate_grid"),
            arms=f"{RESULTS}/statistics/arms.csv",
        output:
            grid=f"{RESULTS}/statistics/grid.csv",
        log:
            f"{RESULTS}/logs/tabulate_grid.log",
        conda:
            "../../envs/analysis.yaml"
        params:
            # Where gold is known it chooses: judges like the settings best that go farthest from SFT.
            cells=flags(
                {}, cells=json.dumps(GRID_CELLS), metric="gold" if WORLD else config["statistics"]["primary_metric"]
            ),
        shell:
            "python {input.script[0]}"
            " --arms {input.arms}"
            " {params.cells}"
            " --output {output.grid}"
            " 2>&1 | tee {log}"
