"""Numbers and names in words: the one place where a number of the report is formatted."""

import string

from findings.readings import WITH_END
from findings.units import PRIMARY_KIND

SHORT_NAMES = {"judges": "the judges", "proxy": "the proxy", "gold": "gold"}
METRIC_NAMES = {
    "judges": "the judges",
    "proxy": "the proxy (the reward model it was trained on)",
    "gold": "the gold rating",
}
VERDICT_WORDS = {
    "rose": "ahead",
    "fell": "behind",
    "equivalent": "equivalent",
    "inconclusive": "not told apart",
}


def name_metric(metric: str) -> str:
    """A metric in words; what is not named above is a kind of judges of another make."""
    if metric.endswith(WITH_END):
        kind = metric.removesuffix(WITH_END)
        plain = name_metric("judges" if kind == PRIMARY_KIND else kind)
        return f"{plain}, with an end mark behind what is cut off,"
    return METRIC_NAMES.get(metric, f"the judges of another make (`{metric}`)")


def short_metric(metric: str) -> str:
    """A metric in one or two words."""
    return SHORT_NAMES.get(metric, f"`{metric}`")


def capital(text: str) -> str:
    """A sentence's first letter."""
    return text[:1].upper() + text[1:]


def reach(low: str, high: str, how: str, numbers: dict[str, float]) -> str:
    """A range of two named numbers, to be filled in; one of them where they are written alike."""
    ends = [f"{{{name}:{how}}}" for name in (low, high)]
    return ends[0] if fill(ends[0], numbers) == fill(ends[1], numbers) else " to ".join(ends)


def format_p(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "< 0.0001"


def join(words: list[str]) -> str:
    """Words with commas and an "and"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def list_arms(arms: list[str]) -> str:
    """Names of arms, as code, with commas and an "and"."""
    return join([f"`{arm}`" for arm in arms])


def plural(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


class _Words(string.Formatter):
    """`str.format` with the ways in which the report writes a number.

    p: an exact p; percent: a share; points: a difference of shares; change: a relative change; whole: thousands apart.
    """

    def format_field(self, value, spec: str) -> str:
        ways = {
            "p": format_p,
            "percent": lambda share: f"{100 * share:.0f} %",
            "percent1": lambda share: f"{100 * share:.1f} %",
            "points": lambda share: f"{100 * share:+.1f}",
            "change": lambda share: f"{round(100 * share) or 0:+d} %",
            "s": str,
        }
        return ways[spec](value) if spec in ways else super().format_field(value, spec)


def fill(text: str, numbers: dict[str, float]) -> str:
    """A sentence with its numbers, `{name:how}`, filled in. Raises KeyError where it names one that is not there."""
    return _Words().format(text, **numbers)


def show(value: float | None, how: str) -> str:
    """A number as a cell of a table has it; "-" where there is none."""
    return "-" if value is None else fill(f"{{x:{how}}}", {"x": value})


def show_interval(low: float | None, high: float | None, how: str = "+.2f") -> str:
    return "-" if low is None or high is None else f"{show(low, how)} to {show(high, how)}"
