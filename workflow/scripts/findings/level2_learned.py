"""What Level 2's reward models learned beside Level 1's: how often they agree with raters, what their spread tells."""

from findings.finding import Finding, direction, make, shown_by_p
from findings.level2_why import EXPLAINS
from findings.summary import alpha_of
from findings.words import plural

ELSEWHERE = ("another_sft", "third_sft", "instructed", "real")  # roles of experiments from other SFT models


def state_learning(summary: dict) -> list[Finding]:
    """What Level 2's reward model learned beside Level 1's."""
    levels, alpha = summary["derived"]["levels"], alpha_of(summary)
    if not levels or not levels["accuracy"]:
        return []
    gap = levels["accuracy"]
    words = (
        "agrees with raters more often",
        "agrees with raters less often",
        "is not shown to agree more or less often",
    )
    text = (
        f"**The model over ratings {direction(gap, alpha, words)}.** On held-out pairs its accuracy differs from the"
        " scalar model's by {accuracy:points} points (p {accuracy_p:p}), its loss by {nll:+.4f} (p {nll_p:p})."
    )
    numbers = {"accuracy": gap["estimate"], "accuracy_p": gap["p_exact"]}
    numbers |= {"nll": levels["nll"]["estimate"], "nll_p": levels["nll"]["p_exact"]}
    given = {"condition": "exact p < 1 - confidence", "confidence": 1 - alpha}
    found = [
        make("learning", "Did it learn as much?", text, numbers, strength=shown_by_p(gap["p_exact"], alpha), **given)
    ]
    ends = summary["derived"]["ends"]
    text = (
        "The lowest and the highest rating hold {min:percent} to {max:percent} of the mass, by seed; uniform, they"
        " would hold {uniform:percent}."
    )
    return [
        *found,
        make("ends", "Did it collapse onto the ends?", text, ends | {"uniform": summary["derived"]["uniform_ends"]}),
    ]


def spread_helps(told: dict, alpha: float) -> bool:
    """Whether counting the spread in is shown to lower the held-out loss."""
    return told["gain"] > 0 and told["p_exact"] < alpha


def could_tell(told: dict) -> str:
    """Whether knowing raters' noise could tell who wins: "no" where it would not help even beside the true means."""
    if told["oracle"] < told["oracle_least"]:
        return "no"
    return "yes" if told["true_noise"] > 0 else "only beside better means"


def state_spread(summary: dict, kind: str) -> list[Finding]:
    """Whether the spread of the ratings is more than a function of the mean, and helps to tell who wins."""
    found, model, alpha = [], summary["derived"]["models"][kind], alpha_of(summary)
    told = summary["derived"]["interaction"]
    if told:
        gains, holds = told["gain"] > 0, spread_helps(told, alpha)
        words = ("helps", "does not help", "is not shown to help")
        opening = direction(told | {"estimate": told["gain"]}, alpha, words)
        text = (
            f"**Its spread {opening} to tell who wins.** Counting it in {'lowers' if gains else 'raises'} the held-out"
            " loss by {size:.4f} nats a pair (p {p:p})"
        )
        numbers = {"size": abs(told["gain"]), "p": told["p_exact"], "error": told["error"]}
        if "oracle" in told:
            numbers |= {"oracle": -told["oracle"], "oracle_error": told["oracle_error"], "own": -told["true_noise"]}
            text += (
                ". Raters' true noise, if one knew it, would change it by {oracle:+.4f} beside the true means (standard"
                " error {oracle_error:.4f}), and by {own:+.4f} beside the model's own"
            )
            if holds:
                gained = told["oracle"] > 0
                text += ": the spread holds some of what could be known" if gained else ": not by knowing that noise"
            elif could_tell(told) == "no":
                text += ": too little for a model's gain to be found here"
            elif could_tell(told) == "yes":
                text += ": there was something to learn"
        text += "."
        given = {"condition": "exact p < 1 - confidence and a gain", "confidence": 1 - alpha}
        strength = shown_by_p(told["p_exact"], alpha)
        found.append(
            make("spread", "Does the spread help to tell who wins?", text, numbers, strength=strength, **given)
        )
    if model["spread_r2_on_mean"]:
        text = "A cubic in the mean explains {mean:percent} of the spread ({min:percent} to {max:percent} over seeds)."
        found.append(
            make("spread_on_mean", "Is the spread more than a function of the mean?", text, model["spread_r2_on_mean"])
        )
    if model["spread_noise_correlation"]:
        text = (
            "With the true noise of its raters the spread of a prompt's ratings correlates {mean:+.2f} ({min:+.2f} to"
            " {max:+.2f} over seeds)."
        )
        found.append(
            make("spread_noise", "Does it know where raters disagree?", text, model["spread_noise_correlation"])
        )
    return found


def state_learning_beside(summary: dict, beside: dict[str, dict]) -> Finding | None:
    """Whether reward models over ratings agree with raters less in the other experiments too; None without such."""
    known = [beside.get(role, {}).get("derived", {}).get("levels") for role in ELSEWHERE]
    gaps = [levels["accuracy"] for levels in known if levels and levels["accuracy"]]
    if not gaps or not summary["derived"]["levels"]:
        return None
    alpha, sizes, ps = alpha_of(summary), [gap["estimate"] for gap in gaps], [gap["p_exact"] for gap in gaps]
    numbers = {"experiments": len(gaps), "low": min(sizes), "high": max(sizes), "shown": sum(p < alpha for p in ps)}
    text = (
        f"In {plural(len(gaps), 'other experiment')} its accuracy differs by {{low:points}} points to {{high:points}}"
        " points; {shown} of these differences is shown, uncorrected."
    )
    given = {"strength": shown_by_p(max(ps), alpha), "condition": "exact p < 1 - confidence", "confidence": 1 - alpha}
    return make("learning_beside", EXPLAINS, text, numbers, **given)
