import json

# What scripts are told of arms and reward models, as words of their command lines.


def settings_of(arm):
    """An arm's settings: those of all arms, those of its method's critic, and what the arm itself declares."""
    own = {key: value for key, value in config["arms"][arm].items() if key not in ("reward_model", "seeds")}
    critic = {"ppo": list(config["ppo"]), "vanilla_pg": ["critic_learning_rate"]}.get(method_of(arm), [])
    return config["reinforce"] | {key: config["ppo"][key] for key in critic} | own


def arm_flags(wildcards):
    """The settings of an arm that samples."""
    return flags(settings_of(wildcards.arm))


def dpo_flags(wildcards):
    """The settings of an arm that learns from pairs: it has no baseline, and no groups of samples."""
    needless = ("method", "samples_per_prompt", "baseline", "baseline_decay", "advantage_weight")
    own = {key: value for key, value in settings_of(wildcards.arm).items() if key not in needless}
    pairs = pairs_of(config["arms"][wildcards.arm]["reward_model"])
    return flags(own | {"pairs": pairs, "trace_every": config["evaluation"]["trace_every"]})


def describe_methods(arms):
    """Arms as measure_methods takes them, JSON: names, methods, and the settings that each method heeds."""
    told = []
    for arm in arms:
        method, settings = method_of(arm), settings_of(arm)
        heeded = {key: settings[key] for key in ("steps", "batch_size", "learning_rate", "warmup_share", "kl_coef")}
        own = {"rloo": ["samples_per_prompt"], "raft": ["samples_per_prompt"], "reinforce": ["baseline"]}
        own |= {"ppo": list(config["ppo"]), "vanilla_pg": ["critic_learning_rate"]}
        told.append({"name": arm, "method": method, "settings": heeded | {k: settings[k] for k in own.get(method, [])}})
    return json.dumps(told, sort_keys=True)


def signal_flags(arm):
    """An arm's signal and its options."""
    return flags({key: value for key, value in config["arms"][arm].items() if key in SIGNAL_KEYS})


def describe_arms(arms):
    """Arms as scripts take them, JSON: their names, reward models, signals and options."""
    keys = ("reward_model", *SIGNAL_KEYS)
    told = [{"name": arm} | {key: value for key, value in config["arms"][arm].items() if key in keys} for arm in arms]
    return json.dumps(told, sort_keys=True)


def reward_flags(wildcards):
    """What a kind of reward model learns from and returns; ratings' settings only where it has them."""
    kind, training = config["reward_models"][wildcards.kind], dict(config["reward_training"])
    if kind["head"] == "scalar":
        del training["bins"]
    if "rating_weight" not in kind:
        del training["rating_range"]
    own = {key: value for key, value in kind.items() if key not in ("fold", "base")}
    return flags(training | {"pairs": pairs_of(wildcards.kind)} | own)


def sampling_flags(arm):
    """The names under which an arm's policy is sampled, and how often."""
    if arm == "sft":  # twice, for the noise floor, and at other temperatures
        return flags({}, arms=SFT_ARMS, temperatures=TEMPERATURES, samples=config["evaluation"]["samples"])
    return flags({}, arms=arm, samples=config["evaluation"]["pool_samples" if arm == "sft_pool" else "samples"])
