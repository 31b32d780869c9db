"""A summary made by hand, of as many arms and metrics as a test asks for, with numbers that are easy to recognise."""

import yaml
from conftest import ROOT

from findings.derived import derive

SEEDS = list(range(1, 9))
SCALAR, RATED = "plain", "rated"
MOMENTS = {"log_ratio": 3.5, "tokens": 11.0, "finished": 0.9, "entropy": 0.9}
PARTS = {"helpfulness": 0.3, "correctness": 0.3, "coherence": 0.2, "complexity": 0.1, "verbosity": 0.1}


def contrast(name, arm, against, metric, decoding="sampled", role="test", **values):
    """A contrast of eight seeds that rose by 0.5, unless something else is said."""
    row = {"name": name, "arm": arm, "against": against, "role": role, "metric": metric, "decoding": decoding}
    row |= {
        "seeds": 8,
        "prompts": 300,
        "estimate": 0.5,
        "ci_low": 0.4,
        "ci_high": 0.6,
        "p_exact": 0.0078,
        "spread": 0.1,
    }
    row |= {"effect_size": 5.0, "equivalence_p": 0.9, "p_holm": 0.0469, "minimum_detectable": 0.15, "verdict": "rose"}
    return row | {"by_seed": [0.5] * 8} | values


def settings(roles, arms, pocket, gold):
    """What the report names of the settings, with the thresholds of the config."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    kept = ("judges", "lengths", "reward_training", "references", "reinforce", "evaluation", "studies", "findings")
    given = {name: config[name] for name in kept} | {"roles": roles, "arms": arms, "early_steps": 10, "seeds": SEEDS}
    given |= {"sft": config["sft"] if pocket and gold else None, "precision": "fp32", "confidence": 0.95, "power": 0.8}
    given["data"] = {"balance_lengths": False}
    given |= {"equivalence_margin": 0.2, "reward_models": {SCALAR: {}, RATED: {}}}
    given["studies"]["gradients"] |= {"arm": roles["level1"]}
    return given


def model(kind, seed, **values):
    """A reward model on held-out pairs."""
    row = {"kind": kind, "seed": seed, "pairs": 2000, "accuracy": 0.67, "accuracy_low": 0.65, "accuracy_high": 0.69}
    row |= {"nll": 0.605, "uniform_nll": 0.693, "brier": 0.209, "coin_brier": 0.25, "ece": 0.03}
    row |= {"ece_if_calibrated": 0.026, "training_nll": 0.61, "longer_wins": 0.53}
    return row | values


def make_summary(level1="first", level2=("by_mean",), signals=("mean",), controls=True, gold=True, pocket=True):
    """A summary of Level 1, arms of Level 2, and a placebo and an arm without a KL penalty where there are controls."""
    roles = {"level1": level1, "level2": list(level2)}
    arms = {level1: {"reward_model": SCALAR, "signal": "reward"}}
    arms |= {arm: {"reward_model": RATED, "signal": signal} for arm, signal in zip(level2, signals)}
    if controls:
        roles |= {"placebo": "noise", "unpenalised": "free"}
        arms |= {"noise": {"reward_model": "mixed", "signal": "reward"}}
        arms |= {"free": {"reward_model": SCALAR, "signal": "reward", "kl_coef": 0.0, "seeds": [1, 2, 3]}}
    metrics = ("judges", "proxy", "gold") if gold else ("judges", "proxy")
    between = [metric for metric in metrics if metric != "proxy"]
    rows, decodings = [], ("sampled", "greedy")
    for decoding in decodings:
        rows += [contrast("level1", level1, "sft", metric, decoding) for metric in metrics]
        rows += [contrast(f"two_{arm}", arm, level1, metric, decoding) for arm in level2 for metric in between]
        flat = {"role": "control", "verdict": "equivalent", "estimate": 0.01, "equivalence_p": 0.001, "p_exact": 0.3}
        rows += [contrast("floor", "sft_again", "sft", metric, decoding, **flat) for metric in between]
        if controls:
            fell = {
                "gold": {"verdict": "fell", "estimate": -0.9},
                "judges": {"verdict": "inconclusive", "estimate": -0.05},
            }
            rows += [
                contrast("nonsense", "noise", "sft", metric, decoding, **fell.get(metric, {})) for metric in metrics
            ]
            off = {"seeds": 3, "verdict": "inconclusive", "role": "control", "minimum_detectable": None}
            ends = {
                "gold": {"estimate": -2.0, "ci_high": -1.5, "by_seed": [-2.4, -1.5, -2.1]},
                "judges": {"estimate": 2.8},
            }
            ends["proxy"] = {"estimate": 2.9}
            rows += [contrast("loose", "free", "sft", metric, decoding, **off, **ends[metric]) for metric in metrics]
    said = {"judges": 1.2, "proxy": 1.5, "proxy_raw": 0.7, "proxy_sft_raw": 0.5} | ({"gold": 0.4} if gold else {})
    parts = {f"gold_{name}": 2.0 for name in PARTS} | {"gold_raw": 2.2, "rater_bias": 0.3} if gold else {}
    parts |= {"raters_by_seed": {str(seed): 2.5 for seed in SEEDS}} if gold else {}
    names = ["sft", "sft_again", *arms]
    responses = {
        "win_sft": 0.86,
        "win_sft_low": 0.85,
        "win_sft_high": 0.87,
        "win_preferred": 0.7,
        "win_preferred_low": 0.6,
    }
    responses |= {
        "win_preferred_high": 0.8,
        "judges": 1.2,
        "judges_at_equal_length": 1.1,
        "judges_tenth_percentile": 0.3,
    }
    responses |= {"judges_deviation": 0.9, "tokens": 11.0, "repetition": 0.02, "distinct_1": 0.03, "distinct_2": 0.1}
    responses |= {"perplexity_of_preferred": 4.5, "proxy_sft_deviation": 1.01, "finished": 0.9}
    tenth = {"advantage_std": 1.0, "entropy": 1.4, "reward": 0.3, "grad_norm": 5.4}
    kinds = [(SCALAR, {}), *([(RATED, RATED_MODEL)] if level2 else []), ("judge", {})]
    screen = [
        {"arm": arm, "n": n, "kl": 1.8, "judges": 1.1, "gold": 0.5}
        for arm in [*arms, "judges", "gold"]
        for n in (4, 16)
    ]
    gradients = [
        {"phase": phase, "estimate": name, "variance": 2.0, "signal": 1.0, "relative_variance": value, "seeds": 3}
        | {"relative_low": value - 0.1, "relative_high": value + 0.1, "baseline": 0.0}
        for phase in ("early", "late")
        for name, value in (
            ("none", 2.63),
            ("moving average", 1.0),
            ("best constant", 0.96),
            ("leave one out, k = 4", 0.46),
        )
    ]
    world = {
        "weights": PARTS,
        "gold_lowest": 0.0,
        "gold_highest": 4.0,
        "sft_gold_mean": 1.9,
        "sft_gold_deviation": 0.73,
    }
    world |= {"raters_agree_with_gold": 0.88, "accuracy_ceiling": 0.91, "best_of": 16, "best_of_gain": 1.87}
    summary = {
        "experiment": "made",
        "config_digest": "0123456789abcdef",
        "seeds": SEEDS,
        "primary_metric": "judges",
        "settings": settings(roles, arms, pocket, gold),
        "versions": {"torch": "9.8.7"},
        "sources": None,
        "split": {"rows": 23000, "dropped": {"ties": 89}, "folds": {}},
        "lengths": {
            fold: {
                "pairs": 9347,
                "dropped_long_prompt": 0,
                "dropped_long_pair": 0,
                "kept_pairs": 9347,
                "kept_prompts": 9347,
            }
            | {"median_prompt_tokens": 15.0, "median_response_tokens": 12.0}
            for fold in ("train", "judge", "validation")
        },
        "contrasts": rows,
        "contrast_correlations": [],
        "relations": [],
        "arms": [
            {"arm": arm, "decoding": decoding, "seeds": 8, "kl_by_seed": [3.5] * 8} | MOMENTS | said | parts
            for arm in names
            for decoding in decodings
        ],
        "rubric": [
            {
                "arm": level1,
                "part": part,
                "decoding": one,
                "against": "sft",
                "against_decoding": other,
                "seeds": 8,
                "estimate": 0.3,
                "p_exact": 0.0078,
            }
            for part in ("content", "form")
            for one, other in (("sampled", "sampled"), ("greedy", "greedy"), ("sampled", "greedy"))
            if gold
        ],
        "beside_sharper": [],
        "unpenalised": [
            {"seed": seed, "proxy": 2.9, "judges": 2.8} | ({"gold": -2.0} if gold else {})
            for seed in ((1, 2, 3) if controls else ())
        ],
        "placebo": {
            "seeds": [
                {
                    "seed": seed,
                    "accuracy": 0.51,
                    "accuracy_low": 0.49,
                    "accuracy_high": 0.53,
                    "proxy": 9.0,
                    "judges": 0.1,
                }
                | ({"gold": -0.9} if gold else {})
                for seed in SEEDS
            ],
            "accuracy_and_judges": {"correlation": 0.42, "p_exact": 0.28},
        }
        if controls
        else None,
        "reward_models": [model(kind, seed, **more) for kind, more in kinds for seed in SEEDS],
        "ratings": [],
        "mass_at_the_ends": [{"kind": RATED, "seed": seed, "mass": 0.2} for seed in SEEDS if level2],
        "screen": screen,
        "predictions": [],
        "relabelling": [],
        "agreement": [{"arm": level1, "other": "another seed", "correlation": 0.67}],
        "equal_kl": [],
        "equal_entropy": [],
        "first_tenth_of_training": {arm: tenth for arm in arms},
        "last_tenth_of_training": {arm: tenth | {"advantage_std": 0.8, "entropy": 0.9} for arm in arms},
        "steps": {"taken": 5120, "skipped": 0, "clipped": None},
        "responses": [{"arm": arm, "decoding": decoding} | responses for arm in names for decoding in decodings],
        "cut_off": [],
        "worth_of_the_end": [],
        "gradients": gradients,
        "trl": TRL,
        "world": world | {"judge_gold_correlation": 0.35} if gold else None,
        **({"oracle": oracle_rows([level1, *level2])} if gold else {}),
        "cost": [
            {
                "rule": "train_sft",
                "jobs": 1,
                "mean_seconds": 23.1,
                "seconds": 23.1,
                "core_seconds": 20.5,
                "max_rss_mb": 546.0,
            }
        ],
    }
    return summary | {"derived": derive(summary)}


def oracle_rows(arms, spread=0.0, rejected=True):
    """What choosers of the best of 16 gain by the mean, which is the truth, and by another utility, which is not."""
    key = {"utility": "mean", "truth": True, "rejected": rejected, "n": 16, "gain_low": 0.1, "gain_high": 2.0}
    gains = {"true_mean": 1.88, "true_spread": 1.88 + spread, "true_win": 1.8} | dict.fromkeys(arms, 0.625)
    rows = [key | {"chooser": name, "gain": gain, "beyond_mean": gain - 1.88} for name, gain in gains.items()]
    return [*rows, *(row | {"utility": "content", "truth": False, "gain": 9.0} for row in rows)]


RATED_MODEL = {"interaction_gain": 0.0, "interaction_gain_error": 0.001, "oracle_interaction_gain": 0.02}
RATED_MODEL |= {"oracle_interaction_gain_error": 0.006, "true_noise_gain": 0.0, "spread_r2_on_mean": 0.77}
RATED_MODEL |= {"mean_deviation": 2.3, "spread_noise_correlation": 0.05, "accuracy": 0.66}
TRL = {"version": "1.16.0", "pinned": "1.16.0", "responses": 64, "one_sample": "RLOO needs two"}
TRL["defaults"] = {"num_generations": 2, "num_iterations": 1, "schedule": "linear", "warmup_steps": 0, "bf16": True}
TRL["measured"] = {"loss": 2e-9, "cosine_same_baseline": 1.0, "norm_same_baseline": 1.0, "cosine_moving_average": 0.72}
TRL["measured"] |= {"finished": 64, "ours_cut": 0.62, "trl_cut": 0.0, "reward_deviation": 0.77}
TRL["lines"] = dict.fromkeys(
    ("baseline", "samples", "loss", "iterations", "scoring", "precision", "kl", "sum"), "trl/trainer/rloo_trainer.py:16"
)


def rederive(summary):
    """The same summary with what follows from its tables anew, after a test changed them."""
    return summary | {"derived": derive(summary)}


def examples(arms, gold=True):
    """Responses of some arms to two prompts."""
    score = {"judges": 1.25, "gold": -0.25} if gold else {"judges": 1.25}
    return [
        {
            "prompt": f"name {n} fruits",
            "responses": [
                {"arm": arm, "decoding": "sampled", "text": f"{arm} says pear", "tokens": 3, "finished": True} | score
                for arm in ("sft", *arms)
            ],
        }
        for n in ("two", "three")
    ]


def texts(found):
    return {one.name: one.text for one in filter(None, found)}


def change(summary, arm, against, metric, decoding="sampled", **values):
    """The same summary with another contrast."""
    place = {"arm": arm, "against": against, "metric": metric, "decoding": decoding}
    rows = [row | values if place.items() <= row.items() else row for row in summary["contrasts"]]
    assert any(place.items() <= row.items() for row in rows)
    return rederive(summary | {"contrasts": rows})
