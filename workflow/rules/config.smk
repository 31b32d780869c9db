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

EXPERIMENT = config["experiment"]
RESULTS = f"results/{EXPERIMENT}"
SEEDS = config["seeds"]
JUDGES = [(kind, seed) for kind, seeds in sorted(config["judges"].items()) for seed in seeds]
JUDGE_NAMES = [f"{kind}_{seed}" for kind, seed in JUDGES]


def expand_grid(grid):
    """Declare an arm for each of the grid's arms and pairs of settings, and train them; returns the cells."""
    cells = []
    for arm, (i, rate), (j, beta) in itertools.product(
        grid["arms"], enumerate(grid["learning_rate"]), enumerate(grid["kl_coef"])
    ):
        cell = {"name": f"{arm}_lr{i}_beta{j}", "arm": arm, "learning_rate": rate, "kl_coef": beta}
        config["arms"][cell["name"]] = config["arms"].get(arm, {}) | {"learning_rate": rate, "kl_coef": beta}
        if cell["name"] not in config["policies"]:
            config["policies"].append(cell["name"])
        cells.append(cell)
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
STUDIES = config["studies"]
TEMPERATURES = config["evaluation"]["sft_temperatures"]
POOL_SEED = config["evaluation"]["pool_seed"]
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
        if arm in DPO_ARMS and model["labels"] != "given":
            yield f"arms.{arm}: dpo learns from the pairs as they are; {kind!r} has other labels"
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
    if STUDIES["gradients"]["arm"] not in ARMS or STUDIES["gradients"]["early"] not in config["arms"]:
        yield "studies.gradients: arm must be one of policies, and early be declared under arms"
    moments = (config["arms"].get(STUDIES["gradients"][moment], {}) for moment in ("early", "arm"))
    early, late = (arm | {"steps": None, "seeds": None} for arm in moments)
    if early != late:
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
    training = config["reward_training"]
    if training["batch_size"] % training["micro_batch_size"]:
        yield "reward_training: batch_size is not a multiple of micro_batch_size"
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
    if config["arms"][arm]["signal"] not in SCALAR_SIGNALS and arm not in ROLES.get("relabelled", [])
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
    "evaluation": config["evaluation"],
    "equivalence_margin": config["statistics"]["equivalence_margin"],
    "power": config["statistics"]["power"],
    "confidence": config["statistics"]["confidence"],
    "roles": ROLES,
    "findings": config["findings"],
    "studies": STUDIES,
    "early_steps": config["arms"][STUDIES["gradients"]["early"]].get("steps", config["reinforce"]["steps"]),
}
# Of all that decides the numbers.
DECIDING = {key: value for key, value in config.items() if key not in ("report", "figures", "roles", "findings")}
UNDECIDING = ("keep_policies", "keep_reward_models", "from_rows", "job")
DECIDING["runtime"] = {key: value for key, value in config["runtime"].items() if key not in UNDECIDING}
DECIDING["data"] = DATA
DECIDING["pocket"] = POCKET
# What is not used decides nothing.
if WORLD != "instructions":
    del DECIDING["instructions"]
if not METHODS & {"ppo", "vanilla_pg"}:
    del DECIDING["ppo"]
if not GRID_CELLS:
    del DECIDING["grid"]
CONFIG_DIGEST = hashlib.sha256(json.dumps(DECIDING, sort_keys=True).encode()).hexdigest()[:16]
