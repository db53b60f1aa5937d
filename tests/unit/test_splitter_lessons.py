"""A teacher's word about a page is found again by the page's lines, and holds no text."""

import numpy as np

from models.splitter.labels import CODE, LABELS
from models.splitter.lessons import KEPT, Lessons, targets_of, told


def said(*shares: dict[str, float]) -> np.ndarray:
    found = np.zeros((len(shares), len(LABELS)), dtype=np.float32)
    for line, share in enumerate(shares):
        for label, value in share.items():
            found[line, CODE[label]] = value
    return found


RAIN = ["Rain ends", "By Ida Holm"]
SNOW = ["Snow", "It fell.", "Menu"]
ABOUT_RAIN = said({"headline": 0.8, "teaser-title": 0.2}, {"meta": 1.0})
ABOUT_SNOW = said({"headline": 1.0}, {"story": 0.6, "caption": 0.4}, {"boilerplate": 1.0})


def test_each_page_gets_back_what_was_said_about_it_and_others_nothing() -> None:
    lessons = Lessons.from_pages([(RAIN, ABOUT_RAIN), (SNOW, ABOUT_SNOW)])
    taught = lessons.about([SNOW, ["Wind"], RAIN])
    assert [page for page, _ in taught] == [SNOW, RAIN]
    assert np.allclose(taught[0][1], ABOUT_SNOW, atol=0.005)
    assert np.allclose(taught[1][1], ABOUT_RAIN, atol=0.005)


def test_a_page_that_comes_twice_is_taught_once() -> None:
    lessons = Lessons.from_pages([(RAIN, ABOUT_RAIN), (RAIN, ABOUT_RAIN)])
    assert len(lessons.about([RAIN, list(RAIN)])) == 1


def test_only_the_most_probable_labels_of_a_line_are_kept_and_they_sum_to_one() -> None:
    spread = np.linspace(1, 2, len(LABELS), dtype=np.float32)[None]
    [(_, kept)] = Lessons.from_pages([(["Rain"], spread / spread.sum())]).about([["Rain"]])
    assert np.flatnonzero(kept[0]).tolist() == list(range(len(LABELS) - KEPT, len(LABELS)))
    assert np.isclose(kept.sum(), 1)


def test_lessons_about_nothing_and_pages_without_lines_teach_nothing() -> None:
    assert Lessons.from_pages([]).about([RAIN]) == []
    assert Lessons.from_pages([([], np.zeros((0, len(LABELS)), dtype=np.float32))]).about([[]]) == []


def test_what_was_told_of_a_line_is_learned_and_a_plain_label_is_certain() -> None:
    labels = [*told(["meta"], ABOUT_SNOW[1:2]), "dek"]
    assert labels == ["meta", "dek"]
    assert np.array_equal(targets_of(labels), np.stack([ABOUT_SNOW[1], said({"dek": 1.0})[0]]))
