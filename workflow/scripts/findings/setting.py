"""What an experiment is, what came from outside, and with which settings it was run."""

import re
from pathlib import PurePosixPath

from findings.finding import Finding, make
from findings.real import state_real
from findings.summary import (
    alpha_of,
    is_pocket,
    kinds_of_levels,
    models_of,
    other_makes,
)
from findings.words import join

BASELINES = {
    "moving_average": "the arithmetic mean of all rewards of *earlier* batches (Eq. 8)",
    "exponential": "an exponential mean of the rewards of *earlier* batches (a deviation from Eq. 8)",
    "none": "nothing (a deviation from Eq. 8)",
}

RUBRICS = {
    "pocket": "Points of the rubric, up to {highest:g}. Helpfulness: the share of the words asked for that are"
    " there, less where there are too many. Correctness: the share of the words given that are right and new."
    " Coherence: no slips, such as a missing stop"
    " or something said twice. Complexity: a sentence instead of bare words. Verbosity: a fitting length.",
    "instructions": "Points of the rubric, up to {highest:g}. Helpfulness: how far the constraint is kept,"
    " half of it where the topic is not named. Correctness: the topic is named. Coherence: the text has an end and"
    " says nothing twice. Complexity: sentences instead of fragments. Verbosity: a fitting length.",
}


def liking_of(summary: dict) -> str:
    """What raters like beside length, and gold does not reward."""
    return "manners" if is_pocket(summary) else "praise"


def state_weights(sources: dict | None) -> str:
    """How a model's weights were packed, and where they came from; empty where they were not in a GGUF file."""
    model = (sources or {}).get("model") or {}
    if "gguf" not in model:
        return ""
    packed = model["gguf"]
    kinds = ", ".join(f"{count} of {name}" for name, count in sorted(packed["tensors"].items()))
    packages = f" from the package {', '.join(model['package'])}" if model.get("package") else ""
    return (
        f"Its weights are those distributed in a GGUF file{packages} ({packed['bytes'] / 1e6:.0f} MB, sha256"
        f" {packed['sha256'][:16]}...; tensors: {kinds}), unpacked to fp32: what a few bits lose is lost."
    )


def describe_sources(sources: dict | None) -> str:
    """What was loaded from outside, and by which revision; empty where nothing was."""
    if not sources:
        return ""
    said = []
    for name, row in sources.items():
        if name == "commit":
            continue
        split = f", split {row['split']}" if row.get("split") else ""
        place = f" at {row['revision']}" if row.get("revision") else " from a local path"
        weights = ", **with random weights**" if row.get("weights") == "random" else ""
        digests = [f"sha256 {file['sha256'][:16]}..." for file in row.get("files", [])]
        files = f" ({', '.join(digests)})" if digests else ""
        said.append(f"{name} `{row['source']}`{split}{place}{files}{weights}")
    number, _, dirty = (sources.get("commit") or "").partition("-")
    commit = f" by commit {number[:12]}{' with changes' if dirty else ''}" if number else ""
    return f"Loaded{commit}: {'; '.join(said)}. {state_weights(sources)}".strip()


def state_settings(summary: dict) -> list[Finding]:
    """Method and set-up in numbers."""
    settings, derived = summary["settings"], summary["derived"]
    given, scored, seeds = settings["reinforce"], settings["references"], len(summary["seeds"])
    numbers = {name: given[name] for name in ("learning_rate", "warmup_share", "steps", "batch_size", "kl_coef")}
    text = (
        "{steps} steps of {batch_size} responses, AdamW at a learning rate of {learning_rate:g} after a warm-up over"
        " {warmup_share:percent} of the steps, β = {kl_coef:g}; the baseline $b$ is "
        f"{BASELINES[given['baseline']]}."
    )
    if given["max_grad_norm"]:
        numbers |= {"bound": given["max_grad_norm"], "clipped": summary["steps"]["clipped"]}
        text += " Gradients are scaled down to a norm of {bound:g}, which {clipped:percent} of the steps exceeded."
    found = [make("settings", "With which settings?", text, numbers)]
    text = (
        "The reward is standardised, $r = (s - m)/d$: $m$ is the mean and $d$ the pooled within-prompt standard"
        " deviation of the reward model's output $s$ over {scale} SFT responses to each of {prompts} training"
        " prompts, frozen before training. A signal that compares does so with {samples} others."
    )
    numbers = {"scale": scored["scale_samples"], "prompts": derived["scored_prompts"], "samples": scored["samples"]}
    found.append(make("standardised", "In which unit is the reward?", text, numbers))
    text = (
        "A *seed* is one replicate with its own reward model, policy and samples; {seeds} here share the SFT model, the"
        " training pairs, the judges and {prompts} held-out prompts. Tests are exact sign flips of the seeds'"
        " differences. If all seeds agree in sign, p is {p:p}, the least that can come out; Holm's correction for the"
        " {tests} tests by the judges makes it {holm:p}. Each metric is corrected by itself. Intervals of"
        " {confidence:percent}, and tests of equivalence, are t intervals that take seeds and prompts as drawn at"
        " random."
    )
    tests = derived["tests"]["judges"]
    numbers = {
        "seeds": seeds,
        "prompts": settings["evaluation"]["prompts"],
        "p": derived["smallest_p"],
        "tests": tests,
        "holm": min(tests * derived["smallest_p"], 1),
    }
    found.append(make("replicates", "What is one observation?", text, numbers, confidence=1 - alpha_of(summary)))
    training, model = settings["reward_training"], derived["models"][kinds_of_levels(summary)[0]]
    text = (
        f"Reward models are trained by TRL's `RewardTrainer` on the SFT model with a new head: {{epochs:g}}"
        f" epoch{'s' if training['epochs'] != 1 else ''} of {{pairs}} pairs, {{batch_size}} a step, learning rate"
        f" {{learning_rate:g}}, {settings['precision']}."
    )
    numbers = {name: training[name] for name in ("epochs", "batch_size", "learning_rate")}
    balanced = settings["data"]["balance_lengths"]
    numbers["pairs"] = summary["lengths"]["train"]["balanced_pairs" if balanced else "kept_pairs"]
    numbers |= {"accuracy": model["accuracy"]["mean"], "longer": model["longer_wins"]["mean"]}
    agree = (
        "on {accuracy:percent} of {which}held-out pairs; always choosing the longer response would on {longer:percent}."
    )
    if balanced:
        numbers |= {"balanced": model["accuracy_balanced"]["mean"], "chance": 0.5}
        text += " They learn from pairs in which the longer response wins as often as it loses. On such held-out pairs"
        text += " Level 1's models agree with raters on {balanced:percent} (chance {chance:percent}), "
        text += agree.replace("{which}", "all ")
    else:
        text += f" Level 1's models agree with raters {agree.replace('{which}', '')}"
    found.append(make("reward_models", "How good are the reward models?", text, numbers))
    rows = models_of(summary, kinds_of_levels(summary)[0])
    text = "On {pairs} pairs a single model's accuracy is known to about ±{reach:percent}."
    found.append(
        make(
            "accuracy_reach",
            "How well is accuracy known?",
            text,
            {"pairs": rows[0]["pairs"], "reach": model["accuracy_reach"]},
        )
    )
    caps = settings["lengths"]
    dropped = join([f"{{dropped_{i}}} ({reason})" for i, reason in enumerate(summary["split"]["dropped"])])
    text = (
        f"Of {{rows}} rated pairs {dropped or 'none'} were dropped at once; what was left was split once, by prompt."
        " Prompts are capped at {max_prompt_tokens} tokens, pairs at {max_pair_tokens}: what is longer is dropped."
        " Responses end at {max_new_tokens} tokens."
    )
    numbers = {f"dropped_{i}": count for i, count in enumerate(summary["split"]["dropped"].values())}
    found.append(make("data", "On which data?", text, numbers | {"rows": summary["split"]["rows"]} | caps))
    if settings["precision"] == "fp16":
        text = "Of {taken} training steps fp16's scaler skipped {skipped}, since the gradient overflowed."
        found.append(
            make(
                "skipped", "How many steps were skipped?", text, {k: summary["steps"][k] for k in ("taken", "skipped")}
            )
        )
    return found


def state_makes(summary: dict) -> Finding | None:
    """What judges of other makes are, and what is put behind a response that was cut off; None without them."""
    models, bases = summary["settings"]["reward_models"], summary["settings"].get("bases") or {}
    said = []
    for kind in other_makes(summary):
        model = models.get(kind, {})
        base = bases.get(model.get("base"), {})
        files = [part["file"] for part in (base.get("package") or {}).get("parts", [])]
        source = base.get("source") or (re.sub(r"\.part\d+$", "", PurePosixPath(files[0]).name) if files else None)
        words = "counts words and pairs of words" if model.get("head") == "ngrams" else f"starts from `{source}`"
        said += [f"`{kind}` {words}"] if source or model.get("head") == "ngrams" else []
    if not said:
        return None
    text = f"Of the judges of other makes, {join(said)}."
    if summary["settings"]["evaluation"].get("end_cut_off"):
        text += " *With an end mark*: judges read one behind what was cut off."
    return make("makes", "What are judges of other makes?", text.replace("{", "{{").replace("}", "}}"))


def state_suffix(summary: dict) -> Finding | None:
    """The words that were put behind every prompt; None without any."""
    words = (summary["settings"]["data"].get("prompt_suffix") or "").strip()
    text = f'Every prompt ends with "{words}", which was added.'.replace("{", "{{").replace("}", "}}")
    return make("suffix", "What was added to prompts?", text) if words else None


def state_origin(summary: dict) -> list[Finding]:
    """What came from outside; a warning where weights are random; what the parts of gold are."""
    found, sources = [], summary["sources"]
    if ((sources or {}).get("model") or {}).get("weights") == "random":
        text = (
            "> **A rehearsal.** The model's weights are random: that the workflow runs is all that is shown. No"
            " number below means anything."
        )
        found.append(make("rehearsal", "Do the numbers mean anything?", text))
    if sources:
        found.append(
            make("sources", "What was loaded?", describe_sources(sources).replace("{", "{{").replace("}", "}}"))
        )
    if summary["world"]:
        text = RUBRICS["pocket" if is_pocket(summary) else "instructions"]
        found.append(make("rubric", "What is gold made of?", text, {"highest": summary["world"]["gold_highest"]}))
    return found


def state_setting(summary: dict, real: dict | None = None) -> list[Finding]:
    """All of them."""
    found = [*state_real(summary, real), state_makes(summary), state_suffix(summary)]
    found += [*state_settings(summary), *state_origin(summary)]
    return [*filter(None, found)]
