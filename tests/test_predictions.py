import pytest

from findings.derived import judge_predictions
from findings.finding import make
from findings.predictions import judge_prediction, state_predictions


@pytest.mark.parametrize(
    ("predicted", "verdict", "equivalence_p", "judged"),
    [
        ("ahead", "rose", 0.9, "yes"),
        ("ahead", "fell", 0.9, "no"),
        ("ahead", "inconclusive", 0.9, "open"),
        # More than the margin was predicted: a rise that is shown to be less than that is another finding.
        ("ahead", "rose", 0.01, "no"),
        ("behind", "fell", 0.9, "yes"),
        ("equivalent", "equivalent", 0.01, "yes"),
        ("equivalent", "fell", 0.01, "yes"),
        ("equivalent", "fell", 0.9, "no"),
        # That neither shows a difference is no hit.
        ("equivalent", "inconclusive", 0.9, "open"),
        ("none", "inconclusive", 0.9, "-"),
        ("same order", "equivalent", 0.01, "-"),
    ],
)
def test_a_prediction_comes_true_where_the_same_is_shown(predicted, verdict, equivalence_p, judged):
    found = {"verdict": verdict, "equivalence_p": equivalence_p}
    assert judge_prediction({"prediction": predicted}, found, 0.05) == judged


def test_only_predictions_are_counted_as_such():
    predicted = {"a": "ahead", "b": "equivalent", "c": "same order", "d": "none", "few": "ahead"}
    verdicts = {"a": "rose", "b": "inconclusive", "c": "equivalent", "d": "inconclusive", "few": "rose"}
    seeds = {name: 3 if name == "few" else 8 for name in predicted}
    sizes = dict.fromkeys(("estimate", "ci_low", "ci_high", "p_holm"), 0.1)
    summary = {
        "seeds": list(range(8)),
        "predictions": [
            {"name": name, "arm": name, "against": "sft", "metric": "gold", "prediction": word, "seeds": seeds[name]}
            for name, word in predicted.items()
        ],
        "contrasts": [
            {
                "arm": name,
                "against": "sft",
                "metric": "gold",
                "decoding": "sampled",
                "verdict": word,
                "seeds": seeds[name],
            }
            | {"equivalence_p": 0.5}
            | sizes
            for name, word in verdicts.items()
        ],
    }
    rows = judge_predictions(summary, 0.05)
    assert [row["judged"] for row in rows] == ["yes", "open", "-", "-"]
    text = make("predictions", "Was it as predicted?", *state_predictions(rows)).text
    assert text.startswith(
        "Of 4 rows 2 are predictions: 1 ahead, 0 behind, 1 equivalent. 1 came true, 0 did not, 1 stay"
    )
    assert (
        "The others predict nothing. In 1 both signals choose the same responses. In 1 no difference is shown" in text
    )
