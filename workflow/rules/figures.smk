PLACEBOS = [arm for arm in ARMS if config["reward_models"][config["arms"][arm]["reward_model"]]["labels"] == "shuffled"]
# Those of contrasts that are tested, in their order; a placebo answers another question.
ANSWER_ARMS = [
    arm
    for arm in dict.fromkeys(
        contrast["arm"] for contrast in config["statistics"]["contrasts"] if contrast["role"] == "test"
    )
    if arm in ARMS and arm not in PLACEBOS
]
# Those, and the two that leave SFT farthest.
FRONTIER_ARMS = [
    arm for arm in ARMS if arm in {*(ANSWER_ARMS or ARMS), ROLES["level1"], ROLES.get("unpenalised"), *PLACEBOS}
]
# What the first figure shows, a panel each: above this experiment's arms those of the real model that are committed.
REAL_TITLES = {"real": "SmolLM2, human preferences", "instructed": "SmolLM2, instructions that a rule checks"}
REAL = {
    title: json.loads((Path(workflow.basedir) / COMPARED[role]).read_text())
    for role, title in REAL_TITLES.items()
    if role in COMPARED
}
ANSWERS = {
    f"{title} ({real['experiment']})": f"results/{real['experiment']}/statistics/arms.csv"
    for title, real in REAL.items()
}
ANSWERS[EXPERIMENT] = f"{RESULTS}/statistics/arms.csv"
ANSWER_MAKES = sorted(
    {*OTHER_MAKES, *(kind for real in REAL.values() for kind in real["settings"]["judges"])} - {"judge"}
)
# An arm whose ratings are renamed is a check of one seed, and a line more among many.
CURVES = [arm for arm in ARMS if arm not in ROLES.get("relabelled", [])]
# The arms beside whose proxy reward judges and gold are drawn: Level 1 with a KL penalty and without, or, where
# over-optimisation is measured, all that the config trains.
OVEROPTIMISED = ARMS if "overoptimisation" in config["statistics"] else QUOTED
SMOOTHING = {"smoothing": config["figures"]["smoothing"]}


def table(name):
    """A table of the experiment's statistics."""
    return f"{RESULTS}/statistics/{name}.csv"


# Where each figure stands in Snakemake's own report, what it is called there, the files that it shows, and how.
FIGURES = {
    "answer": (
        "Results",
        "the answer",
        {"tables": list(ANSWERS.values())},
        {
            "experiments": list(ANSWERS),
            "arms": ANSWER_ARMS or list(ARMS)[:1],
            "policies": ARMS,
            "temperatures": TEMPERATURES or None,
            "other_makes": ANSWER_MAKES or None,
        },
    ),
    "training": (
        "Training",
        "training curves",
        {"training": table("training")},
        SMOOTHING | {"policies": CURVES, "placebos": PLACEBOS or None},
    ),
    "frontier": (
        "Training",
        "reward against KL",
        {"training": table("training"), "screen": table("screen")},
        SMOOTHING | {"chooser": ROLES["level1"], "arms": FRONTIER_ARMS, "policies": ARMS, "placebos": PLACEBOS or None},
    ),
    "contrasts": (
        "Results",
        "contrasts",
        {"contrasts": table("contrasts"), "differences": table("seed_differences")},
        {"equivalence_margin": config["statistics"]["equivalence_margin"], "placebos": PLACEBOS or None},
    ),
    "reward_models": (
        "Reward models",
        "calibration and ratings",
        {"reliability": table("reliability"), "ratings": table("ratings")},
        {},
    ),
    "matrix": (
        "Results",
        "policies by judges",
        {"responses": table("responses")},
        {"arms": ["sft_again", *ARMS], "judges": JUDGE_NAMES},
    ),
    "responses": (
        "Responses",
        "lengths and differences",
        {"distributions": table("distributions")},
        {"arms": ["sft", *CURVES], "policies": ARMS},
    ),
    "overoptimisation": (
        "Training",
        "reward, judges and gold",
        {"training": table("training")} | ({"quotes": QUOTES} if OVEROPTIMISED == QUOTED else {}),
        SMOOTHING | {"arms": OVEROPTIMISED},
    ),
}
if WORLD == "instructions":
    FIGURES["compliance"] = (
        "Results",
        "did what was asked",
        {"compliance": COMPLIANCE},
        {
            "arms": ["sft", *[f"sft_{temperature:g}" for temperature in TEMPERATURES], *ARMS],
            "choosers": ["gold", ROLES["level1"], *ROLES.get("level2", [])],
        },
    )
if WORLD and ROLES.get("level2"):
    FIGURES["ladder"] = (
        "Results",
        "from knowing to gaining",
        {"oracle": ORACLE, "table": table("arms")},
        {"arms": [ROLES["level1"], *ROLES["level2"]], "policies": ARMS},
    )
if "methods" in COMPARED:
    FIGURES["methods"] = (
        "Results",
        "the paper's methods",
        {"summary": COMPARED["methods"], "paper": "workflow/report/paper.json"},
        {"equivalence_margin": config["statistics"]["equivalence_margin"]},
    )


for figure, (category, label, files, settings) in FIGURES.items():

    rule:
        name:
            f"plot_{figure}"
        input:
            script=script(f"plot_{figure}"),
            style="workflow/report/align.mplstyle",
            files=list(files.values()),
        output:
            report(
                f"{RESULTS}/figures/{figure}.png",
                caption=f"../report/{figure}.rst",
                category=category,
                labels={"figure": label},
            ),
        log:
            f"{RESULTS}/logs/plot_{figure}.log",
        conda:
            "../../envs/analysis.yaml"
        params:
            files=flags(files),
            settings=flags(config["figures"], "width", "dpi", **settings),
        shell:
            "python {input.script[0]} {params.files} {params.settings} --output {output} 2>&1 | tee {log}"
