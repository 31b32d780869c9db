TIES = f"{RESULTS}/statistics/ties.csv"

if config["data"]["keep_ties"]:

    # What pairs that raters tied teach of their noise.
    rule measure_ties:
        input:
            script=script("measure_ties"),
            scores=[
                f"{RESULTS}/reward_models/{kind}/seed{seed}_validation.parquet"
                for kind, seed in dict.fromkeys(
                    (config["arms"][arm]["reward_model"], seed) for arm, seed in POLICY_RUNS
                )
            ],
            reward_models=rules.measure_reward_models.output.table,
            screen=rules.measure_signals.output.screen,
        output:
            ties=TIES,
        log:
            f"{RESULTS}/logs/measure_ties.log",
        conda:
            "../../envs/analysis.yaml"
        params:
            arms=[":".join([arm, config["arms"][arm]["reward_model"], config["arms"][arm]["signal"]]) for arm in ARMS],
        shell:
            "python {input.script[0]}"
            " --scores {input.scores}"
            " --reward-models {input.reward_models}"
            " --screen {input.screen}"
            " --arms {params.arms}"
            " --output {output.ties}"
            " 2>&1 | tee {log}"
