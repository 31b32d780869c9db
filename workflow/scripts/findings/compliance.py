"""Whether responses did what was asked, where a rule can tell it: shares, and differences paired by seed."""

import numpy as np

from findings.evidence import exact_sign_flip_p
from findings.sharper import sft_temperatures
from findings.summary import find_row, find_rows, roles_of

ASKED, NEW = "all seen", "all held out"  # constraints that training asked for, and those that it did not
BEST = "best of 16"  # SFT responses, by an arm's signal: what it would choose before any RL


def share_of(summary: dict, arm: str | None, constraint: str = ASKED, decoding: str = "sampled") -> dict:
    """How often an arm's responses did what was asked, on average over constraints; empty if unknown."""
    return find_row(summary.get("compliance") or [], arm=arm, constraint=constraint, decoding=decoding)


def sharper_sft(summary: dict) -> tuple[str, str] | None:
    """SFT at a lower temperature or decoded greedily, whichever does most often what was asked: arm and decoding."""
    places = {("sft", "greedy"), *((arm, "sampled") for arm in sft_temperatures(summary))}
    rows = find_rows(summary["compliance"], constraint=ASKED)
    rows = [row for row in rows if (row["arm"], row["decoding"]) in places]
    best = max(rows, key=lambda row: row["mean"], default=None)
    return (best["arm"], best["decoding"]) if best else None


def compare_compliance(summary: dict) -> list[dict]:
    """Differences paired by seed, with exact p: in the share that complies, and in what asking adds to keeping."""
    roles, rows = roles_of(summary), []
    level1, sharper = roles["level1"], sharper_sft(summary)
    pairs = [(level1, "sampled", "sft", "sampled"), (level1, "greedy", "sft", "greedy")]
    pairs += [(level1, "sampled", *sharper)] if sharper else []
    pairs += [(arm, how, level1, how) for arm in roles.get("level2", []) for how in ("sampled", BEST)]
    for measure, column in (("complies", "by_seed"), ("asking", "asking_by_seed")):
        for constraint in (ASKED, NEW):
            for arm, decoding, against, how in pairs:
                ours = share_of(summary, arm, constraint, decoding).get(column, {})
                theirs = share_of(summary, against, constraint, how).get(column, {})
                both = [seed for seed in ours if None not in (ours[seed], theirs.get(seed))]
                changes = np.array([ours[seed] - theirs[seed] for seed in both])
                if len(changes):
                    key = {"arm": arm, "decoding": decoding, "against": against, "against_decoding": how}
                    key |= {"constraint": constraint, "measure": measure, "seeds": len(changes)}
                    rows.append(key | {"estimate": float(changes.mean()), "p_exact": exact_sign_flip_p(changes)})
    return rows


def change_of(
    summary: dict, arm: str, against: str = "sft", decoding: str = "sampled", how: str | None = None, **place
) -> dict:
    """One of those differences; empty if there is none. `how` the other is decoded, if not alike."""
    place = {"constraint": ASKED, "measure": "complies"} | place
    rows = summary["derived"]["compliance"]
    return find_row(rows, arm=arm, against=against, decoding=decoding, against_decoding=how or decoding, **place)


def beside_sharper(summary: dict) -> tuple[dict, dict]:
    """The share of the sharper SFT that does most often what was asked, and Level 1's difference from it; or empty."""
    sharper = sharper_sft(summary)
    if not sharper:
        return {}, {}
    arm, how = sharper
    share = share_of(summary, arm, decoding=how)
    return share, change_of(summary, roles_of(summary)["level1"], arm, how=how)
