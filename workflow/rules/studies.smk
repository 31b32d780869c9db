# What is measured of the run itself: the gradient, TRL's trainer, the ratings of responses to be shown, costs.
# Those of the first replicate's models come with it: a run that is stopped and loses its folder has them.
OF_THE_FIRST = 10 * len(SEEDS) + 1


if GRADIENT_ARMS:

    rule study_gradients:
        input:
            script=script("study_gradients"),
            policies=[f"{RESULTS}/policies/{arm}/seed{{seed}}" for arm in GRADIENT_ARMS],
            metrics=[f"{RESULTS}/training/{arm}/seed{{seed}}.csv" for arm in GRADIENT_ARMS],
            scale=f"{RESULTS}/training/{GRADIENT_ARMS[1]}/seed{{seed}}_scale.json",
            reference_policy=f"{RESULTS}/models/sft",
            reward_model=f"{RESULTS}/reward_models/{config['arms'][GRADIENT_ARMS[1]]['reward_model']}/seed{{seed}}",
            references=f"{RESULTS}/data/references.parquet",
        output:
            table=f"{RESULTS}/studies/gradients/seed{{seed}}.csv",
        log:
            f"{RESULTS}/logs/study_gradients/{{seed}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/study_gradients/{{seed}}.tsv"
        priority: earlier_replicates_first(1)
        conda:
            "../../envs/training.yaml"
        threads: config["runtime"]["threads"]
        resources:
            **MODEL_JOB,
        params:
            signal=signal_flags(GRADIENT_ARMS[1]),
            settings=flags(settings_of(GRADIENT_ARMS[1]), "batch_size", "kl_coef", "baseline_decay"),
            runtime=flags(
                config["runtime"],
                "generation_batch_size",
                "scoring_batch_size",
                "precision",
                prompts=STUDIES["gradients"]["prompts"],
                max_new_tokens=config["lengths"]["max_new_tokens"],
            ),
        shell:
            "python {input.script[0]}"
            " --phases early late"
            " --policies {input.policies}"
            " --metrics {input.metrics}"
            " --reference-policy {input.reference_policy}"
            " --reward-model {input.reward_model}"
            " --references {input.references}"
            " --scale {input.scale}"
            " --seed {wildcards.seed}"
            " {params.signal}"
            " {params.settings}"
            " {params.runtime}"
            " --output {output.table}"
            " 2>&1 | tee {log}"


if "trl" in STUDIES:

    rule compare_with_trl:
        input:
            script=script("compare_with_trl"),
            model=f"{RESULTS}/models/sft",
            reward_model=f"{RESULTS}/reward_models/{config['arms'][ROLES['level1']]['reward_model']}/seed{SEEDS[0]}",
            pairs=f"{RESULTS}/data/train.jsonl",
            tokens=f"{RESULTS}/data/tokens/train.parquet",
            lock="envs/requirements.lock",
        output:
            comparison=f"{RESULTS}/studies/trl.json",
        log:
            f"{RESULTS}/logs/compare_with_trl.log",
        priority: OF_THE_FIRST
        conda:
            "../../envs/training.yaml"
        threads: config["runtime"]["threads"]
        resources:
            **MODEL_JOB,
        params:
            settings=flags(
                STUDIES["trl"],
                max_new_tokens=config["lengths"]["max_new_tokens"],
                kl_coef=settings_of(config["roles"]["level1"])["kl_coef"],
                seed=SEEDS[0],
            ),
        shell:
            "python {input.script[0]}"
            " --model {input.model}"
            " --reward-model {input.reward_model}"
            " --pairs {input.pairs}"
            " --tokens {input.tokens}"
            " --lock {input.lock}"
            " {params.settings}"
            " --output {output.comparison}"
            " 2>&1 | tee {log}"


if RATING_KINDS:

    # The distributions over ratings that the samples page shows.
    rule rate_samples:
        input:
            script=script("rate_samples"),
            responses=[f"{RESULTS}/evaluations/{arm}/seed{SAMPLES_SEED}_responses.parquet" for arm in SAMPLES_ARMS],
            model=f"{RESULTS}/reward_models/{RATING_KINDS[0]}/seed{SAMPLES_SEED}",
        output:
            ratings=f"{RESULTS}/studies/ratings.parquet",
        log:
            f"{RESULTS}/logs/rate_samples.log",
        priority: OF_THE_FIRST
        conda:
            "../../envs/training.yaml"
        threads: config["runtime"]["threads"]
        resources:
            **MODEL_JOB,
        params:
            settings=flags(config["runtime"], "scoring_batch_size", "precision", prompts=STUDIES["samples"]["prompts"]),
        shell:
            "python {input.script[0]}"
            " --responses {input.responses}"
            " --ratings-model {input.model}"
            " {params.settings}"
            " --output {output.ratings}"
            " 2>&1 | tee {log}"


# What each reward model reads in its training: tokens, which pairs, and for how many epochs.
LEARNED = [
    {
        "tokens": tokens_of(kind),
        "pairs": pairs_of(kind),
        # Each member of an ensemble reads them all.
        "epochs": config["reward_models"][kind].get("epochs", config["reward_training"]["epochs"])
        * config["reward_models"][kind].get("members", 1),
    }
    | ({"ties": True} if config["reward_models"][kind].get("ties") else {})
    for kind, _ in dict.fromkeys(REWARD_RUNS)
    if kind not in NGRAM_KINDS
]

# What each policy sampled in its training: at each step so many responses.
TRAINED = [
    {
        "metrics": f"{RESULTS}/training/{arm}/seed{seed}.csv",
        "responses": (config["reinforce"] | config["arms"][arm])["batch_size"],
    }
    for arm, seed in [*POLICY_RUNS, *((GRADIENT_ARMS[0], seed) for seed in GRADIENT_SEEDS)]
    if arm not in DPO_ARMS
]


rule sum_costs:
    input:
        script=script("sum_costs"),
        benchmarks=[
            *([f"{RESULTS}/benchmarks/train_sft.tsv"] if IS_POCKET_MODEL else []),
            *(
                [f"{RESULTS}/benchmarks/answer_instructions/{fold}.tsv" for fold in FOLDS]
                if WORLD == "instructions"
                else []
            ),
            f"{RESULTS}/benchmarks/sample_references.tsv",
            *[
                f"{RESULTS}/benchmarks/{training_rule(kind)}/{kind}_{seed}.tsv"
                for kind, seed in dict.fromkeys(REWARD_RUNS)
            ],
            *[f"{RESULTS}/benchmarks/{policy_rule(arm)}/{arm}_{seed}.tsv" for arm, seed in POLICY_RUNS],
            *[f"{RESULTS}/benchmarks/sample_responses/sft_{seed}.tsv" for seed in SEEDS],
            f"{RESULTS}/benchmarks/sample_responses/sft_pool_{POOL_SEED}.tsv",
            *[f"{RESULTS}/benchmarks/sample_responses/{arm}_{seed}.tsv" for arm, seed in POLICY_RUNS],
            *[f"{RESULTS}/benchmarks/score_responses/{seed}.tsv" for seed in [*SEEDS, POOL_SEED]],
            *[
                f"{RESULTS}/benchmarks/{rule}/{seed}.tsv"
                for rule in ("score_proxy", "score_pool")
                for seed in PROXY_SEEDS
            ],
            *[
                f"{RESULTS}/benchmarks/{rule}{seed}.tsv"
                for seed in GRADIENT_SEEDS
                for rule in (f"train_policy/{GRADIENT_ARMS[0]}_", "study_gradients/")
            ],
        ],
        references=f"{RESULTS}/data/references.parquet",
        metrics=[one["metrics"] for one in TRAINED],
        evaluations=[*EVALUATIONS, POOL],
        tokens=[one["tokens"] for one in LEARNED],
    output:
        cost=f"{RESULTS}/statistics/cost.csv",
    log:
        f"{RESULTS}/logs/sum_costs.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        learned=shlex.quote(json.dumps(LEARNED)),
        trained=shlex.quote(json.dumps(TRAINED)),
    shell:
        "python {input.script[0]}"
        " --benchmarks {input.benchmarks}"
        " --references {input.references}"
        " --trained {params.trained}"
        " --evaluations {input.evaluations}"
        " --learned {params.learned}"
        " --output {output.cost}"
        " 2>&1 | tee {log}"
