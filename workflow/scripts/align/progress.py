"""Progress of long work as plain lines: they read well in a terminal, in a log file and between two jobs' lines."""

import time


class Progress:
    """Prints `[label] step 40/100  reward 0.52  kl 1.20  1m05s left` at most every `every` seconds, and at the end."""

    def __init__(self, label: str, total: int, done: int = 0, unit: str = "step", every: float = 5.0) -> None:
        self.label, self.total, self.unit, self.every = label, total, unit, every
        self.first, self.start, self.last = done, time.monotonic(), -float("inf")
        self.done = done

    def advance(self, units: int) -> None:
        """Tell that so many more units are done."""
        self.done += units
        self.report(self.done)

    def report(self, step: int, **metrics: float) -> None:
        """Tell that `step` units of the total are done."""
        now = time.monotonic()
        if now - self.last < self.every and step < self.total:
            return
        self.last = now
        left = (now - self.start) / max(1, step - self.first) * (self.total - step)
        shown = "".join(f"  {name} {value:.4g}" for name, value in metrics.items())
        print(f"[{self.label}] {self.unit} {step}/{self.total}{shown}  {_minutes(left)} left", flush=True)


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s"
