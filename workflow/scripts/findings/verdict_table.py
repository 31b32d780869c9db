"""The answer in one table: what both levels gained, the real model's experiments beside the embedded world's."""

from findings.contrast_words import smallness
from findings.finding import direction
from findings.real import name_makes
from findings.summary import alpha_of, contrast_of, find_rows, is_pocket, level2_rows, role_contrast, roles_of
from findings.tables import markdown
from findings.words import VERDICT_WORDS, join, show

TITLES = {"real": "SmolLM2, human preferences", "instructed": "SmolLM2, instructions"}
BESIDE = (VERDICT_WORDS["rose"], VERDICT_WORDS["fell"], VERDICT_WORDS["inconclusive"])


def readers_of(summary: dict) -> dict[str, str]:
    """The metrics of one experiment in words, gold first; what a policy's own reward model says decides nothing."""
    names = {"gold": "gold"} | (name_makes(summary) if not summary["world"] else {"judges": "judges"})
    told = role_contrast(summary, "level1")
    return {metric: name for metric, name in names.items() if metric in told}


def cell(summary: dict, rows: dict[str, dict], verdicts: dict[str, str]) -> str:
    """A number a reader, with its verdict; one verdict where all agree, and "-" where a reader says nothing."""
    sizes = {metric: show(rows.get(metric, {}).get("estimate"), "+.2f") for metric in readers_of(summary)}
    words = {metric: verdicts[metric] for metric in sizes if metric in verdicts}
    if len({*words.values()}) == 1 and len(words) == len(sizes):
        return f"{', '.join(sizes.values())}: {next(iter(words.values()))}"
    return "; ".join(f"{size} {words[metric]}" if metric in words else size for metric, size in sizes.items())


def tested(summary: dict, rows: dict[str, dict]) -> str:
    """A contrast, which counts by its verdict after Holm's correction."""
    words = {metric: VERDICT_WORDS[row["verdict"]] + smallness(summary, [row]) for metric, row in rows.items()}
    return cell(summary, rows, words) if rows else "-"


def uncorrected(summary: dict, rows: list[dict]) -> str:
    """Differences that count by their exact p alone."""
    by_metric = {row["metric"]: row for row in rows}
    words = {metric: direction(row, alpha_of(summary), BESIDE) for metric, row in by_metric.items()}
    return cell(summary, by_metric, words) if rows else "-"


def table_of_verdicts(summary: dict, beside: dict[str, dict]) -> str:
    """A column an experiment, a row a question; empty where no real model's experiment stands beside this one."""
    real = {TITLES[role]: beside[role] for role in TITLES if role in beside}
    if not real or not is_pocket(summary):
        return ""
    columns = real | {f"`{summary['experiment']}`, embedded": summary}
    level1 = {title: roles_of(one)["level1"] for title, one in columns.items()}
    rows = [["read by", *(join([*readers_of(one).values()]) for one in columns.values())]]
    rows.append(["Level 1 − SFT", *(tested(one, role_contrast(one, "level1")) for one in columns.values())])
    rows.append(["Level 1 − SFT of the same entropy"])
    rows.append(["Level 1 − SFT at its best temperature or greedy"])
    for title, one in columns.items():
        rows[-2].append(uncorrected(one, find_rows(one["equal_entropy"], arm=level1[title])))
        rows[-1].append(uncorrected(one, one["beside_sharper"]))
    arms = dict.fromkeys(row["arm"] for one in columns.values() for row in level2_rows(one))
    for arm in arms:
        against = [contrast_of(one, arm, level1[title]) for title, one in columns.items()]
        rows.append([f"`{arm}` − Level 1", *map(tested, columns.values(), against)])
    return markdown(["", *columns], rows, left=1 + len(columns))
