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
# A process is written for one GPU; of several that nobody chose among, the libraries' trainers would split each batch.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(config["runtime"]["processes"]))))
# Rules call `python`: it is this one, whether or not its environment was activated. A conda environment comes before it.
os.environ.update(PATH=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]))

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"

# config.yaml's own report belongs to its own experiment: an overlay that renames the experiment must not overwrite it.
OWN_REPORT = config["report"] == "report.md" and EXPERIMENT != "pocket"
REPORT = f"{RESULTS}/report.md" if OWN_REPORT else config["report"]
VERDICT = f"{RESULTS}/statistics/verdict.txt"
# How simple each method is: asked where the paper's more complicated ones are trained beside REINFORCE.
METHODS_TABLE = [f"{RESULTS}/statistics/methods.csv"] if METHODS & {"vanilla_pg", "ppo", "dpo"} else []


wildcard_constraints:
    kind="|".join(config["reward_models"]),
    arm="|".join([*ARMS, *GRADIENT_ARMS, "sft", "sft_pool"]),
    seed=r"\d+",
    fold="train|judge|validation",
    base="|".join(config["bases"]),


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
    """Command-line flags for keys of a config section (all, if none are named); what is null or false is left out, and true is a flag alone.

    In the order of their names: an overlay changes the order of a section's keys, and that alone must rerun nothing.
    """
    values = {key: section[key] for key in keys or section} | more
    words = []
    for key, value in sorted(values.items()):
        if value is True:
            words.append(f"--{key.replace('_', '-')}")
        elif value is not None and value is not False:
            words += [f"--{key.replace('_', '-')}", *map(str, value if isinstance(value, list) else [value])]
    return shlex.join(words)


def by_name(files):
    """Files as words `name=path`, once a file: what a script reads by name."""
    named = [(name, [given] if isinstance(given, str) else given) for name, given in files.items()]
    return shlex.join(f"{name}={path}" for name, paths in named for path in paths)


def policy_rule(arm):
    """The rule that trains an arm's policy."""
    return "train_dpo" if arm in DPO_ARMS else "train_policy"


def training_rule(kind):
    """The rule that makes a kind of reward model."""
    return "train_ngram_judge" if kind in NGRAM_KINDS else "train_reward_model"


# What a job with a model asks for; a second attempt asks for twice the memory and time of the first.
MODEL_JOB = {
    "mem_mb": lambda wildcards, attempt: attempt * config["runtime"]["job"]["memory_mb"],
    "runtime": lambda wildcards, attempt: attempt * config["runtime"]["job"]["minutes"],
    "gpu": config["runtime"]["job"]["gpus"],
}


# A training's job, which several processes may share: torchrun, unlike accelerate's own launcher, finds a free port.
PROCESSES = config["runtime"]["processes"]
TRAINING_JOB = MODEL_JOB | {"gpu": MODEL_JOB["gpu"] * PROCESSES}
TRAINING_THREADS = config["runtime"]["threads"] * PROCESSES
# Snakemake gives the job's threads to whatever it starts; here each process has its share.
LAUNCH = (
    "python"
    if PROCESSES == 1
    else "OMP_NUM_THREADS={0} MKL_NUM_THREADS={0} python -m torch.distributed.run --standalone"
    " --nproc-per-node {1} --".format(config["runtime"]["threads"], PROCESSES)
)


def pairs_of(kind):
    """Which of its fold's pairs a kind of reward model learns from."""
    return config["reward_models"][kind].get("pairs", "balanced" if config["data"]["balance_lengths"] else "raw")


def tokens_of(kind, fold=None):
    """A fold, by default its own, in the tokens of the model that a kind of reward model starts from."""
    model = config["reward_models"][kind]
    folder = f"{RESULTS}/data/tokens/{model['base']}" if "base" in model else f"{RESULTS}/data/tokens"
    return f"{folder}/{fold or model['fold']}.parquet"


def reward_inputs(wildcards):
    """The model that a kind of reward model starts from, and both folds in that model's tokens."""
    kind = wildcards.kind
    base = config["reward_models"][kind].get("base")
    model = f"{RESULTS}/models/bases/{base}" if base else f"{RESULTS}/models/sft"
    return {"model": model, "tokens": tokens_of(kind), "validation": tokens_of(kind, "validation")}


def reward_of_arm(suffix):
    """An input function: a file of the arm's own reward model in the same replicate."""

    def path(wildcards):
        kind = config["arms"][wildcards.arm]["reward_model"]
        return f"{RESULTS}/reward_models/{kind}/seed{wildcards.seed}{suffix}"

    return path


@functools.cache
def arms_of(seed):
    """The arms that are trained in a replicate."""
    return [arm for arm in ARMS if seed in seeds_of(arm)]


# The replicates in which proxies, the arms' own reward models, score the held-out responses and the pool.
PROXY_SEEDS = [seed for seed in config["evaluation"].get("proxy_seeds", SEEDS) if arms_of(seed)]


@functools.cache
def kinds_of(seed):
    """The reward models of a replicate."""
    return list(dict.fromkeys(config["arms"][arm]["reward_model"] for arm in arms_of(seed)))


# Judges of another make read text: they need the conversations that the sampled tokens came from.
NGRAM_KINDS = [kind for kind, model in config["reward_models"].items() if model["head"] == "ngrams"]
JUDGE_READS = [
    "words" if kind in NGRAM_KINDS else "text" if "base" in config["reward_models"][kind] else "tokens"
    for kind, _ in JUDGES
]
CONVERSATIONS = [f"{RESULTS}/data/{fold}.jsonl" for fold in ("validation", "train") if "text" in JUDGE_READS]


PLACES = {seed: place for place, seed in enumerate(SEEDS)}


def earlier_replicates_first(stage):
    """A priority: the jobs of earlier replicates first, and within a replicate those of a later stage.

    So the first replicate is whole when the last is not begun. The pool is of the first, since each replicate compares
    with it; judges come last, since nothing but their scores waits for them.
    """

    def priority(wildcards):
        seed = int(wildcards.seed)
        place = PLACES.get(seed, 0 if seed == POOL_SEED else len(SEEDS))
        return 10 * (len(SEEDS) - place) + stage

    return priority


def model_folder(path, kind):
    """The folder of a policy or reward model, which goes once nothing needs it if the config does not keep that kind."""
    return directory(path) if config["runtime"][f"keep_{kind}"] else temp(directory(path))


def policy_of_arm(wildcards):
    """The model that responds for an arm: its policy, or SFT itself."""
    if wildcards.arm in ("sft", "sft_pool"):
        return f"{RESULTS}/models/sft"
    return f"{RESULTS}/policies/{wildcards.arm}/seed{wildcards.seed}"


def responses_of_seed(wildcards):
    """The responses that are scored together: a replicate's, SFT's and its arms'; or the pool."""
    seed = int(wildcards.seed)
    arms = ["sft_pool"] if seed == POOL_SEED else ["sft", *arms_of(seed)]
    return [f"{RESULTS}/evaluations/{arm}/seed{seed}_responses.parquet" for arm in arms]


def proxy_inputs(wildcards):
    """A replicate's own reward models, and the scales of the signals that its arms were trained on."""
    seed = int(wildcards.seed)
    return {
        "reward_models": [f"{RESULTS}/reward_models/{kind}/seed{seed}" for kind in kinds_of(seed)],
        "scales": [f"{RESULTS}/training/{arm}/seed{seed}_scale.json" for arm in arms_of(seed)],
    }


def trained_inputs(wildcards):
    """What a replicate's own reward models gave its arms, and what the trainings sampled; nothing for SFT alone."""
    seed = int(wildcards.seed)
    if not arms_of(seed):
        return {}
    proxy = {"proxy": f"{RESULTS}/evaluations/seed{seed}_proxy.parquet"} if seed in PROXY_SEEDS else {}
    return proxy | {
        "rollouts": [f"{RESULTS}/training/{arm}/seed{seed}_rollouts.parquet" for arm in arms_of(seed)],
        "train_tokens": f"{RESULTS}/data/tokens/train.parquet",
    }


def trained_flags(wildcards):
    """Flags for those inputs, and the names of the arms."""
    arms = arms_of(int(wildcards.seed))
    every = config["evaluation"]["trace_every"]
    return flags(trained_inputs(wildcards), arms=arms, trace_every=every) if arms else ""


# Those in which both moments of training can be had: an overlay may have fewer seeds than the early arm names.
GRADIENT_SEEDS = []
if GRADIENT_ARMS:
    early, late = map(seeds_of, GRADIENT_ARMS)
    GRADIENT_SEEDS = [seed for seed in early if seed in late] or SEEDS[:1]
