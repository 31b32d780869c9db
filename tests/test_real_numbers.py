"""What docs say of the real model is what its committed rows say."""

import re

import measure_untrained
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from measure_signals import worth_of_the_end

from align.files import read_json
from findings.evidence import exact_correlation, exact_sign_flip_p, holm
from findings.units import in_sft_units, sft_units

ROWS = ROOT / "results" / "smollm2_cpu"
PAGE = (ROOT / "docs" / "smollm2.md").read_text()
WORDS = " ".join(PAGE.split())
README = (ROOT / "README.md").read_text()


def finished_share(arm, seed):
    """Of an arm's sampled responses."""
    scored = pd.read_parquet(ROWS / "evaluations" / f"seed{seed}.parquet")
    return scored.query("decoding == 'sampled' and arm == @arm")["finished"].mean()


def test_what_reward_models_give_cut_off_answers_is_theirs():
    judged = pd.read_parquet(ROWS / "first_reading" / "seed1000.parquet").query("decoding == 'sampled'")
    judged = judged.sort_values(["prompt_id", "sample"])
    pools = [pd.read_parquet(path) for path in sorted((ROWS / "reward_models" / "pool").glob("*.parquet"))]
    assert f"| arm | {' | '.join(str(pool['seed'].iloc[0]) for pool in pools)} |" in PAGE
    place = ["prompt_id", "sample"]
    pools = [pool.merge(judged[[*place, "finished"]], on=place).sort_values(place) for pool in pools]
    for arm in ("level1_scalar", "level2_win", "level2_mean"):
        worth = [worth_of_the_end(pool, [arm])[arm] for pool in pools]
        assert f"| {arm} | {' | '.join(f'{value:+.2f}' for value in worth)} |" in PAGE
    for arm in ("level1_scalar", "level2_win", "level2_mean"):
        assert f"| {arm} | {' | '.join(f'{100 * finished_share(arm, seed):.0f} %' for seed in range(1, 8))} |" in PAGE
    sft = [f"{100 * finished_share('sft', seed):.0f}" for seed in range(1, 8)]
    assert f"(SFT: {min(sft)} to {max(sft)} %)" in PAGE
    ended = {seed: finished_share("level1_ended", seed) for seed in (1, 5)}
    told = [
        f"in replicate {seed} {100 * ended[seed]:.0f} %{are} {100 * finished_share('level1_scalar', seed):.0f} %"
        for seed, are in ((5, " are finished with it and"), (1, " and"))
    ]
    assert [words for words in told if words not in WORDS] == []
    names = ["judge_101", "judge_102", "judge_103", "gemma_201", "ngrams_301"]
    worth = [f"{value:+.2f}" for value in worth_of_the_end(judged, names).values()]
    assert f"{', '.join(worth[:3])} by those of SmolLM2's make, {worth[3]} by Gemma's, {worth[4]} by" in PAGE


def scored_responses(folder, decoding="sampled"):
    """The rows of all replicates in a folder, in SFT standard deviations."""
    paths = sorted((ROWS / folder).glob("seed?.parquet"))
    table = pd.concat(map(pd.read_parquet, paths), ignore_index=True)
    return in_sft_units(table, sft_units(table)).query("decoding == @decoding")


def from_to(values):
    return f"{values.min():+.2f} to {values.max():+.2f}"


def test_the_real_models_numbers_are_those_of_its_rows():
    readme = " ".join(README.split())
    readers = ["judges", "judge_with_end", "gemma", "gemma_with_end"]
    scored = scored_responses("evaluations")
    means = scored.groupby(["arm", "seed"])[readers].mean()
    less_sft = {arm: (means.loc[arm] - means.loc["sft"]).dropna() for arm in means.index.levels[0]}
    for arm in ("level1_scalar", "level2_win", "level2_mean", "level1_ended"):
        for seed, row in less_sft[arm].iterrows():
            assert f"| {seed} | {arm} | {' | '.join(f'{value:+.2f}' for value in row)} |" in WORDS
    pairs = (("level1_scalar", "sft"), ("level2_win", "level1_scalar"), ("level2_mean", "level1_scalar"))
    differences = [less_sft[one] - less_sft[other] for one, other in pairs]
    p = {reader: holm([exact_sign_flip_p(one[reader].to_numpy()) for one in differences]) for reader in readers}
    for place, (one, other) in enumerate(pairs):
        cells = [f"{differences[place][reader].mean():+.2f} ({p[reader][place]:.4f})" for reader in readers]
        assert f"| {one} − {other} | {' | '.join(cells)} |" in WORDS
    ngrams = scored.groupby(["arm", "seed"])["ngrams"].mean()
    rises = [from_to(less_sft["level1_scalar"][name]) for name in ("judges", "gemma")]
    rises.append(from_to(ngrams["level1_scalar"] - ngrams["sft"]))
    told = "judges of three makes: {}, {} and {} SFT standard deviations (exact p after Holm's correction {:.4f} each)"
    assert p["judges"][0] == p["gemma"][0] and told.format(*rises, p["judges"][0]) in WORDS
    sizes = [one[name].mean() for name in ("judges", "gemma") for one in differences[1:]]
    assert "{:+.2f} and {:+.2f} by the judges of SmolLM2's make, {:+.2f} and {:+.2f} by Gemma's".format(*sizes) in WORDS
    ahead = [(ngrams[arm] - ngrams["level1_scalar"]).mean() for arm in ("level2_win", "level2_mean")]
    assert "the n-gram judge puts both ahead ({:+.2f} and {:+.2f})".format(*ahead) in WORDS
    rows = pd.concat([less_sft[arm].loc[[1, 3, 5]] for arm in ("level2_win", "level2_mean")])
    told = "{} as they are and at {} with an end mark, Gemma's at {} and at {}."
    assert told.format(*(from_to(rows[name]) for name in readers)) in WORDS
    ahead = [f"{value:+.2f}" for name in ("judges", "gemma") for value in differences[1].loc[[4, 6, 7], name]]
    assert "{}, {} and {} by the judges of SmolLM2's make, {}, {} and {} by Gemma's".format(*ahead) in WORDS
    ended = (less_sft["level1_ended"] - less_sft["level1_scalar"]).mean()
    told = "put it at {judges:+.2f} (SmolLM2's make) and {gemma:+.2f} (Gemma's), with an end mark at"
    told += " {judge_with_end:+.2f} and {gemma_with_end:+.2f}"
    assert told.format(**ended) in WORDS
    found = pd.read_csv(ROWS / "statistics" / "relations.csv").query("beside == 'finished'")
    found = found.set_index(["metric", "name"])
    found = found.loc[[(metric, name) for metric in ("judges", "judge_with_end") for name in ("win", "mean")]]
    told = "correlate {:+.2f} and {:+.2f} as they are (p {:.4f} and {:.4f}), {:+.2f} and {:+.2f} with an end mark."
    correlations, p = found["correlation"].tolist(), found["p_exact"].tolist()
    assert told.format(*correlations[:2], *p[:2], *correlations[2:]) in WORDS
    sharper = {row["metric"]: row for row in read_json(ROWS / "statistics" / "summary.json")["beside_sharper"]}
    told = "it is {:+.2f} by SmolLM2's, {:+.2f} by Gemma's and {:+.2f} by the n-gram judge (p {:.4f}, {:.4f} and {:.4f}"
    columns = ("estimate", "p_exact")
    assert told.format(*(sharper[make][name] for name in columns for make in ("judges", "gemma", "ngrams"))) in WORDS
    first = scored_responses("first_reading").groupby(["arm", "seed"])[["judges", "gemma"]].mean()
    for one, other in pairs:
        for reader, name in (("judges", "three judges"), ("gemma", "Gemma judge")):
            cells = [f"{value:+.2f}" for value in (first.loc[one] - first.loc[other])[reader]]
            assert f"| {one} − {other} | {name} | {' | '.join(cells)} |" in PAGE
    assert f"rose in each of {len(less_sft['level1_scalar'])} replicates" in readme


def test_readmes_answer_on_the_real_model_is_its_summarys():
    readme = " ".join(README.split())
    summary = read_json(ROWS / "statistics" / "summary.json")
    makes = ("judges", "gemma", "ngrams")
    rows = {(row["name"], row["metric"]): row for row in summary["contrasts"] if row["decoding"] == "sampled"}
    sizes = {name: [f"{rows[name, make]['estimate']:+.2f}" for make in makes] for name in ("level1", "win", "mean")}
    assert "one that counts words): {}, {}, {} |".format(*sizes["level1"]) in readme
    assert {f"{rows['level1', make]['p_holm']:.4f}" for make in makes} == {"0.0469"}
    assert (
        "of sampled responses only the judge that counts words sees a gain ({}, {}, {}) |".format(*sizes["win"])
        in readme
    )
    assert "the other from the mean rating ({}, {}, {}).".format(*sizes["mean"]) in readme
    shown = {make for name in ("win", "mean") for make in makes if rows[name, make]["verdict"] in ("rose", "fell")}
    assert shown == {"ngrams"} and "the word counter's two differences are significant" in readme
    least = [[rows[name, make]["minimum_detectable"] for name in ("win", "mean")] for make in ("judges", "gemma")]
    assert summary["settings"]["power"] == 0.8
    told = "the other tests needed differences of {:.2f} to {:.2f} (SmolLM2's judges) and {:.2f} to {:.2f} (Gemma's)."
    assert told.format(*least[0], *least[1]) in readme
    greedy = {(row["name"], row["metric"]): row for row in summary["contrasts"] if row["decoding"] == "greedy"}
    ended = [greedy[name, "gemma_with_end"] for name in ("win", "mean")]
    ended.append(greedy["win", "ngrams"])
    told = "get an end mark ({:+.2f} and {:+.2f}), and the word counter the first one ({:+.2f}): each p 0.0469"
    assert told.format(*(row["estimate"] for row in ended)) in readme
    assert {(row["verdict"], f"{row['p_holm']:.4f}") for row in ended} == {("rose", "0.0469")}
    others = [row for (name, _), row in greedy.items() if name in ("win", "mean") and row not in ended]
    assert len(others) == 7 and not {"rose", "fell"} & {row["verdict"] for row in others}
    alike = {row["metric"]: row["estimate"] for row in summary["equal_entropy"] if row["arm"] == "level1_scalar"}
    assert "same entropy yes** ({:+.2f}, {:+.2f}, {:+.2f})".format(*(alike[make] for make in makes)) in readme
    sharper = {row["metric"]: row for row in summary["beside_sharper"]}
    beyond, p = ([sharper[make][name] for make in makes] for name in ("estimate", "p_exact"))
    assert "beside its best temperature not by all ({:+.2f}, {:+.2f}, {:+.2f}) |".format(*beyond) in readme
    told = "decoding included, it is {:+.2f}, {:+.2f} and {:+.2f} (p {:.4f}, {:.4f} and {:.4f}, uncorrected)."
    assert told.format(*beyond, *p) in readme
    train, seen = summary["lengths"]["train"]["balanced_pairs"], summary["settings"]["evaluation"]["prompts"]
    agree = [100 * summary["derived"]["models"][kind]["accuracy_balanced"]["mean"] for kind in ("judge", *makes[1:])]
    assert f"It rests on little: {train} pairs (most of HelpSteer, not HelpSteer2)," in readme
    told = f"{seen} held-out prompts, five judges of three makes, which agree with raters on"
    assert f"{told} {min(agree):.0f} to {max(agree):.0f} % (by make)" in readme


def test_a_judge_trained_twice_prefers_and_rates_as_told():
    for name, kind in (("judge_101", "judge/seed101"), ("gemma_201", "gemma/seed201")):
        paths = (
            ROWS / "first_reading" / f"{name}_validation.parquet",
            ROWS / "reward_models" / f"{kind}_validation.parquet",
        )
        scores = [
            pd.read_parquet(path).map(lambda cell: cell[0] if isinstance(cell, np.ndarray) else cell) for path in paths
        ]
        preferred = [table["chosen_outputs"] > table["rejected_outputs"] for table in scores]
        levels = [table[["chosen_outputs", "rejected_outputs"]].to_numpy().mean() for table in scores]
        told = (f"{100 * (preferred[0] == preferred[1]).mean():.0f} %", f"{levels[0]:+.2f} and {levels[1]:+.2f}")
        assert all(part in WORDS for part in told)


def test_judges_agree_with_raters_on_balanced_pairs_as_told():
    models = pd.read_csv(ROWS / "statistics" / "reward_models.csv").groupby("kind")["accuracy_balanced"].mean()
    agree = 100 * models[["judge", "gemma", "ngrams"]]
    assert f"the judges agree with raters in {min(agree):.0f} to {max(agree):.0f} % (by make)" in WORDS


def test_how_often_a_response_takes_up_the_prompts_words_is_as_told():
    def words(text):
        return set(re.findall(r"[a-z]{5,}", text.lower()))

    sampled = scored_responses("evaluations")
    asked = sampled["prompt"].str.removesuffix(" Answer in one short sentence.").map(words)
    pairs = zip(asked, sampled["response"].map(words))
    sampled = sampled.assign(none=[not one & other if one else None for one, other in pairs])
    none = sampled.dropna(subset=["none"]).groupby("arm")["none"].mean().map("{:.0%}".format).str.replace("%", " %")
    assert f"Of SFT's responses {none['sft']} take up none of the prompt's words of five letters or more" in WORDS
    assert f"of Level 1's {none['level1_scalar']}." in WORDS
    assert f"does that too: {none['sft_0.8']} at a temperature of 0.8, {none['sft_0.6']} at 0.6" in WORDS


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """What the real experiment's reward models and judges give the pool before and after their training."""
    path = tmp_path_factory.mktemp("untrained") / "untrained.csv"
    measure_untrained.main(
        ["--untrained", str(ROWS / "reward_models" / "untrained.parquet")]
        + ["--pools", *map(str, sorted((ROWS / "reward_models" / "pool").glob("*.parquet")))]
        + ["--judged", str(ROWS / "first_reading" / "seed1000.parquet"), "--output", str(path)]
        + ["--arms", "level1_scalar", "level2_mean", "level1_raw_lengths", "placebo"]
        + ["--kinds", "scalar", "ratings", "scalar_raw", "shuffled"]
    )
    return pd.read_csv(path)


def test_what_untrained_heads_tell_is_what_they_tell(untrained):
    kinds = {
        "level1_scalar": "scalar",
        "level2_mean": "ratings",
        "level1_raw_lengths": "scalar_raw",
        "placebo": "shuffled",
    }
    columns = ["start_cut_off", "cut_off", "start_ended", "ended"]
    for row in untrained.to_dict("records"):
        name = row["scorer"] if pd.isna(row["seed"]) else f"{kinds[row['scorer']]}_{row['seed']:.0f}"
        assert f"| {name} | {' | '.join(f'{row[column]:.2f}' for column in columns)} |" in WORDS
    moved = [
        ((untrained[name] - untrained[f"start_{name}"]).abs() / untrained["deviation"]).mean()
        for name in ("cut_off", "ended")
    ]
    assert "by {:.2f} SFT standard deviations on average and finished ones by {:.2f}.".format(*moved) in WORDS
    signs = (untrained["start_cut_off"] - untrained["ended"]) * (untrained["cut_off"] - untrained["ended"]) > 0
    assert f"it tells the sign for {signs.sum()} of {len(signs)} models" in WORDS


def test_untrained_heads_foretell_which_policies_finish():
    scores, told = pd.read_parquet(ROWS / "reward_models" / "untrained.parquet"), {}
    cut = scores[~scores["finished"]]
    for kind, arms in (("scalar", ["level1_scalar"]), ("ratings", ["level2_mean", "level2_win"])):
        scales = [read_json(ROWS / "training" / arms[0] / f"seed{seed}_scale.json") for seed in range(1, 8)]
        told[kind] = np.array(
            [
                (cut[f"{kind}_{seed}"].mean() - scale["mean"]) / scale["deviation"]
                for seed, scale in enumerate(scales, start=1)
            ]
        )
        said = []
        for arm in arms:
            shares = np.array([finished_share(arm, seed) for seed in range(1, 8)])
            correlation, p = exact_correlation(told[kind], shares)
            said.append(f"{arm} {correlation:+.2f} (p {p:.4f})")
        assert f"| {kind} | {' | '.join(f'{value:+.2f}' for value in told[kind])} | {', '.join(said)} |" in WORDS
    assert (told["ratings"] > 1).sum() == 4 and (told["scalar"] > 1).sum() == 0
    gap = told["ratings"] - told["scalar"]
    assert f"a difference of {gap.mean():+.2f} (exact p {exact_sign_flip_p(gap):.4f}, asked afterwards)" in WORDS


def test_what_is_said_of_instructions_is_theirs():
    folder, readme = ROOT / "results" / "smollm2_instructions" / "statistics", " ".join(README.split())
    summary = read_json(folder / "summary.json")
    rows = [row for row in summary["contrasts"] if (row["decoding"], row["role"]) == ("sampled", "test")]
    rows = {(row["name"], row["metric"]): row for row in rows}
    assert {f"{row['p_holm']:.4f}" for (_, metric), row in rows.items() if metric != "proxy"} == {"0.0469"}
    assert all(value > 0 for metric in ("gold", "judges") for value in rows["level1", metric]["by_seed"])
    said = {f"{name}_{metric}": f"{row['estimate']:+.2f}" for (name, metric), row in rows.items()}
    said |= {f"w_{row['name']}_{row['part']}": f"{row['weight']:.2f}" for row in summary["weights"]}
    told = {row["name"]: row["numbers"] for row in read_json(folder / "findings.json")["findings"]}
    for row in read_json(folder / "findings.json")["findings"]:
        numbers = {f"{row['name']}_{name}": value for name, value in row["numbers"].items()}
        said |= {name: f"{value:.2f}" for name, value in numbers.items()}
        said |= {f"{name}_share": f"{100 * value:.0f} %" for name, value in numbers.items()}
        said |= {f"{name}_signed": f"{value:+.2f}" for name, value in numbers.items()}
        said |= {f"{name}_nats": f"{value:.1f}" for name, value in numbers.items()}
        said |= {f"{name}_points": f"{100 * value:+.1f} points" for name, value in numbers.items()}
        said |= {f"{name}_percent1": f"{100 * value:.1f} %" for name, value in numbers.items()}
        said |= {f"{name}_p": f"(p {value:.4f})" for name, value in numbers.items()}
    chosen = {(row["arm"], row["metric"]): row for row in summary["predictions"] if row["against"] == "level1_scalar"}
    assert {chosen[arm, "gold"]["p_exact"] for arm in ("level2_win", "level2_mean")} == {0.015625}
    for name in ("win", "mean"):
        said[f"choice_{name}"] = f"{-chosen[f'level2_{name}', 'gold']['estimate']:.2f}"
        said[f"choice_{name}_judges"] = f"{chosen[f'level2_{name}', 'judges']['estimate']:+.2f}"
    assert said["choice_win"] == said["choice_mean"]
    for i in range(2):
        said[f"gap_{i}"] = f"{sum(told['gap'][f'{part}_{i}'] for part in ('content', 'form')):+.2f}"
    equal = [row for row in summary["equal_kl"] if row["against"] == "level1_scalar"]
    said |= {f"equal_{row['name']}_{row['metric']}": f"{row['estimate']:+.2f}" for row in equal}
    said |= {f"equal_{row['name']}_{row['metric']}_p": f"{row['p_exact']:.4f}" for row in equal}
    by_gold = [row for row in equal if row["metric"] == "gold" and row["name"] in ("win", "mean")]
    assert min(row["p_exact"] for row in by_gold) > 0.05
    said["equal_from"] = f"{min(row['ci_low'] for row in by_gold):+.2f}"
    said["equal_to"] = f"{max(row['ci_high'] for row in by_gold):+.2f}"
    ended = [row for row in summary["weights"] if row["part"] == "end" and row["name"] in ("level2_win", "level2_mean")]
    assert {row["p_exact"] for row in ended} == {0.015625} and said["w_raters_end"] == "0.00"
    others = [row for row in summary["contrasts"] if (row["decoding"], row["role"]) == ("sampled", "control")]
    said |= {f"others_{row['name']}_{row['metric']}": f"{row['estimate']:+.2f}" for row in others}
    (worst,) = (row for row in others if (row["name"], row["metric"]) == ("cvar", "gold"))
    assert (worst["p_exact"], worst["seeds"]) == (0.03125, 7)
    arms = {row["arm"]: row for row in summary["arms"] if row["decoding"] == "sampled"}
    said |= {f"kl_{arm}": f"{row['log_ratio']:.1f}" for arm, row in arms.items()}
    said["kl_first_three"] = f"{np.mean(arms['level1_scalar']['kl_by_seed'][:3]):.1f}"
    said |= {f"gain_{row['chooser']}": f"{row['gain']:.2f}" for row in summary["oracle"] if row["truth"]}
    for name in ("passes_a_token", "settings"):
        said |= {f"{name.split('_')[0]}_{row['arm']}": f"{row[name]:g}" for row in summary["methods"]}
    said["level2_weights_choice_p_exact"] = f"{told['level2_weights']['choice_p']:.4f}"
    for page, sentences in (
        (
            readme,
            (
                "**Yes**: {level1_gold} by gold, {level1_judges} by the judges",
                "**By score yes**: at the same entropy {verdict_rival_gold_signed} and {verdict_rival_judges_signed},"
                " beside its best temperature {verdict_rival_beyond_gold_signed} and"
                " {verdict_rival_beyond_judges_signed}. **In doing what was asked that is not shown**:"
                " {compliance_ours_share}, a sharper SFT {compliance_sharper_share} |",
                "judges of SmolLM2's make see {level1_judges} where gold rose by {level1_gold}, each in its own",
                "**No, worse**: {win_gold} by gold, {win_judges} by the judges",
                "{level1_gold} by gold, {level1_judges} by the judges, in each replicate (exact p 0.0469 each",
                "{compliance_asking_ours_topic_share} of the responses name their topic instead of"
                " {compliance_asking_theirs_topic_share}. Sampled, {compliance_ours_share} do what was asked (topic and"
                " constraint) instead of {compliance_theirs_share}, but a sharper SFT reaches"
                " {compliance_sharper_share}; decoded greedily, {compliance_greedy_share} instead of"
                " {compliance_greedy_theirs_share} (p 0.0312). In greedy responses asking for a constraint adds less"
                " than it did ({compliance_asking_asking_greedy_points}, p 0.0156).",
                "by gold ({win_gold} for the win probability, {mean_gold} for the mean rating) and by the judges"
                " ({win_judges}, {mean_judges})",
                "keeping the constraint counts {w_raters_helpfulness} to raters, {w_level1_scalar_helpfulness} to the"
                " scalar reward and {w_level2_win_helpfulness} to the one over ratings; the topic"
                " {w_raters_correctness}, {w_level1_scalar_correctness} and {w_level2_mean_correctness} to"
                " {w_level2_win_correctness}.",
                "already the best of 16 SFT responses is {choice_mean} worse by gold when it chooses",
                "no gap by gold is shown ({equal_win_gold} and {equal_mean_gold}). Its",
                "and the policy's gap is gone ({more_epochs_beside_gold_signed}; three replicates, not tested)",
                "agree with raters on {more_epochs_after_percent1} instead of {more_epochs_before_percent1} (scalar"
                " ones {more_epochs_scalar_percent1}), and their policies are level with the scalar's by gold"
                " ({more_epochs_beside_gold_signed}; three replicates",
                "no gap by gold is shown ({equal_win_gold} and {equal_mean_gold}, intervals within {equal_from} to"
                " {equal_to}).",
                "as it chooses, is behind by {choice_mean} of gold (p 0.0156), and does what was asked in"
                " {level2_weights_choice_low_share} instead of {level2_weights_choice_1_share};",
            ),
        ),
        (
            WORDS,
            (
                "{level1_gold} and {level1_judges} SFT standard deviations, and in every replicate. That is more than a"
                " sharper SFT: at the same entropy {verdict_rival_gold_signed} and {verdict_rival_judges_signed}.",
                "kept in {compliance_asking_theirs_kept_share} of SFT's responses to prompts that ask for it and in"
                " {compliance_asking_ours_kept_share} of Level 1's; where another one is asked for, in"
                " {compliance_asking_theirs_unasked_share} and {compliance_asking_ours_unasked_share}.",
                "{compliance_asking_theirs_topic_share} to {compliance_asking_ours_topic_share}, and of those",
                "from {compliance_theirs_share} to {compliance_ours_share} sampled and from"
                " {compliance_greedy_theirs_share} to {compliance_greedy_share} greedy; SFT sampled at a lower"
                " temperature reaches {compliance_sharper_share}.",
                "by the truth ({win_gold} and {mean_gold}) and by judges ({win_judges} and {mean_judges})",
                "raters weigh the constraint {w_raters_helpfulness}, the topic {w_raters_correctness}, the wording"
                " {w_raters_form}, and what they like beyond gold (praise and length) {w_raters_bias}. The scalar"
                " models weigh these {w_level1_scalar_helpfulness}, {w_level1_scalar_correctness},"
                " {w_level1_scalar_form} and {w_level1_scalar_bias}, those over ratings {w_level2_mean_helpfulness},"
                " {w_level2_mean_correctness} to {w_level2_win_correctness}, {w_level2_win_form} to"
                " {w_level2_mean_form} and {w_level2_win_bias} to {w_level2_mean_bias}.",
                "those over ratings do (the constraint {w_judges_helpfulness})",
                "It counts {w_level1_scalar_end} to the scalar models, {w_level2_mean_end} and {w_level2_win_end} to"
                " those over ratings (p 0.0156 each), and {w_placebo_end} to those that learned from shuffled labels.",
                "no gap by the truth is shown ({equal_win_gold} and {equal_mean_gold}, intervals within {equal_from} to"
                " {equal_to})",
                "at equal KL they differ by {equal_win_judges} (p {equal_win_judges_p}) and {equal_mean_judges} (p"
                " {equal_mean_judges_p}).",
                "{moved_kl_level2_win_nats} and {moved_kl_level2_mean_nats} nats from SFT, Level 1's {moved_kl_nats}.",
                "wording ({moved_form_0_signed} and {moved_form_1_signed} rating points), and less of topic and"
                " constraint is not shown ({moved_content_0_signed} and {moved_content_1_signed}).",
                "agree with raters on {more_epochs_after_percent1} of held-out pairs (after one epoch on"
                " {more_epochs_before_percent1}, the scalar ones on {more_epochs_scalar_percent1}).",
                "They weigh the constraint {w_level2_mean_longer_helpfulness}, the topic"
                " {w_level2_mean_longer_correctness} and having ended {w_level2_mean_longer_end}, much",
                "by them gains {gain_level2_mean_longer} of gold, by the scalar ones {gain_level1_scalar}.",
                "by {more_epochs_beside_gold_signed} by the truth and {more_epochs_beside_judges_signed} by judges,",
                "in each replicate ({more_epochs_seed_1_signed}, {more_epochs_seed_2_signed} and"
                " {more_epochs_seed_3_signed}).",
                "({kl_level1_bounded} and {kl_first_three} nats, three replicates) and does as well"
                " ({others_bounded_gold} by the truth).",
                "behind Level 1 by the truth ({others_cvar_gold}, p 0.0312, seven replicates, uncorrected).",
                "PPO is at {others_ppo_gold} by the truth and {others_ppo_judges} by judges, and went farther from SFT"
                " ({kl_ppo} nats beside {kl_first_three}); at equal KL it is at {equal_ppo_gold} and"
                " {equal_ppo_judges}. RLOO with four samples is at {others_rloo_4_gold} and {others_rloo_4_judges}.",
                "A token costs PPO {passes_ppo} passes through a model, the others {passes_rloo_4}; PPO has"
                " {settings_ppo} settings, REINFORCE {settings_level1_scalar}.",
                "is behind Level 1's choice by {choice_mean} SFT standard deviations of gold (p 0.0156), and does what"
                " was asked in {level2_weights_choice_low_share} of the cases instead of"
                " {level2_weights_choice_1_share} (p {level2_weights_choice_p_exact}).",
                "topic and constraint make {gap_content_0_signed} of {gap_0} rating points (win probability) and"
                " {gap_content_1_signed} of {gap_1} (mean rating).",
                "Judges see nothing of that ({choice_win_judges} and {choice_mean_judges})",
            ),
        ),
    ):
        assert [one for one in sentences if one.format(**said) not in page] == []


def test_how_far_rewards_reach_above_their_average_at_the_end_is_theirs():
    folder, reach = ROOT / "results" / "smollm2_instructions" / "training", {}
    for arm in ("level2_mean", "level1_scalar", "level2_win"):
        tables = [pd.read_parquet(path) for path in sorted((folder / arm).glob("seed*_rollouts.parquet"))]
        assert len(tables) == 7
        last = [table.loc[table["step"] > table["step"].max() - 5, "reward"] for table in tables]
        reach[arm] = np.mean([rewards.max() - rewards.mean() for rewards in last])
    told = "`level2_mean` sees is {:.2f} SFT standard deviations above its average (Level 1 {:.2f}, the win probability"
    assert f"{told.format(*reach.values())} {reach['level2_win']:.2f})" in WORDS
    arms = pd.read_csv(folder.parent / "statistics" / "arms.csv").query(
        "arm == 'level2_mean' and decoding == 'sampled'"
    )
    assert f"get {arms['proxy_raw'].min():.1f} to {arms['proxy_raw'].max():.1f} of 10 by replicate" in WORDS
