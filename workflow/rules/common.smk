import ast
import functools
import os
import shlex
import sys
from pathlib import Path

# The scripts report their own progress; the libraries' bars and notices would bury it.
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# A job is written for one GPU; of several that nobody chose among, the libraries' trainers would split each batch.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
# Rules call `python`: it is this one, whether or not its environment was activated. A conda environment comes before it.
os.environ.update(PATH=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]))

EXPERIMENT = config["experiment"]
RESULTS = f"results/{EXPERIMENT}"
SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
SEEDS = config["seeds"]
JUDGE_SEEDS = config["judge_seeds"]
ARMS = config["policies"]
SFT_ARMS = ["sft", "sft_again"]
STUDIES = config["studies"]
POOL_SEED = config["evaluation"]["pool_seed"]
SIGNAL_KEYS = ("signal", "risk_aversion", "cvar_share", "relabelling")
SCALAR_SIGNALS = ("reward", "bounded")
KEEPS_POLICIES = config["runtime"]["keep_policies"]
IS_POCKET_DATA = config["data"]["source"] == "pocket"
IS_POCKET_MODEL = config["model"]["source"] == "pocket"

# config.yaml's own report belongs to its own experiment: an overlay that renames the experiment must not overwrite it.
OWN_REPORT = config["report"] == "report.md" and EXPERIMENT != "pocket"
REPORT = f"{RESULTS}/report.md" if OWN_REPORT else config["report"]
VERDICT = f"{RESULTS}/statistics/verdict.txt"


wildcard_constraints:
    kind="|".join(config["reward_models"]),
    arm="|".join([*ARMS, STUDIES["gradients"]["early"], "sft", "sft_pool"]),
    seed=r"\d+",
    fold="train|judge|validation",


def check_config():
    """Refuse what a schema cannot: names that nothing declares. One line each, before any job."""
    problems = []
    for arm in ARMS:
        if arm not in config["arms"]:
            problems.append(f"policies: no arm {arm!r} is declared under arms")
            continue
        kind = config["arms"][arm]["reward_model"]
        if kind not in config["reward_models"]:
            problems.append(f"arms.{arm}: no reward model {kind!r} is declared under reward_models")
            continue
        if config["reward_models"][kind]["fold"] != "train":
            problems.append(f"arms.{arm}: {kind!r} learns from another fold than train; a judge must stay one")
        wanted = "scalar" if config["arms"][arm]["signal"] in SCALAR_SIGNALS else "ratings"
        if "advantage_weight" in config["arms"][arm]:
            wanted = "ratings"
        if config["reward_models"][kind]["head"] != wanted:
            problems.append(f"arms.{arm}: its signal needs a reward model with head {wanted!r}, {kind!r} has another")
        if not set(seeds_of(arm)) <= set(SEEDS):
            problems.append(f"arms.{arm}.seeds: not all are among seeds")
    for contrast in config["statistics"]["contrasts"]:
        for arm in (contrast["arm"], contrast["against"]):
            if arm not in [*config["arms"], *SFT_ARMS]:
                problems.append(f"statistics.contrasts, {contrast['name']}: no arm {arm!r} is declared under arms")
    if config["reward_models"]["judge"] != {"fold": "judge", "labels": "given", "head": "scalar"}:
        problems.append("reward_models.judge: judges are scalar and learn from the fold judge, with the labels given")
    names = [(row["name"], row["arm"], row["against"]) for row in config["statistics"]["contrasts"]]
    if ("level1", "level1_scalar", "sft") not in names or "level1_scalar" not in ARMS:
        problems.append("the report's question needs the policy level1_scalar, and its contrast level1 against sft")
    if STUDIES["gradients"]["arm"] not in ARMS or STUDIES["gradients"]["early"] not in config["arms"]:
        problems.append("studies.gradients: arm must be one of policies, and early be declared under arms")
    moments = (config["arms"].get(STUDIES["gradients"][moment], {}) for moment in ("early", "arm"))
    early, late = (arm | {"steps": None, "seeds": None} for arm in moments)
    if early != late:
        problems.append("studies.gradients: early must be as arm is, but for steps and seeds")
    training = config["reward_training"]
    if training["batch_size"] % training["micro_batch_size"]:
        problems.append("reward_training: batch_size is not a multiple of micro_batch_size")
    if POOL_SEED in SEEDS:
        problems.append("evaluation.pool_seed: it is among seeds")
    if config["evaluation"]["pool_samples"] < config["references"]["samples"]:
        problems.append("evaluation.pool_samples: smaller than references.samples")
    if set(SEEDS) & set(JUDGE_SEEDS):
        problems.append("judge_seeds: a judge shares its seed with a replicate")
    if IS_POCKET_MODEL and not IS_POCKET_DATA:
        problems.append("model.source: pocket's model is trained on pocket's data; set model.source too")
    if problems:
        raise WorkflowError("config: " + "; ".join(problems))


def seeds_of(arm):
    """The replicates of an arm: all, unless the arm names some."""
    return config["arms"].get(arm, {}).get("seeds", SEEDS)


@functools.lru_cache(maxsize=None)
def imported_modules(path):
    """Files of the scripts' own modules that a Python file imports, directly or not."""
    found = set()
    for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            file = SCRIPTS.joinpath(*name.split(".")).with_suffix(".py")
            if file.is_file():
                found |= {file} | imported_modules(file)
                package = file.with_name("__init__.py")  # which Python runs before any of its modules
                found |= {package} if package.is_file() else set()
    return frozenset(found)


def script(name):
    """A script and every module that it imports, as inputs: an edit reruns what depends on it and nothing else."""
    path = SCRIPTS / f"{name}.py"
    files = [path, *sorted(imported_modules(path))]
    return [str(file.relative_to(workflow.basedir)) for file in files]


def flags(section, *keys, **more):
    """Command-line flags for keys of a config section (all, if none are named); what is null is left out.

    In the order of their names: an overlay changes the order of a section's keys, and that alone must rerun nothing.
    """
    values = {key: section[key] for key in keys or section} | more
    words = []
    for key, value in sorted(values.items()):
        if value is not None:
            words += [f"--{key.replace('_', '-')}", *map(str, value if isinstance(value, list) else [value])]
    return shlex.join(words)


# What comes from outside, and where it goes.
SOURCE_OUTPUTS = {}
if not IS_POCKET_DATA:
    SOURCE_OUTPUTS["preferences"] = f"{RESULTS}/data/preferences.jsonl"
if not IS_POCKET_MODEL:
    SOURCE_OUTPUTS["model"] = directory(f"{RESULTS}/models/sft")


def local_files(section):
    """The files of a source that lies here; none of one on the hub, or of pocket's own."""
    source = Path(config[section]["source"]).expanduser()
    files = [source] if source.is_file() else sorted(source.rglob("*")) if source.is_dir() else []
    return [str(path) for path in files if path.is_file() and not path.name.startswith(".")]


def source_flags():
    """Flags of load_sources: the sources that are not pocket's."""
    settings = {}
    if not IS_POCKET_DATA:
        settings |= {f"data_{key}": config["data"][key] for key in ("source", "split", "revision")}
        settings["data_output"] = SOURCE_OUTPUTS["preferences"]
    if not IS_POCKET_MODEL:
        settings |= {f"model_{key}": value for key, value in config["model"].items()}
        settings["model_output"] = SOURCE_OUTPUTS["model"]
    return flags(settings)


def arm_flags(wildcards):
    """REINFORCE's settings for an arm: those of all arms, with what the arm itself declares."""
    own = {key: value for key, value in config["arms"][wildcards.arm].items() if key not in ("reward_model", "seeds")}
    return flags(config["reinforce"] | own)


def signal_flags(arm):
    """An arm's signal and its options."""
    return flags({key: value for key, value in config["arms"][arm].items() if key in SIGNAL_KEYS})


def reward_flags(wildcards):
    """What a kind of reward model learns from and returns; ratings' settings only where it has them."""
    kind, training = config["reward_models"][wildcards.kind], dict(config["reward_training"])
    if kind["head"] == "scalar":
        del training["bins"]
    if "rating_weight" not in kind:
        del training["rating_range"]
    return flags(training | {key: value for key, value in kind.items() if key != "fold"})


def reward_tokens(wildcards):
    """The tokenised pairs that a kind of reward model learns from."""
    return f"{RESULTS}/data/tokens/{config['reward_models'][wildcards.kind]['fold']}.parquet"


def reward_of_arm(suffix):
    """An input function: a file of the arm's own reward model in the same replicate."""

    def path(wildcards):
        kind = config["arms"][wildcards.arm]["reward_model"]
        return f"{RESULTS}/reward_models/{kind}/seed{wildcards.seed}{suffix}"

    return path


def arms_of(seed):
    """The arms that are trained in a replicate."""
    return [arm for arm in ARMS if seed in seeds_of(arm)]


def kinds_of(seed):
    """The reward models of a replicate."""
    return list(dict.fromkeys(config["arms"][arm]["reward_model"] for arm in arms_of(seed)))


def pool_arms(seed):
    """A replicate's arms with their signals, as score_pool takes them."""
    return [
        ":".join(
            [arm, config["arms"][arm]["reward_model"], *(str(config["arms"][arm].get(k, "-")) for k in SIGNAL_KEYS)]
        )
        for arm in arms_of(seed)
    ]


def kept_policy(path):
    """A policy's folder, which goes once nothing needs it any more if the config does not keep policies."""
    return directory(path) if KEEPS_POLICIES else temp(directory(path))


def policy_of_arm(wildcards):
    """The model that answers for an arm: its policy, or SFT itself."""
    if wildcards.arm in ("sft", "sft_pool"):
        return f"{RESULTS}/models/sft"
    return f"{RESULTS}/policies/{wildcards.arm}/seed{wildcards.seed}"


def own_inputs(wildcards):
    """What an arm's own reward model needs to score its answers and SFT's, and its training's; nothing for SFT."""
    if wildcards.arm in ("sft", "sft_pool"):
        return {}
    training = f"{RESULTS}/training/{wildcards.arm}/seed{wildcards.seed}"
    return {
        "reward_model": reward_of_arm("")(wildcards),
        "scale": f"{training}_scale.json",
        "sft_responses": f"{RESULTS}/evaluations/sft/seed{wildcards.seed}_responses.parquet",
        "pool": f"{RESULTS}/evaluations/sft_pool/seed{POOL_SEED}_responses.parquet",
        "rollouts": f"{training}_rollouts.parquet",
        "train_tokens": f"{RESULTS}/data/tokens/train.parquet",
    }


def own_flags(wildcards):
    """Flags for those inputs, and the signal that the arm was trained on."""
    if wildcards.arm in ("sft", "sft_pool"):
        return ""
    more = {"pool_samples": config["references"]["samples"], "trace_every": config["evaluation"]["trace_every"]}
    return f"{flags(own_inputs(wildcards) | more)} {signal_flags(wildcards.arm)}"


check_config()
# Those in which both moments of training can be had: an overlay may have fewer seeds than the early arm names.
GRADIENT_SEEDS = [
    seed for seed in seeds_of(STUDIES["gradients"]["early"]) if seed in seeds_of(STUDIES["gradients"]["arm"])
] or SEEDS[:1]
