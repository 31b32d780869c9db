# What of a config a schema cannot refuse: names that nothing declares, numbers that do not go together.


def problems_of_arms():
    """What arms say that reward models do not hold."""
    for arm in ARMS:
        declared = config["arms"].get(arm)
        if declared is None:
            yield f"policies: no arm {arm!r} is declared under arms"
            continue
        if "reward_model" not in declared:
            continue  # a grid's, of an arm that is not declared: told below
        kind, signal = declared["reward_model"], declared["signal"]
        if kind not in config["reward_models"]:
            yield f"arms.{arm}: no reward model {kind!r} is declared under reward_models"
            continue
        model = config["reward_models"][kind]
        if model["fold"] != "train":
            yield f"arms.{arm}: {kind!r} learns from another fold than train; a judge must stay one"
        if "base" in model:
            yield f"arms.{arm}: {kind!r} has a base of its own; only judges may, since policies' tokens are SFT's"
        wanted = "scalar" if signal in SCALAR_SIGNALS and "advantage_weight" not in declared else "ratings"
        if model["head"] != wanted:
            yield f"arms.{arm}: its signal needs a reward model with head {wanted!r}, {kind!r} has another"
        threshold = declared.get("rating_threshold", RATING_THRESHOLD if signal == "content" else 1)
        if threshold > config["reward_training"]["bins"]:
            yield f"arms.{arm}: rating_threshold, {threshold}, is above reward_training.bins: no rating is so high"
        if arm in DPO_ARMS and (model["labels"] != "given" or "label_noise" in model):
            yield f"arms.{arm}: dpo learns from the pairs as they are; {kind!r} has other labels"
        if arm in DPO_ARMS and "cut_off_reward" in declared:
            yield f"arms.{arm}.cut_off_reward: dpo learns from pairs, not from rewards"
        if "doubt_aversion" in declared and "members" not in model:
            yield f"arms.{arm}.doubt_aversion: {kind!r} is a single model; give it members"
    for arm in config["grid"]["arms"] if config["grid"] else []:
        if "reward_model" not in config["arms"].get(arm, {}):
            yield f"grid.arms: no arm {arm!r} is declared under arms"


def problems_of_reward_models():
    """What reward models and judges need, and lack."""
    for kind, model in config["reward_models"].items():
        if model.get("base") not in [None, *config["bases"]]:
            yield f"reward_models.{kind}: no base {model['base']!r} is declared under bases"
        if model.get("ties") and not config["data"]["keep_ties"]:
            yield f"reward_models.{kind}.ties: set data.keep_ties to true, without which there are no ties"
        if model.get("ties") and model["head"] == "ngrams":
            yield f"reward_models.{kind}.ties: the head must be scalar or ratings, not ngrams"
        if "label_noise" in model and (model["fold"] != "train" or model["labels"] != "given"):
            yield f"reward_models.{kind}.label_noise: it is of the labels given, in the fold train"
        if "members" in model and model["fold"] != "train":
            yield f"reward_models.{kind}.members: judges are single models; give judges more seeds"
    for kind, seeds in config["judges"].items():
        model = config["reward_models"].get(kind, {})
        given = (model.get("fold"), model.get("labels"))
        if given != ("judge", "given") or model["head"] not in ("scalar", "ngrams"):
            yield (
                f"judges.{kind}: reward_models has to declare it: judges are scalar or of ngrams, and learn from the fold"
                " judge, with the labels given"
            )
        if set(SEEDS) & set(seeds):
            yield f"judges.{kind}: a judge shares its seed with a replicate"


def problems_of_questions():
    """What contrasts, roles and studies ask of arms that are not there, or not so."""
    contrasts = config["statistics"]["contrasts"]
    for contrast in contrasts:
        for arm in (contrast["arm"], contrast["against"]):
            if arm not in [*config["arms"], *SFT_ARMS]:
                yield f"statistics.contrasts, {contrast['name']}: no arm {arm!r} is declared under arms"
        one, other = contrast["arm"], contrast["against"]
        if {one, other} <= {*ARMS} and not {*seeds_of(one)} <= {*seeds_of(other)}:
            yield f"statistics.contrasts, {contrast['name']}: {other} lacks seeds of {one}; give it those too"
    level1 = config["roles"]["level1"]
    asked = ("level1", level1, "sft") in [(row["name"], row["arm"], row["against"]) for row in contrasts]
    if not asked or level1 not in ARMS:
        yield f"the report's question needs the policy {level1}, and its contrast level1 against sft"
    if "members" in config["reward_models"].get(config["arms"].get(level1, {}).get("reward_model"), {}):
        yield f"arms.{level1}: TRL's trainer is compared on its reward model, which must be a single one"
    for role, given in config["roles"].items():
        for arm in [given] if isinstance(given, str) else given:
            if arm not in config["arms"]:
                yield f"roles.{role}: no arm {arm!r} is declared under arms"
    if GRADIENT_ARMS and (GRADIENT_ARMS[1] not in ARMS or GRADIENT_ARMS[0] not in config["arms"]):
        yield "studies.gradients: arm must be one of policies, and early be declared under arms"
    moments = [config["arms"].get(arm, {}) | {"steps": None, "seeds": None} for arm in GRADIENT_ARMS]
    if moments and moments[0] != moments[1]:
        yield "studies.gradients: early must be as arm is, but for steps and seeds"
    if "overoptimisation" in config["statistics"] and not WORLD:
        yield "statistics.overoptimisation: no one knows gold here; leave it out"


def problems_of_sizes():
    """Numbers that do not go together."""
    batch = config["reinforce"]["batch_size"]
    held = min(batch, config["reinforce"]["micro_batch_size"])
    if DPO_ARMS and (batch % held or held % 2):
        yield (
            "reinforce: for dpo batch_size has to be a multiple of micro_batch_size, which has to be even: a pair is two"
            " responses"
        )
    for arm in (arm for arm in ARMS if "reward_model" in config["arms"].get(arm, {}) and arm not in DPO_ARMS):
        given = config["reinforce"] | config["arms"][arm]
        samples = given["samples_per_prompt"]
        if given["batch_size"] % samples or given["micro_batch_size"] % samples:
            yield f"arms.{arm}: batch_size and micro_batch_size have to be multiples of samples_per_prompt, {samples}"
        if given["method"] in ("rloo", "raft") and samples < 2:
            yield f"arms.{arm}: {given['method']} compares a prompt's responses: give samples_per_prompt of 2 or more"
    training = config["reward_training"]
    if training["batch_size"] % training["micro_batch_size"]:
        yield "reward_training: batch_size is not a multiple of micro_batch_size"
    if not {*config["evaluation"].get("proxy_seeds", SEEDS)} & {*SEEDS}:
        yield "evaluation.proxy_seeds: none is among seeds"
    if POOL_SEED in SEEDS:
        yield "evaluation.pool_seed: it is among seeds"
    if config["evaluation"]["pool_samples"] < config["references"]["samples"] + 2:
        yield "evaluation.pool_samples: beside references.samples to compare with, two or more to choose from"


def problems_of_sources():
    """Models and data that do not go together, or are named twice or not at all."""
    for base, section in config["bases"].items():
        if section["source"] == "pocket":
            yield f"bases.{base}.source: pocket's model is the SFT model; leave the base out"
    if IS_POCKET_MODEL and not IS_POCKET_DATA:
        yield "model.source: pocket's model is trained on pocket's data; set model.source too"
    if WORLD == "instructions" and IS_POCKET_MODEL:
        yield "data.source: pocket's model cannot read instructions; set model.source or model.package"
    sections = {"model": config["model"]} | {f"bases.{name}": base for name, base in config["bases"].items()}
    for name, section in sections.items():
        if (section["source"] is None) == (section["package"] is None):
            yield f"{name}: give one of source and package, and set the other to null"


def check_config():
    """Refuse what a schema cannot. One line each, before any job."""
    checks = (
        problems_of_arms,
        problems_of_reward_models,
        problems_of_questions,
        problems_of_sizes,
        problems_of_sources,
    )
    problems = [problem for check in checks for problem in check()]
    if problems:
        raise WorkflowError("config: " + "; ".join(problems))


check_config()
