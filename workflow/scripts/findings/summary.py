"""Looking things up in summary.json, by role and not by an arm's name."""

from findings.units import PRIMARY_KIND


def find_rows(rows: list[dict], **values) -> list[dict]:
    """The rows in which all columns have these values."""
    return [row for row in rows if all(row.get(name) == value for name, value in values.items())]


def find_row(rows: list[dict], **values) -> dict:
    """The first of them; empty if there is none."""
    return next(iter(find_rows(rows, **values)), {})


def find_arm(arms: list[dict], arm: str, decoding: str = "sampled") -> dict:
    """An arm's means on held-out prompts; `log_ratio` is its KL to SFT, nats a response."""
    return find_row(arms, arm=arm, decoding=decoding)


def roles_of(summary: dict) -> dict:
    """Which arm has which role."""
    return summary["settings"]["roles"]


def is_pocket(summary: dict) -> bool:
    """Whether model and data are the embedded world's own."""
    return bool(summary["world"] and summary["settings"]["sft"])


def alpha_of(summary: dict) -> float:
    """The p below which something is shown: what the confidence of the settings leaves."""
    return round(1 - summary["settings"]["confidence"], 10)


def contrast_of(summary: dict, arm: str | None, against: str | None, decoding: str = "sampled") -> dict[str, dict]:
    """The rows of a contrast by metric; empty if it was not declared."""
    rows = find_rows(summary["contrasts"], arm=arm, against=against, decoding=decoding)
    return {row["metric"]: row for row in rows}


def seeds_of_contrast(summary: dict, row: dict) -> list[int]:
    """The replicates that a contrast's `by_seed` is of, in its order: those that both arms have, and its metric."""
    arms, seeds = summary["settings"]["arms"], {*summary["seeds"]}
    if row["metric"] == "proxy":
        seeds &= {*summary["settings"]["evaluation"].get("proxy_seeds", seeds)}
    for side in ("arm", "against"):
        seeds &= {*arms.get(row[side], {}).get("seeds", seeds)}
    return sorted(seeds)


def by_seed(summary: dict, row: dict) -> dict[int, float]:
    """A contrast's difference in each replicate."""
    return dict(zip(seeds_of_contrast(summary, row), row["by_seed"], strict=True))


def role_contrast(summary: dict, role: str, decoding: str = "sampled") -> dict[str, dict]:
    """The contrast of a role's arm against SFT, by metric; empty where no arm has the role."""
    arm = roles_of(summary).get(role)
    return contrast_of(summary, arm, "sft", decoding) if arm else {}


def other_makes(summary: dict) -> list[str]:
    """The metrics of judges of another make than the SFT model's."""
    return sorted(kind for kind in summary["settings"]["judges"] if kind != PRIMARY_KIND)


def level2_rows(summary: dict, decoding: str = "sampled") -> list[dict]:
    """The tests of Level 2's arms against Level 1."""
    roles = roles_of(summary)
    tests = find_rows(summary["contrasts"], against=roles["level1"], role="test", decoding=decoding)
    return [row for row in tests if row["arm"] in roles.get("level2", [])]


def arm_with_signal(summary: dict, signal: str) -> str | None:
    """The first arm of Level 2 that is trained on a signal."""
    arms = summary["settings"]["arms"]
    return next((arm for arm in roles_of(summary).get("level2", []) if arms[arm]["signal"] == signal), None)


def models_of(summary: dict, kind: str) -> list[dict]:
    """The rows of the reward models of a kind."""
    return find_rows(summary["reward_models"], kind=kind)


def kind_of(summary: dict, arm: str | None) -> str | None:
    """An arm's kind of reward model."""
    return summary["settings"]["arms"][arm]["reward_model"] if arm else None


def kinds_of_levels(summary: dict) -> tuple[str | None, str | None]:
    """The kinds of reward model of Level 1 and of Level 2."""
    roles = roles_of(summary)
    return kind_of(summary, roles["level1"]), kind_of(summary, next(iter(roles.get("level2", [])), None))


def paper_arms(paper: dict, methods: dict) -> list[dict]:
    """The paper's methods, each with the arm trained by it here at equal samples; those with none are left out."""
    arms, given = methods["settings"]["arms"], methods["settings"]["reinforce"]
    found = []
    for row in paper["methods"]:
        wanted = (row["method"], row["samples_per_prompt"])
        for arm, own in arms.items():
            settings = given | own
            if (settings["method"], settings["samples_per_prompt"]) == wanted and "steps" not in own:
                found.append(row | {"arm": arm})
    return found
