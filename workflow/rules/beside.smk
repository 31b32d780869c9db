# Experiments of their own, whose committed results the default report includes.
# Of several that answer the same, the first that was run.
COMPARABLE = {
    "methods": ("rivals", "methods"),
    "longer": ("longer",),
    "sweep": ("sweep",),
    "sweep_other_sft": ("sweep_other_sft",),
    "robustness": ("robustness",),
    "divided": ("divided",),
    "divided_ties": ("divided_ties",),
    "pessimism": ("pessimism",),
    "ties": ("ties",),
    "another_sft": ("another_sft",),
    "third_sft": ("third_sft",),
    "real": ("smollm2_cpu",),
    "instructed": ("smollm2_instructions",),
}


def first_summary(experiments):
    """The committed summary of the first of these experiments that has one, or None."""
    paths = [f"results/{name}/statistics/summary.json" for name in experiments]
    return next((path for path in paths if (Path(workflow.basedir) / path).exists()), None)


COMPARED = {
    role: path for role, names in COMPARABLE.items() if EXPERIMENT == "pocket" and (path := first_summary(names))
}
# The real model's responses stand first in the default report.
REAL_EXAMPLES = (
    [str(Path(COMPARED["instructed"]).parents[1] / "studies" / "examples.json")] if "instructed" in COMPARED else []
)
