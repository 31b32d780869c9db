import compare_arms
import numpy as np
import pandas as pd
import pytest

from align.errors import InputError
from findings.evidence import detectable_effect, holm, holm_level

SFT_DEVIATION = (8 / 6) ** 0.5


def make_evaluation(tmp_path, arm, seed, judge, gold, proxy=None):
    """One table of scored responses: prompts a and b, two sampled responses each and a greedy one."""
    table = pd.DataFrame(
        {
            "arm": arm,
            "seed": seed,
            "prompt_id": ["a", "a", "b", "b", "a", "b"],
            "decoding": ["sampled"] * 4 + ["greedy"] * 2,
            "sample": [0, 1, 0, 1, 0, 0],
            "tokens": 5,
            "finished": True,
            "log_ratio": 0.0,
            "judge_1": judge,
            "gold": gold,
        }
    )
    if proxy is not None:
        table["proxy"], table["proxy_sft"] = proxy, 0.0
    path = tmp_path / f"{arm}{seed}.parquet"
    table.to_parquet(path)
    return str(path)


@pytest.fixture
def outputs(tmp_path):
    sft = [0.0, 2.0, 4.0, 6.0, 1.0, 5.0]  # twice, so sums of squares 4 and 4 over 3 + 3 degrees of freedom
    files = [make_evaluation(tmp_path, "sft", seed, sft, sft) for seed in (1, 2)]
    files += [
        make_evaluation(tmp_path, "arm", seed, [x + shift for x in sft], [x - 1 for x in sft], proxy=shift)
        for seed, shift in ((1, 1.0), (2, 3.0))
    ]

    def run(*contrasts):
        compare_arms.main(
            ["--evaluations", *files, "--contrasts", *contrasts]
            + ["--confidence", "0.95", "--power", "0.8", "--equivalence-margin", "0.2"]
            + ["--contrasts-output", str(tmp_path / "c.csv")]
            + ["--differences-output", str(tmp_path / "d.csv"), "--arms-output", str(tmp_path / "a.csv")]
        )
        return [pd.read_csv(tmp_path / f"{name}.csv") for name in "cda"]

    return run


def test_differences_are_in_sft_deviations_seed_by_seed(outputs):
    contrasts, differences, _ = outputs("level1:arm:sft:test")
    judges = differences[(differences["metric"] == "judges") & (differences["decoding"] == "sampled")]
    assert judges["difference"].tolist() == pytest.approx([1 / SFT_DEVIATION, 3 / SFT_DEVIATION], rel=1e-5)
    rows = contrasts.set_index(["metric", "decoding"])
    assert rows.loc[("judges", "sampled"), "estimate"] == pytest.approx(2 / SFT_DEVIATION, rel=1e-5)
    assert rows.loc[("gold", "sampled"), "estimate"] == pytest.approx(-1 / SFT_DEVIATION, rel=1e-5)
    # The arm's own reward is in its training scale already.
    assert rows.loc[("proxy", "greedy"), "estimate"] == pytest.approx(2.0)
    assert rows.loc[("judges", "sampled"), "p_exact"] == pytest.approx(0.5)
    assert (rows["verdict"] == "inconclusive").all()


def test_own_rewards_are_of_the_replicates_that_have_them(outputs, tmp_path):
    path = tmp_path / "arm1.parquet"
    pd.read_parquet(path).assign(proxy=np.nan, proxy_sft=np.nan).to_parquet(path)
    contrasts, differences, _ = outputs("level1:arm:sft:test")
    rows = contrasts.set_index(["metric", "decoding"])
    assert rows.loc[("proxy", "sampled"), ["seeds", "estimate"]].tolist() == [1, 3.0]
    assert rows.loc[("judges", "sampled"), "seeds"] == 2
    pd.read_parquet(tmp_path / "arm2.parquet").assign(proxy=np.nan, proxy_sft=np.nan).to_parquet(
        tmp_path / "arm2.parquet"
    )
    assert "proxy" not in set(outputs("level1:arm:sft:test")[0]["metric"])


def test_arms_are_described_by_means(outputs):
    *_, arms = outputs("level1:arm:sft:test")
    row = arms[(arms["arm"] == "arm") & (arms["seed"] == 2) & (arms["decoding"] == "sampled")].iloc[0]
    assert row["gold_raw"] == pytest.approx(2.0)  # (0 + 2 + 4 + 6) / 4 - 1
    assert row["judges"] == pytest.approx(3 / SFT_DEVIATION, rel=1e-5)


def test_a_missing_replicate_is_named(outputs):
    with pytest.raises(InputError, match=r"other was not evaluated for the seeds \[1, 2\] of arm"):
        outputs("level1:arm:other:test")


def test_holm_covers_tests_and_leaves_controls_alone():
    rows = [("a", "test", 0.02), ("b", "test", 0.04), ("c", "control", 0.03)]
    table = pd.DataFrame(
        [
            {"name": n, "role": r, "metric": "judges", "decoding": "sampled", "p_exact": p, "estimate": 1.0}
            | {"equivalence_p": 1.0, "seeds": 8, "spread": 2.0}
            for n, r, p in rows
        ]
    )
    adjusted = compare_arms.adjust(table, alpha=0.05, power=0.8).set_index("name")
    assert adjusted["p_holm"].to_dict() == pytest.approx({"a": 0.04, "b": 0.04, "c": 0.03})
    # b is not found before a, so that a stands at 0.05 / 2; a is found, so that b stands at 0.05, as the control does.
    expected = {"a": 0.025, "b": 0.05, "c": 0.05}
    assert adjusted["minimum_detectable"].to_dict() == pytest.approx(
        {name: 2.0 * detectable_effect(8, level, 0.8) for name, level in expected.items()}
    )


def test_too_few_seeds_for_the_family_can_detect_nothing():
    row = {"role": "test", "metric": "judges", "decoding": "sampled", "p_exact": 0.5, "estimate": 1.0}
    row |= {"equivalence_p": 1.0, "seeds": 6, "spread": 1.0}
    # With 6 seeds the smallest p is 2/64 = 0.031: one test can reach 0.05, two cannot.
    alone, family = pd.DataFrame([row]), pd.DataFrame([row, row])
    assert compare_arms.adjust(alone, 0.05, 0.8)["minimum_detectable"].notna().all()
    assert compare_arms.adjust(family, 0.05, 0.8)["minimum_detectable"].isna().all()


@pytest.mark.parametrize(
    ("p", "estimate", "equivalence", "word"),
    [
        (0.01, 0.2, 1.0, "rose"),
        (0.01, -0.2, 1.0, "fell"),
        (0.05, 0.2, 0.05, "inconclusive"),
        (0.05, 0.2, 0.04, "equivalent"),
        # A difference that is shown stays one, however small.
        (0.01, 0.01, 0.001, "rose"),
    ],
)
def test_verdicts(p, estimate, equivalence, word):
    assert compare_arms.verdict(p, estimate, equivalence, alpha=0.05) == word


@pytest.mark.parametrize(("others", "level"), [([0.5] * 5, 0.05 / 6), ([0.001, 0.001, 0.5, 0.5, 0.5], 0.05 / 4)])
def test_the_smallest_detectable_effect_is_detected_as_often_as_promised_after_holm(others, level):
    from findings.evidence import exact_sign_flip_p

    assert holm_level(others, 0.05) == pytest.approx(level)
    rng, effect = np.random.default_rng(2), 0.3 * detectable_effect(8, level, 0.8)
    found = [holm([*others, exact_sign_flip_p(rng.normal(effect, 0.3, 8))])[-1] < 0.05 for _ in range(400)]
    assert 0.74 < np.mean(found) < 0.86


def test_false_positives_are_at_their_level_where_seeds_differ():
    # No effect, but each replicate is a little lucky or unlucky as a whole. By seed the test keeps its level;
    # pooling the rows takes every response for evidence of its own and does not.
    from scipy import stats

    from findings.evidence import exact_sign_flip_p

    rng = np.random.default_rng(0)
    by_seed, pooled = [], []
    for _ in range(400):
        matrix = rng.normal(0, 0.3, (8, 1)) + rng.normal(0, 1.0, (8, 50))
        by_seed.append(exact_sign_flip_p(matrix.mean(axis=1)) < 0.05)
        pooled.append(stats.ttest_1samp(matrix.ravel(), 0).pvalue < 0.05)
    assert np.mean(by_seed) < 0.08
    assert np.mean(pooled) > 0.25


def test_judges_of_another_make_are_a_metric_beside_the_primary_one(tmp_path, outputs):
    for path in tmp_path.glob("*.parquet"):
        table = pd.read_parquet(path)
        # Of another mind than the judges, and in other units.
        table.assign(qwen_201=-10 * table["judge_1"]).to_parquet(path)
    contrasts, _, arms = outputs("level1:arm:sft:test")
    estimates = contrasts[contrasts["decoding"] == "sampled"].set_index("metric")["estimate"]
    assert estimates["qwen"] == pytest.approx(-estimates["judges"], rel=1e-4)
    assert estimates["judges"] == pytest.approx(2 / SFT_DEVIATION, rel=1e-5)
    assert "qwen" in arms
