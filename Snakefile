"""Does REINFORCE with a moving-average baseline align a small language model to human preferences?

data split -> SFT model -> reward models -> policies -> responses -> evaluations -> statistics -> figures -> report
"""

from snakemake.utils import min_version

min_version("9.0")


configfile: "config.yaml"


include: "workflow/rules/config.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/flags.smk"
include: "workflow/rules/sources.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/comparisons.smk"
include: "workflow/rules/worlds.smk"
include: "workflow/rules/ties.smk"
include: "workflow/rules/overoptimisation.smk"
include: "workflow/rules/summary.smk"
include: "workflow/rules/beside.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


if not config["runtime"]["from_rows"]:

    include: "workflow/rules/data.smk"
    include: "workflow/rules/model.smk"
    include: "workflow/rules/reward.smk"
    include: "workflow/rules/policy.smk"
    include: "workflow/rules/evaluation.smk"
    include: "workflow/rules/studies.smk"
    include: "workflow/rules/rivals.smk"


report: "workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        REPORT,
        VERDICT,
        TIES if config["data"]["keep_ties"] else [],
        METHODS_TABLE,
        OVEROPTIMISATION if "overoptimisation" in config["statistics"] else [],
        # Not committed, as report and statistics are: in a fresh checkout this starts the run from the beginning,
        # whatever times the checkout gave to the files.
        f"{RESULTS}/data/split.json",
        *([ORACLE] if WORLD else []),
