"""What is said of whether responses did what was asked: of Level 1, of new constraints, of other arms."""

from findings.compliance import ASKED, BEST, NEW, beside_sharper, change_of, share_of, sharper_sft
from findings.finding import Finding, direction, make, shown_by_p
from findings.summary import alpha_of, find_rows, roles_of
from findings.words import join, plural

QUESTION = "Did responses do what was asked?"
CHANGES = ("rose", "fell", "is not shown to have changed")
HELP = ("helps more than before", "helps less than before", "is not shown to help more or less than before")
BESIDE = ("ahead of", "behind", "not told apart from")
CONTROLS = {"placebo": "A meaningless reward model's policy", "unpenalised": "A policy without a KL penalty"}


def state_compliance(summary: dict) -> list[Finding]:
    """Whether responses did what was asked, policies beside SFT; none where no rule can tell."""
    if not share_of(summary, roles_of(summary)["level1"]) or not share_of(summary, "sft"):
        return []
    found = [state_shares(summary), state_asking(summary), *state_new(summary), state_constraints(summary)]
    return [*found, *state_other_arms(summary), state_parting(summary)]


def state_shares(summary: dict) -> Finding:
    """Level 1's share beside SFT's, however SFT is decoded."""
    level1, alpha = roles_of(summary)["level1"], alpha_of(summary)
    numbers = {"ours": share_of(summary, level1)["mean"], "theirs": share_of(summary, "sft")["mean"]}
    change, (sharper, against) = change_of(summary, level1), beside_sharper(summary)
    numbers |= {"p": change["p_exact"], "seeds": change["seeds"]}
    text = "**Level 1's responses do what was asked in {ours:percent} of the cases, SFT's in {theirs:percent}"
    tests = [change]
    if sharper:
        numbers |= {"sharper": sharper["mean"], "sharper_p": against["p_exact"]}
        text += (
            ", and in {sharper:percent} at its best lower temperature or decoded greedily: Level 1 is"
            f" {direction(against, alpha, BESIDE)} that.** Exact p is {{p:p}} beside SFT and {{sharper_p:p}} beside the"
            " sharper SFT, which was picked by this very share;"
        )
        tests.append(against)
    else:
        text += ".** Exact p is {p:p};"
    text += (
        " no p of this share is corrected. To do what was asked is to keep the constraint, to name the topic and to say"
        " something; each constraint counts the same."
    )
    greedy = change_of(summary, level1, decoding="greedy")
    if greedy:
        numbers |= {"greedy": share_of(summary, level1, decoding="greedy")["mean"], "greedy_p": greedy["p_exact"]}
        numbers |= {"greedy_theirs": share_of(summary, "sft", decoding="greedy")["mean"]}
        text += (
            " Decoded greedily, Level 1 does in {greedy:percent} and SFT in {greedy_theirs:percent} (p {greedy_p:p})."
        )
    told = []
    for name, row, words in (
        ("best", share_of(summary, level1, decoding=BEST), f"the {BEST}, as Level 1's reward model chooses, do in"),
        ("ended", share_of(summary, "sft", decoding="sampled, ended"), "those that end by themselves do in"),
    ):
        if row:
            numbers[name] = row["mean"]
            told.append(f"{words} {{{name}:percent}}")
    text += f" Of SFT's responses, {join(told)}." if told else ""
    given = {"condition": "exact p < 1 - confidence", "confidence": 1 - alpha}
    strength = shown_by_p(max(row["p_exact"] for row in tests), alpha)
    return make("compliance", QUESTION, text, numbers, strength=strength, **given)


def state_asking(summary: dict) -> Finding:
    """What the request itself changes: constraints kept by responses that were asked to, and by those that were not."""
    level1, alpha = roles_of(summary)["level1"], alpha_of(summary)
    numbers = {}
    for name, arm in (("ours", level1), ("theirs", "sft")):
        row = share_of(summary, arm)
        numbers |= {f"{name}_kept": row["keeps"], f"{name}_unasked": row["keeps_unasked"]}
        numbers |= {f"{name}_topic": row["names_topic"]}
    question = "Does the request change the response?"
    text = "The topic is named in {ours_topic:percent} of Level 1's responses and in {theirs_topic:percent} of SFT's."
    change = change_of(summary, level1, measure="asking")
    if not change:
        return make("compliance_asking", question, text, numbers)
    numbers |= {"asking": change["estimate"], "p": change["p_exact"]}
    elsewhere, fell = say_asking_elsewhere(summary, numbers)
    fell = f"; {join(fell)} it helps less" if fell and change["p_exact"] >= alpha else ""
    text = (
        f"**Asking for a constraint {direction(change, alpha, HELP)}{fell}.** Level 1's responses keep a constraint in"
        " {ours_kept:percent} of the cases where it is asked for, and in {ours_unasked:percent} where another is; SFT's"
        " in {theirs_kept:percent} and {theirs_unasked:percent}. That is a change of {asking:points} points (exact p"
        f" {{p:p}}){elsewhere}. {text}"
    )
    given = {"strength": shown_by_p(change["p_exact"], alpha), "condition": "exact p < 1 - confidence"}
    return make("compliance_asking", question, text, numbers, confidence=1 - alpha, **given)


def say_asking_elsewhere(summary: dict, numbers: dict[str, float]) -> tuple[str, list[str]]:
    """By how much what asking adds changed in greedy responses and from a sharper SFT, and where it is shown to fall.

    Adds to `numbers`.
    """
    level1, sharper, said, fell = roles_of(summary)["level1"], sharper_sft(summary), [], []
    greedy = change_of(summary, level1, decoding="greedy", measure="asking")
    beside = change_of(summary, level1, sharper[0], how=sharper[1], measure="asking") if sharper else {}
    for name, row, words in (("greedy", greedy, "in greedy responses"), ("sharper", beside, "beside the sharper SFT")):
        if row:
            numbers |= {f"asking_{name}": row["estimate"], f"p_{name}": row["p_exact"]}
            said.append(f"{words} {{asking_{name}:points}} (p {{p_{name}:p}})")
            fell += [words] if direction(row, alpha_of(summary), ("", words, "")) else []
    return f"; {join(said)}" if said else "", fell


def state_new(summary: dict) -> list[Finding]:
    """Constraints that no training asked for; nothing without such."""
    level1, alpha = roles_of(summary)["level1"], alpha_of(summary)
    ours, theirs, change = (
        share_of(summary, level1, NEW),
        share_of(summary, "sft", NEW),
        change_of(summary, level1, constraint=NEW),
    )
    if not change:
        return []
    rows = find_rows(summary["compliance"], arm=level1, decoding="sampled", held_out=True)
    numbers = {"ours": ours["mean"], "theirs": theirs["mean"], "p": change["p_exact"], "prompts": ours["prompts"]}
    numbers |= {"constraints": len({row["constraint"] for row in rows} - {NEW})}
    rose = {
        place: direction(change_of(summary, level1, constraint=place), alpha, ("rose", "fell", ""))
        for place in (ASKED, NEW)
    }
    asking = change_of(summary, level1, constraint=NEW, measure="asking")
    text = (
        f"On {plural(numbers['constraints'], 'constraint')} that no training asked for, {{prompts}} prompts, Level 1's"
        " responses do what was asked in {ours:percent} of the cases and SFT's in {theirs:percent}: the share"
        f" {direction(change, alpha, CHANGES)} (exact p {{p:p}})"
    )
    if asking:
        numbers |= {"asking": asking["estimate"], "asking_p": asking["p_exact"]}
        text += f"; what asking adds {direction(asking, alpha, CHANGES)} ({{asking:points}} points, p {{asking_p:p}})."
        carried = rose == {ASKED: "rose", NEW: "rose"} and direction(asking, alpha, ("rose", "", "")) == "rose"
        text += (
            " So what was learned carries over."
            if carried
            else " That following instructions carries over to others is not shown."
        )
    else:
        text += "."
    given = {"condition": "exact p < 1 - confidence", "confidence": 1 - alpha}
    given["strength"] = shown_by_p(max(row["p_exact"] for row in (change, asking) if row), alpha)
    return [make("compliance_new", "Does it carry over to other constraints?", text, numbers, **given)]


def state_constraints(summary: dict) -> Finding:
    """In which constraints of training Level 1's share is above SFT's in all replicates, below in all, or neither."""
    level1, groups = roles_of(summary)["level1"], {"rose": [], "fell": [], "varied": []}
    rows = find_rows(summary["compliance"], arm=level1, decoding="sampled", held_out=False)
    numbers = {}
    for row in (row for row in rows if row["constraint"] != ASKED):
        theirs = share_of(summary, "sft", row["constraint"])
        changes = [
            share - theirs["by_seed"][seed] for seed, share in row["by_seed"].items() if seed in theirs["by_seed"]
        ]
        group = "rose" if min(changes) > 0 else "fell" if max(changes) < 0 else "varied"
        name = row["constraint"]
        numbers |= {f"{name}_ours": row["mean"], f"{name}_theirs": theirs["mean"]}
        groups[group].append(f"`{name}` ({{{name}_theirs:percent}} to {{{name}_ours:percent}})")
    words = {
        "rose": "in all replicates it rose for",
        "fell": "in all it fell for",
        "varied": "it did not move one way in all for",
    }
    told = [f"{words[group]} {join(names)}" for group, names in groups.items() if names]
    text = f"Constraint by constraint, from SFT to Level 1: {'; '.join(told)}. Looked at afterwards, not tested."
    return make("compliance_constraints", "For which constraints?", text, numbers)


def state_other_arms(summary: dict) -> list[Finding]:
    """The share that complies of Level 2's arms, beside Level 1, and of controls, beside SFT in the same replicates."""
    roles, alpha, numbers, said, p = roles_of(summary), alpha_of(summary), {}, [], []
    for i, arm in enumerate(arm for arm in roles.get("level2", []) if share_of(summary, arm)):
        change = change_of(summary, arm, roles["level1"])
        numbers |= {f"share_{i}": share_of(summary, arm)["mean"], f"p_{i}": change["p_exact"]}
        numbers |= {f"change_{i}": change["estimate"]}
        p.append(change["p_exact"])
        beside = direction(change, alpha, BESIDE)
        said.append(
            f"`{arm}` does what was asked in {{share_{i}:percent}} of the cases and is {beside} Level 1"
            f" ({{change_{i}:points}} points, exact p {{p_{i}:p}})."
        )
    for role, words in CONTROLS.items():
        row = share_of(summary, roles.get(role))
        if row:
            sft = share_of(summary, "sft")["by_seed"]
            same = [sft[seed] for seed in row["by_seed"] if seed in sft]
            numbers |= {role: row["mean"], f"{role}_sft": sum(same) / len(same), f"{role}_seeds": len(same)}
            said.append(
                f"{words} does in {{{role}:percent}}, SFT in the same {plural(len(same), 'replicate')} in"
                f" {{{role}_sft:percent}}."
            )
    given = {"strength": shown_by_p(max(p), alpha), "condition": "exact p < 1 - confidence"} if p else {}
    return [make("compliance_others", QUESTION, " ".join(said), numbers, confidence=1 - alpha, **given)] if said else []


def state_parting(summary: dict) -> Finding:
    """What of the rise in raters' mean rating is gold, and what is praise and length."""
    ours, theirs = share_of(summary, roles_of(summary)["level1"]), share_of(summary, "sft")
    numbers = {name: ours[name] - theirs[name] for name in ("gold", "raters", "praise", "length")}
    numbers |= {"highest": 4}
    text = (
        "In rating points, on constraints of training, gold changed by {gold:+.2f} from SFT to Level 1, and what raters"
        " would say by {raters:+.2f}. Their liking for praise, which nobody asked for, makes {praise:+.2f} of that, and"
        " for length {length:+.2f}, were ratings not cut at {highest:g}."
    )
    return make("parting", "Where do raters and truth part?", text, numbers)
