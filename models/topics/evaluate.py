"""How good verdicts are, as plain numbers and rows that a card, a terminal or a test can show.

Everywhere `truths` are the acceptable topics of each text, primary first, and `verdicts` what the classifier said, in
the same order. A text's *best guess* counts even where the verdict is `unclear`, except in `answered` figures. Texts
whose primary topic is `promo` or `unclear` have no right guess; they ask only that the verdict be `unclear`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from models.page import Verdict
from models.topics.taxonomy import NOT_TOPICS, UNCLEAR

Truth = Sequence[str]

CALIBRATION_BINS = 15  # as many as usual for the expected calibration error (Guo et al. 2017)
PRECISE = 0.9  # the precision at which coverage is asked for
FREQUENT_TEXTS = 15  # of a topic, from which its F1 says something: below, one text moves it by three points or more
DIGITS = 4


def report(ids: Sequence[str], truths: Sequence[Truth], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """All that this module measures, as a card holds it: texts are named by their ids, never quoted."""
    return {
        "summary": scores(truths, verdicts),
        "per_topic": per_topic(truths, verdicts),
        "calibration": calibration_table(truths, verdicts),
        "confusion": confusion(truths, verdicts),
        "worst_mistakes": worst_mistakes(ids, truths, verdicts),
    }


def scores(truths: Sequence[Truth], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Summary of all texts: accuracy, macro-F1, calibration error, coverage; empty without a text that has a topic.

    `macro_f1_of_frequent` is that of topics with `FREQUENT_TEXTS` or more, 0 where there is none.
    """
    pairs = _with_topic(truths, verdicts)
    if not pairs:
        return {}
    hits = [_hit(truth, verdict) for truth, verdict in pairs]
    answered = [verdict.topic in truth for truth, verdict in pairs if verdict.topic != UNCLEAR]
    abstained = [v.topic == UNCLEAR for t, v in zip(truths, verdicts, strict=True) if t[0] in NOT_TOPICS]
    topics = per_topic(truths, verdicts).values()
    figures: dict[str, Any] = {
        "accept": np.mean(hits),
        "strict": np.mean([_best(verdict) == truth[0] for truth, verdict in pairs]),
        "macro_f1": _mean([row["f1"] for row in topics]),
        "macro_f1_of_frequent": _mean([row["f1"] for row in topics if row["texts"] >= FREQUENT_TEXTS]),
        "ece": expected_calibration_error(truths, verdicts),
        "ece_by_chance": calibration_error_by_chance([verdict.confidence for _, verdict in pairs]),
        "answered": len(answered) / len(pairs),
        "accept_when_answered": _mean(answered),
        "coverage_at_90_percent_precision": _coverage([verdict.confidence for _, verdict in pairs], hits),
    }
    rounded = {name: round(float(value), DIGITS) for name, value in figures.items()}
    return {"texts": len(pairs)} | rounded | {"abstained_rightly": [sum(abstained), len(abstained)]}


def per_topic(truths: Sequence[Truth], verdicts: Sequence[Verdict]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and number of texts of each primary topic, judged by best guesses, in order of slug."""
    pairs = [(truth[0], _best(verdict)) for truth, verdict in _with_topic(truths, verdicts)]
    wanted, said, both = (
        Counter(w for w, _ in pairs),
        Counter(g for _, g in pairs),
        Counter(w for w, g in pairs if w == g),
    )
    return {
        topic: {
            "precision": round(both[topic] / said[topic], DIGITS) if said[topic] else 0.0,
            "recall": round(both[topic] / wanted[topic], DIGITS),
            "f1": round(2 * both[topic] / (wanted[topic] + said[topic]), DIGITS),
            "texts": wanted[topic],
        }
        for topic in sorted(wanted)
    }


def calibration_table(
    truths: Sequence[Truth], verdicts: Sequence[Verdict], bins: int = CALIBRATION_BINS
) -> list[dict[str, float]]:
    """Rows of equal steps of confidence, lowest first: texts, mean confidence, share accepted; empty ones left out."""
    rows = []
    for number, (texts, confidence, accepted) in _bins(truths, verdicts, bins).items():
        step = {"from": round(number / bins, DIGITS), "to": round((number + 1) / bins, DIGITS), "texts": texts}
        rows.append(step | {"confidence": round(confidence, DIGITS), "accepted": round(accepted, DIGITS)})
    return rows


def expected_calibration_error(truths: Sequence[Truth], verdicts: Sequence[Verdict]) -> float:
    """Mean distance between confidence and share accepted over steps of confidence, weighted by texts.

    A text without a guess is in no step, and adds no distance.
    """
    steps = _bins(truths, verdicts, CALIBRATION_BINS).values()
    texts = len(_with_topic(truths, verdicts))
    return sum(count * abs(confidence - accepted) for count, confidence, accepted in steps) / texts if texts else 0.0


def calibration_error_by_chance(confidences: Sequence[float]) -> float:
    """Calibration error that confidences which are exactly right have on so few texts, on average.

    In each step the accepted texts scatter around their mean as binomials do, here taken for normal.
    """
    confident = np.asarray(confidences, dtype=float)
    steps = np.ceil(confident * CALIBRATION_BINS).astype(int)
    variances = np.bincount(steps, confident * (1 - confident))
    return float(np.sqrt(2 / np.pi * variances).sum() / len(confident))


def confusion(truths: Sequence[Truth], verdicts: Sequence[Verdict], most: int = 20) -> list[tuple[str, str, int]]:
    """Commonest mistakes: (primary topic, best guess that no editor accepts, texts), most frequent first."""
    mistakes = Counter(
        (truth[0], _best(verdict)) for truth, verdict in _with_topic(truths, verdicts) if not _hit(truth, verdict)
    )
    return [(wanted, said, texts) for (wanted, said), texts in mistakes.most_common(most)]


def worst_mistakes(
    ids: Sequence[str], truths: Sequence[Truth], verdicts: Sequence[Verdict], most: int = 20
) -> list[dict[str, Any]]:
    """Unaccepted best guesses with the highest confidence: id, acceptable topics, guess and confidence."""
    wrong: list[dict[str, Any]] = [
        {"id": name, "topics": list(truth), "guess": _best(verdict), "confidence": verdict.confidence}
        for name, truth, verdict in zip(ids, truths, verdicts, strict=True)
        if truth[0] not in NOT_TOPICS and not _hit(truth, verdict)
    ]
    return sorted(wrong, key=lambda row: -row["confidence"])[:most]


def _bins(truths: Sequence[Truth], verdicts: Sequence[Verdict], bins: int) -> dict[int, tuple[int, float, float]]:
    """Number of each step that holds texts → how many, their mean confidence and the share accepted."""
    pairs = [(verdict.confidence, _hit(truth, verdict)) for truth, verdict in _with_topic(truths, verdicts)]
    found = {}
    for number in range(bins):
        inside = [pair for pair in pairs if number / bins < pair[0] <= (number + 1) / bins]
        if inside:
            confidence, accepted = np.mean(inside, axis=0).tolist()
            found[number] = len(inside), confidence, accepted
    return found


def _with_topic(truths: Sequence[Truth], verdicts: Sequence[Verdict]) -> list[tuple[Truth, Verdict]]:
    return [(t, v) for t, v in zip(truths, verdicts, strict=True) if t[0] not in NOT_TOPICS]


def _best(verdict: Verdict) -> str:
    return verdict.guesses[0].topic if verdict.guesses else verdict.topic


def _hit(truth: Truth, verdict: Verdict) -> bool:
    return _best(verdict) in truth


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def _coverage(confidences: Sequence[float], hits: Sequence[bool]) -> float:
    """Largest share of texts, most confident first, whose best guesses are accepted nine times in ten.

    Of equally confident ones, those that are accepted come first: the share may end among them.
    """
    order = np.lexsort((~np.asarray(hits), -np.asarray(confidences)))
    precision = np.cumsum(np.asarray(hits)[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(precision >= PRECISE)
    return float((enough[-1] + 1) / len(order)) if len(enough) else 0.0
