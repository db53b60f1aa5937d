"""Decoding knows of whole pages: story and headline come together, and a list does not change its kind of item."""

import numpy as np
import pytest

from models.splitter import chain
from models.splitter.decoding import (
    HALF_STORY_LEAD,
    HEADLINE_BONUS,
    HEADLINE_LEAD,
    MIXED_LIST_PENALTY,
    STORY_BONUS,
    decoded,
    labels_by_page,
    lines_above_story,
)
from models.splitter.labels import CODE, LABELS, LISTING_ITEMS

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


def test_the_likeliest_paragraph_below_a_headline_without_a_story_becomes_its_story() -> None:
    near = STORY_BONUS * 0.9
    likely, other = {"boilerplate": near, "story": 0.0}, {"boilerplate": near, "story": -1.0}
    codes = decoded(scores_of(likely, {"headline": 5.0}, other, likely, other), FLAT, np.array([5]))
    assert [LABELS[code] for code in codes] == ["boilerplate", "headline", "boilerplate", "story", "boilerplate"]


def test_a_page_of_few_items_without_a_headline_is_asked_for_a_story_and_a_list_is_not() -> None:
    near = {"boilerplate": STORY_BONUS * 0.9, "story": 0.0}
    title = {"teaser-title": 9.0}
    few = [title] * (LISTING_ITEMS - 1) + [near]
    codes = decoded(scores_of(*few, title, *few), FLAT, np.array([len(few), len(few) + 1]))
    said = [LABELS[code] for code in codes]
    assert (said[len(few) - 1], said[-1]) == ("story", "boilerplate")


@pytest.mark.parametrize("half", ["headline", "story"])
def test_half_a_story_without_a_clear_lead_is_none_on_a_list(half: str) -> None:
    items = [{"teaser-title": 9.0}] * LISTING_ITEMS
    clear, doubtful = ({half: 9.0, "boilerplate": 9.0 - HALF_STORY_LEAD - by} for by in (0.1, -0.1))
    pages = [[clear, *items], [doubtful, *items], [doubtful, *items[1:]], [doubtful, {"story": 9.0, "headline": 8.9}]]
    sizes = np.array([len(page) for page in pages])
    codes = decoded(scores_of(*(line for page in pages for line in page)), FLAT, sizes)
    assert [LABELS[codes[start]] for start in np.cumsum(sizes) - sizes] == [half, "boilerplate", half, half]


def test_a_headline_above_one_that_is_much_more_certain_is_none_and_one_below_stays() -> None:
    sure, doubtful, alike = {"headline": 5.0}, {"headline": 5.0, "dek": 0.0}, {"headline": 5.0, "dek": -19.0}
    sure["dek"] = doubtful["dek"] - HEADLINE_LEAD - 0.1
    page = [doubtful, sure, {"story": 5.0}, doubtful]
    codes = decoded(scores_of(*page, alike, alike, {"story": 5.0}), FLAT, np.array([4, 3]))
    said = [LABELS[code] for code in codes]
    assert said == ["boilerplate", "headline", "story", "headline", "headline", "headline", "story"]


def test_a_page_with_a_headline_or_without_a_story_gets_no_bonus() -> None:
    codes = np.array([CODE[label] for label in ("dek", "headline", "story", "boilerplate", "dek", "story", "story")])
    assert lines_above_story(codes, np.array([3, 1, 0, 3])).tolist() == [0, 0, 0, 1]


def test_a_page_asked_again_gets_the_best_path_of_its_raised_scores_from_end_to_end() -> None:
    random = np.random.default_rng(0)
    sizes = np.array([12, 1, 0, 30, 25])
    scores = np.full((sizes.sum(), len(LABELS)), -50, dtype=np.float32)
    scores[:, : CODE["caption"]] = random.normal(0, 2, (len(scores), CODE["caption"]))
    scores[:, CODE["headline"]] -= 4
    scores[12, CODE["story"]] = 5  # the page of one line has a story: else it would be asked for one
    arcs = random.normal(0, 1, FLAT.shape).astype(np.float32)
    above = lines_above_story(chain.best_path(scores, arcs, sizes), sizes)
    raised = scores.copy()
    for start, count in zip(np.cumsum(sizes) - sizes, above, strict=True):
        raised[start : start + count, CODE["headline"]] += HEADLINE_BONUS
    wanted = chain.best_path(raised, arcs, sizes).tolist()
    assert wanted != chain.best_path(scores, arcs, sizes).tolist()
    assert decoded(scores, arcs, sizes).tolist() == wanted


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
