"""Decoding knows two things of whole pages: a story has a headline, and a list does not change its kind of item."""

import numpy as np

from models.splitter.decoding import HEADLINE_BONUS, MIXED_LIST_PENALTY, decoded, headline_bonus, labels_by_page
from models.splitter.labels import CODE, LABELS

FLAT = np.zeros((len(LABELS), len(LABELS)), dtype=np.float32)


def scores_of(*lines: dict[str, float]) -> np.ndarray:
    scores = np.full((len(lines), len(LABELS)), -20, dtype=np.float32)
    for row, line in zip(scores, lines, strict=True):
        for label, score in line.items():
            row[CODE[label]] = score
    return scores


def test_a_near_headline_above_a_story_becomes_its_headline() -> None:
    near = HEADLINE_BONUS * 0.9
    page = [{"boilerplate": near, "headline": 0.0}, {"story": 5.0}, {"boilerplate": near, "headline": 0.0}]
    codes = decoded(scores_of(*page), FLAT, np.array([3]))
    assert [LABELS[code] for code in codes] == ["headline", "story", "boilerplate"]


def test_a_page_with_a_headline_or_without_a_story_gets_no_bonus() -> None:
    codes = np.array([CODE[label] for label in ("boilerplate", "headline", "story", "boilerplate", "dek", "story")])
    assert headline_bonus(codes, np.array([3, 1, 0, 2])).tolist() == [0, 0, 0, 0, HEADLINE_BONUS, 0]


def test_a_page_is_decoded_as_it_is_alone() -> None:
    random = np.random.default_rng(4)
    scores = random.normal(0, 2, (9, len(LABELS))).astype(np.float32)
    together = decoded(scores, FLAT, np.array([4, 0, 5]))
    alone = [decoded(scores[a:b], FLAT, np.array([b - a])) for a, b in ((0, 4), (4, 9))]
    assert together.tolist() == np.concatenate(alone).tolist()


def test_a_doubtful_age_stays_with_the_item_before_where_the_list_opens_with_titles() -> None:
    doubt = MIXED_LIST_PENALTY * 0.8
    title = {"teaser-title": 5.0, "led-title": 5.0}
    page = [title, {"teaser-age": 0.0, "next-age": doubt}, title, {"teaser-age": 1.0, "led-age": 1.0}]
    codes = decoded(scores_of(*page), FLAT, np.array([4]))
    assert [LABELS[code] for code in codes] == ["teaser-title", "teaser-age", "teaser-title", "teaser-age"]


def test_codes_become_labels_page_by_page() -> None:
    assert labels_by_page(np.array([CODE["dek"], CODE["story"]]), np.array([1, 0, 1])) == [["dek"], [], ["story"]]
