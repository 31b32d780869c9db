"""Tables of the appendices: responses, gradients, methods, TRL, cost."""

from findings.beside import fills_a_batch
from findings.summary import (
    find_arm,
    find_row,
    find_rows,
    roles_of,
)
from findings.tables import markdown, relabelled
from findings.words import show, show_interval


def table_of_responses(summary: dict) -> str:
    """Win rates, length-adjusted difference, worst tenth, repetition, diversity, fluency."""
    rows = []
    for row in summary["responses"]:
        if row["arm"] in ("sft_again", *relabelled(summary)):
            continue
        wins = [
            show(row[name], "percent")
            + (
                f" ({show_interval(row[f'{name}_low'], row[f'{name}_high'], 'percent')})"
                if row[f"{name}_low"] is not None
                else ""
            )
            for name in ("win_sft", "win_preferred")
        ]
        wins[0] = "-" if row["arm"] == "sft" else wins[0]
        rows.append(
            [row["arm"], row["decoding"], *wins, show(row["judges_at_equal_length"], "+.2f")]
            + [
                show(row["judges_tenth_percentile"], "+.2f"),
                show(row["judges_deviation"], ".2f"),
                show(row["repetition"], "percent"),
            ]
            + [
                f"{show(row['distinct_1'], '.3f')}, {show(row['distinct_2'], '.3f')}",
                show(row["perplexity_of_preferred"], ".2f"),
            ]
        )
    header = [
        "arm",
        "decoding",
        "preferred to SFT's",
        "preferred to the raters' choice",
        "judges at equal length",
        "worst tenth",
    ]
    return markdown([*header, "s.d.", "repeated", "distinct words, pairs", "perplexity of the preferred"], rows, 2)


def table_of_equal_entropy(summary: dict) -> str:
    rows = [
        [row["arm"], row["metric"], row["seeds"], show(row["entropy"], ".2f"), show(row["temperature"], ".2f")]
        + [show(row["estimate"], "+.2f"), show_interval(row["ci_low"], row["ci_high"]), show(row["p_exact"], "p")]
        for row in summary.get("equal_entropy") or []
        if row["seeds"] > 1
    ]
    header = ["arm", "by", "seeds", "entropy (nats a token)", "temperature of SFT", "difference from SFT (SFT s.d.)"]
    return markdown([*header, "interval", "exact p"], rows, 2)


def table_of_rubric(summary: dict) -> str:
    """The parts of gold, arm by arm."""
    if not summary["world"]:
        return ""
    roles = roles_of(summary)
    chosen = [("sft", "sampled"), ("sft", "greedy"), (roles["level1"], "sampled"), (roles["level1"], "greedy")]
    others = [*roles.get("level2", []), roles.get("unpenalised")]
    chosen += [(arm, "sampled") for arm in others if arm]
    arms = [find_arm(summary["arms"], *one) for one in chosen]
    rows = [
        [name, show(weight, "g"), *(show(row[f"gold_{name}"], ".2f") for row in arms)]
        for name, weight in summary["world"]["weights"].items()
    ]
    rows.append(["**gold**", "", *(show(row["gold_raw"], ".2f") for row in arms)])
    rows.append(["raters' bias", show(0, "g"), *(show(row["rater_bias"], ".2f") for row in arms)])
    return markdown(["", "weight in gold", *(f"{arm}, {decoding}" for arm, decoding in chosen)], rows)


def table_of_gradients(summary: dict) -> str:
    rows = []
    for row in find_rows(summary["gradients"], phase="early"):
        late = find_row(summary["gradients"], phase="late", estimate=row["estimate"])
        noise = [
            find_row(summary["derived"]["gradients"], phase=phase, estimate=row["estimate"])["signal_to_noise"]
            for phase in ("early", "late")
        ]
        spans = [
            f"{show(one['relative_variance'], '.2f')}"
            f" ({show_interval(one['relative_low'], one['relative_high'], '.2f')})"
            for one in (row, late)
        ]
        rows.append([row["estimate"], *spans, *(show(value, ".2f") for value in noise)])
    header = ["estimate", "early: variance against b_MA's (range over seeds)", "late", "early: signal to noise", "late"]
    return markdown(header, rows)


def table_of_trl(summary: dict) -> str:
    """Point by point: the paper, and TRL's RLOOTrainer, with file and line."""
    trl = summary["trl"]
    if not trl:
        return ""
    m, lines = (
        trl["measured"],
        {name: f"`{line or 'not found in this version'}`" for name, line in trl["lines"].items()},
    )
    asked = "accepted" if trl["one_sample"] == "accepted" else f'"{trl["one_sample"]}"'
    cut = "no response was finished"
    if m["finished"]:
        cut = f"reward changes by {show(m['trl_cut'], '.2f')} in TRL when EOS is cut off"
        cut += f", by {show(m['ours_cut'], '.2f')} here"
        cut += f" ({m['finished']} responses; s.d. of rewards {show(m['reward_deviation'], '.2f')})"
    given = trl["defaults"]
    cosine = f"cosine of the two gradients on the same batch: {show(m['cosine_moving_average'], '.2f')}"
    cosine = cosine if fills_a_batch(summary) else f"not given: {trl['responses']} responses are too few"
    rows = [
        ["baseline", "b_MA: one number, the mean of all earlier rewards", "the mean of the prompt's other responses"]
        + [lines["baseline"], cosine],
        [
            "responses a prompt",
            "one",
            f"{given['num_generations']} or more",
            lines["samples"],
            f"asked for one: {asked}",
        ],
        [
            "loss",
            "minus the mean of advantage times log-probability",
            "a clipped ratio to the sampling policy, as in PPO",
        ]
        + [lines["loss"], f"its value on its own batch: {show(m['loss'], '.1g')}"],
        ["reuse of a batch", "none", f"passes by default: {given['num_iterations']}", lines["iterations"], "-"],
        [
            "learning rate",
            "constant after a warm-up",
            f"{given['schedule']}, warm-up of {given['warmup_steps']:.0f} steps",
            "-",
            "read from the defaults",
        ],
        [
            "what is scored",
            "the tokens that were sampled",
            "their text, decoded and put into the template anew",
            lines["scoring"],
        ]
        + [cut],
        [
            "precision",
            "fp32 weights, autocast by choice",
            f"bf16 {'unless told otherwise' if given['bf16'] else 'by choice'}",
            lines["precision"],
            "-",
        ],
        [
            "KL and sums",
            "the summed log-ratio, inside the reward, detached",
            "the same",
            f"{lines['kl']}, {lines['sum']}",
        ]
        + [
            f"with its baseline in the loss used here: cosine {show(m['cosine_same_baseline'], '.6f')}, norms'"
            f" ratio {show(m['norm_same_baseline'], '.4f')}"
        ],
    ]
    return markdown(["point", "the paper, and here", "TRL", "where", "measured"], rows, 5)


def table_of_cost(summary: dict) -> str:
    rows = [
        [
            row["rule"],
            row["jobs"],
            show(row["mean_seconds"], ".1f"),
            show(row["seconds"], ".0f"),
            show(row["core_seconds"], ".0f"),
            show(row["max_rss_mb"], ".0f"),
        ]
        + [show(row.get("tokens_per_second"), ".0f")]
        for row in summary["cost"]
    ]
    return markdown(
        ["rule", "jobs", "seconds a job", "seconds in all", "of all cores", "largest memory (MB)", "tokens a second"],
        rows,
    )
