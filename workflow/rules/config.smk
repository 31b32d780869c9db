import difflib
import functools
import hashlib
import itertools
import json
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator


def explain(error):
    """One line for what a value of the config breaks: where, what, and what was perhaps meant."""
    where = "".join(f"{key}." for key in error.absolute_path).rstrip(".")
    hint = ""
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        for key in sorted(set(error.instance) - set(known)):
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
    elif error.validator == "type" and re.fullmatch(r"\d+e[-+]?\d+", str(error.instance)):
        hint = "; YAML takes 1e-6 for text, and 1.0e-6 for a number"
    return f"{where}{': ' if where else ''}{error.message}{hint}"


def check_schema(path):
    """Refuse what the schema does not allow, one line a problem."""
    schema = yaml.safe_load((Path(workflow.basedir) / path).read_text(encoding="utf-8"))
    errors = sorted(Draft202012Validator(schema).iter_errors(config), key=lambda error: list(map(str, error.path)))
    if errors:
        raise WorkflowError("config: " + "\n".join(map(explain, errors)))


check_schema("workflow/schemas/config.schema.yaml")

FOLDS = ("train", "judge", "validation")
EXPERIMENT = config["experiment"]
RESULTS = f"results/{EXPERIMENT}"
SEEDS = config["seeds"]
JUDGES = [(kind, seed) for kind, seeds in sorted(config["judges"].items()) for seed in seeds]
JUDGE_NAMES = [f"{kind}_{seed}" for kind, seed in JUDGES]


# What a grid may vary, and how a cell's name tells it.
GRID_AXES = {"learning_rate": "lr", "kl_coef": "beta", "reward_model": "rm"}


def expand_grid(grid):
    """Declare an arm for each of the grid's arms and each combination of its settings, and train them; returns the cells."""
    axes, cells = [axis for axis in GRID_AXES if axis in grid], []
    for arm, *values in itertools.product(grid["arms"], *(enumerate(grid[axis]) for axis in axes)):
        name = "_".join([arm, *(f"{GRID_AXES[axis]}{index}" for axis, (index, _) in zip(axes, values))])
        given = {axis: value for axis, (_, value) in zip(axes, values)}
        config["arms"][name] = config["arms"].get(arm, {}) | given
        if name not in config["policies"]:
            config["policies"].append(name)
        cells.append({"name": name, "arm": arm} | given)
    return cells


GRID_CELLS = expand_grid(config["grid"]) if config["grid"] else []


# Asked once or more a job: what is not remembered here takes the square of the number of replicates.
@functools.cache
def seeds_of(arm):
    """The replicates of an arm: all, or those of them that it names."""
    named = set(config["arms"].get(arm, {}).get("seeds", SEEDS))
    return [seed for seed in SEEDS if seed in named]


# An arm may name seeds of which the experiment has none.
ARMS = [arm for arm in config["policies"] if seeds_of(arm)]
SFT_ARMS = ["sft", "sft_again"]


def method_of(arm):
    """How an arm's policy is trained."""
    return config["arms"].get(arm, {}).get("method", config["reinforce"]["method"])


DPO_ARMS = [arm for arm in ARMS if method_of(arm) == "dpo"]
METHODS = {method_of(arm) for arm in ARMS}
# What is off is no study: it decides nothing.
STUDIES = {name: study for name, study in config["studies"].items() if study is not False}
GRADIENT_ARMS = [STUDIES["gradients"][moment] for moment in ("early", "arm")] if "gradients" in STUDIES else []
TEMPERATURES = config["evaluation"]["sft_temperatures"]
POOL_SEED = config["evaluation"]["pool_seed"]
# What is off decides nothing, as in DATA.
EVALUATION = {key: value for key, value in config["evaluation"].items() if value is not False}
SIGNAL_KEYS = ("signal", "risk_aversion", "cvar_share", "rating_threshold", "relabelling", "doubt_aversion")
SCALAR_SIGNALS = ("reward", "centred", "bounded")
RATING_THRESHOLD = 8  # of an arm that names none
IS_POCKET_DATA = config["data"]["source"] == "pocket"
# What make_pocket does unless told otherwise need not be told.
POCKET_DEFAULTS = {"raters": "usual", "raters_per_pair": 1}
POCKET = {key: value for key, value in config["pocket"].items() if value != POCKET_DEFAULTS.get(key)}
# The world whose truth is known, where the data are of one.
WORLD = config["data"]["source"] if config["data"]["source"] in ("pocket", "instructions") else None
if IS_POCKET_DATA and config["pocket"]["raters"] == "divided":
    WORLD = "divided"
IS_POCKET_MODEL = config["model"]["source"] == "pocket"


include: "checks.smk"


# What is off decides nothing: an experiment without ties is what it was before they could be kept.
DATA = {key: value for key, value in config["data"].items() if (key, value) != ("keep_ties", False)}
# Those of arms that are trained.
ROLES = {
    role: given if isinstance(given, str) else [arm for arm in given if arm in ARMS]
    for role, given in config["roles"].items()
    if not isinstance(given, str) or given in ARMS
}
ROLES["level2"] = [
    arm
    for arm in ARMS
    if config["arms"][arm]["signal"] not in SCALAR_SIGNALS
    and arm not in [*ROLES.get("relabelled", []), *ROLES.get("ended", [])]
]
# What the report tells of the settings; a plot's are not among them.
REPORTED_SETTINGS = {
    key: config[key]
    for key in ("seeds", "judges", "bases", "model", "lengths", "reward_training", "references", "reinforce")
} | {
    "data": DATA,
    "arms": {arm: config["arms"][arm] for arm in ARMS},
    "reward_models": config["reward_models"],
    "sft": config["sft"] if IS_POCKET_MODEL else None,
    "precision": config["runtime"]["precision"],
    "evaluation": EVALUATION,
    "equivalence_margin": config["statistics"]["equivalence_margin"],
    "power": config["statistics"]["power"],
    "confidence": config["statistics"]["confidence"],
    "roles": ROLES,
    "findings": config["findings"],
    "studies": STUDIES,
}
if "remarks" in config:
    REPORTED_SETTINGS["remarks"] = config["remarks"]
if GRADIENT_ARMS:
    REPORTED_SETTINGS["early_steps"] = config["arms"][GRADIENT_ARMS[0]].get("steps", config["reinforce"]["steps"])
# Of all that decides the numbers.
DECIDING = {
    key: value for key, value in config.items() if key not in ("report", "remarks", "figures", "roles", "findings")
}
UNDECIDING = ("keep_policies", "keep_reward_models", "from_rows", "share_prompts", "job")
DECIDING["runtime"] = {key: value for key, value in config["runtime"].items() if key not in UNDECIDING}
DECIDING["data"] = DATA
DECIDING["studies"] = STUDIES
DECIDING["evaluation"] = EVALUATION
DECIDING["pocket"] = POCKET
# What is not used decides nothing.
if WORLD != "instructions":
    del DECIDING["instructions"]
if not METHODS & {"ppo", "vanilla_pg"}:
    del DECIDING["ppo"]
if not GRID_CELLS:
    del DECIDING["grid"]
CONFIG_DIGEST = hashlib.sha256(json.dumps(DECIDING, sort_keys=True).encode()).hexdigest()[:16]
