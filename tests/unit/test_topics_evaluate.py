"""Figures about verdicts are those that one counts by hand."""

import numpy as np
import pytest

from models.page import Guess, Verdict
from models.topics import evaluate


def said(topic: str, confidence: float, answered: bool = True) -> Verdict:
    return Verdict(topic if answered else "unclear", (Guess(topic, topic, confidence),))


TRUTHS = [("sport", "health"), ("sport",), ("health",), ("health", "sport"), ("promo",), ("unclear",)]
VERDICTS = [said("sport", 0.9), said("health", 0.8), said("health", 0.7), said("sport", 0.3, False),
            said("sport", 0.2, False), said("sport", 0.6)]  # fmt: skip


def test_summary_counts_texts_that_have_a_topic() -> None:
    assert evaluate.scores(TRUTHS, VERDICTS) == {
        "texts": 4,
        "accept": 0.75,
        "strict": 0.5,
        "macro_f1": 0.5,
        "macro_f1_of_frequent": 0.0,
        "ece": pytest.approx((0.1 + 0.8 + 0.3 + 0.7) / 4),
        "ece_by_chance": pytest.approx(evaluate.calibration_error_by_chance([0.9, 0.8, 0.7, 0.3]), abs=1e-4),
        "answered": 0.75,
        "accept_when_answered": pytest.approx(2 / 3, abs=1e-4),
        "coverage_at_90_percent_precision": 0.25,
        "abstained_rightly": [1, 2],
    }


def test_rare_topics_count_in_one_mean_and_not_in_the_other() -> None:
    truths = [("sport",)] * 15 + [("health",)]
    found = evaluate.scores(truths, [said("sport", 0.9)] * 16)
    assert found["macro_f1_of_frequent"] == round(30 / 31, 4)
    assert found["macro_f1"] == round(30 / 31 / 2, 4)


def test_a_text_without_a_guess_is_wrong_and_of_no_confidence() -> None:
    found = evaluate.scores([("sport",), ("sport",)], [said("sport", 0.8), Verdict("unclear")])
    assert (found["accept"], found["answered"], found["ece"]) == (0.5, 0.5, pytest.approx(0.1))


def test_what_chance_makes_of_the_calibration_error_is_what_right_confidences_have_on_average() -> None:
    random = np.random.default_rng(0)
    confidences = random.uniform(0.5, 1, 200)
    found = [
        evaluate.expected_calibration_error(
            [("sport",) if hit else ("health",) for hit in random.random(200) < confidences],
            [said("sport", confidence) for confidence in confidences],
        )
        for _ in range(200)
    ]
    assert evaluate.calibration_error_by_chance(confidences.tolist()) == pytest.approx(np.mean(found), rel=0.05)


def test_of_equally_confident_guesses_the_accepted_ones_are_covered_first() -> None:
    truths = [("health",), ("health",), *[("sport",)] * 8]
    for order in (truths, truths[::-1]):
        assert evaluate.scores(order, [said("sport", 0.9)] * 10)["coverage_at_90_percent_precision"] == 0.8


def test_each_topic_has_precision_recall_and_f1() -> None:
    assert evaluate.per_topic(TRUTHS, VERDICTS)["sport"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "texts": 2}


def test_the_calibration_table_holds_every_text_once() -> None:
    rows = evaluate.calibration_table(TRUTHS, VERDICTS, bins=2)
    assert [(row["from"], row["texts"], row["accepted"]) for row in rows] == [(0.0, 1, 1.0), (0.5, 3, 0.6667)]


def test_a_guess_that_an_editor_accepts_is_no_mistake() -> None:
    assert evaluate.confusion(TRUTHS, VERDICTS) == [("sport", "health", 1)]
    assert evaluate.worst_mistakes(list("abcdef"), TRUTHS, VERDICTS) == [
        {"id": "b", "topics": ["sport"], "guess": "health", "confidence": 0.8}
    ]


def test_no_texts_have_no_figures() -> None:
    assert evaluate.scores([], []) == {}
    assert evaluate.calibration_table([], []) == []
