"""The checker sees which models tagged a page, and finds what is of several, or of none that was in use."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from models.tagger import load_tagger
from streams.outcomes import Result, results_of
from streams.records import RawRecord
from tests.fake_models import mark_tagger
from tests.faults.checker import Checker, Run
from tests.faults.good_run import AT, PARTITIONS, expect, good_run, kinds, stored, with_records
from tests.faults.models import EDITIONS, TurnedClassifier, save_models
from tests.faults.pages import MAX_PAGE_BYTES
from tests.faults.sets import set_of


def expect_other(raw: RawRecord) -> Result:
    """With other models."""
    other = replace(mark_tagger(), classifier=TurnedClassifier(1), versions={"splitter": "marks", "topics": "others"})
    return results_of([raw], other, MAX_PAGE_BYTES)[0]


def parts_by(expecting: Callable[[RawRecord], Result], source: RawRecord) -> list[RawRecord]:
    return stored([record for record in expecting(source).records(AT) if record.topic.startswith("parts.")])


def swapped(source: RawRecord, parts: list[RawRecord], run: Run, **changes: bool) -> set[str]:
    """Findings where both models were in use and the parts of one page are these."""
    page_id = orjson.loads(source.value or b"")["id"]
    others = [part for part in run.records.parts if orjson.loads(part.value or b"")["page_id"] != page_id]
    return {f.kind for f in Checker(replace(with_records(run, parts=others + parts), **changes), *BOTH).findings()}


BOTH = (expect, expect_other)


@pytest.fixture
def several() -> tuple[Run, RawRecord]:
    """A good run, and a page of it that has several parts and comes once."""
    run = good_run()
    good = [raw for raw in run.records.pages if len(expect(raw).parts) > 2]
    keys = [raw.key for raw in run.records.pages]
    return run, next(raw for raw in good if keys.count(raw.key) == 1)


def test_after_a_swap_a_page_may_be_there_by_either_model(several: tuple[Run, RawRecord]) -> None:
    """A page that is wholly tagged by one model is there, whichever it is; by a model that was not in use it is not."""
    run, page = several
    assert Checker(run, *BOTH).findings() == []
    assert swapped(page, parts_by(expect_other, page), run, is_strict=True) == set()
    assert {"part lost", "invented"} <= kinds(with_records(run, parts=parts_by(expect_other, page)))
    assert Checker(run, *BOTH).counts()["tagged_by"][1] == 0


def test_a_page_tagged_half_by_one_model_and_half_by_the_other_is_found(several: tuple[Run, RawRecord]) -> None:
    """Every part is there under its id, and yet the page is there by no model."""
    run, page = several
    last = expect(page).parts[-1].id.encode()
    half = [part for part in parts_by(expect, page) if last not in (part.value or b"")]
    rest = [part for part in parts_by(expect_other, page) if last in (part.value or b"")]
    assert half
    assert rest
    assert swapped(page, half + rest, run) == {"mixed"}


def test_what_a_crash_leaves_of_one_model_beside_a_whole_page_of_the_other_is_a_repeat(
    several: tuple[Run, RawRecord],
) -> None:
    """At least once may leave that, exactly once may not."""
    run, page = several
    parts = parts_by(expect, page)[:2] + parts_by(expect_other, page)
    assert swapped(page, parts, run) == set()
    assert swapped(page, parts, run, is_strict=True) == {"repeated"}


def test_one_models_verdict_under_the_others_name_is_found(several: tuple[Run, RawRecord]) -> None:
    """A part with the versions of one model on the topics of the other is no part of any of them."""
    run, page = several
    names = [part.value.replace(b'"others"', b'"words"') for part in parts_by(expect_other, page) if part.value]
    wrong = [replace(part, value=name) for part, name in zip(parts_by(expect_other, page), names, strict=True)]
    assert swapped(page, parts_by(expect, page) + wrong, run) & {"invented", "wrong"}


def test_equal_pages_need_a_set_of_parts_each(several: tuple[Run, RawRecord]) -> None:
    """Two records of the same page that both say that they are tagged are there once each, by whatever models."""
    run, page = several
    again = replace(page, partition=PARTITIONS, offset=0)
    told = [*run.records.outcomes, *stored([expect(again).done(AT)])]
    pages = [*run.records.pages, again]
    both = with_records(run, pages=pages, outcomes=told, parts=run.records.parts + parts_by(expect_other, page))
    assert Checker(replace(both, is_strict=True), *BOTH).findings() == []
    once = with_records(run, pages=pages, outcomes=told)
    assert {finding.kind for finding in Checker(once, *BOTH).findings()} == {"part lost"}


def test_each_edition_gives_every_page_other_parts(tmp_path: Path) -> None:
    """The sets of models that a run swaps share no part on any topic, so that it shows which of them tagged a page."""
    taggers = [load_tagger(save_models(tmp_path, edition)) for edition in range(EDITIONS)]
    for raw in good_run().records.pages:
        results = [results_of([raw], tagger, MAX_PAGE_BYTES)[0] for tagger in taggers]
        sets = [set_of(result) for result in results]
        assert len({result.outcome for result in results}) == 1
        topics = [{(topic, part_id) for topic, part_id, _ in found} for found in sets]
        assert all(a != b and not a.keys() & b.keys() for a, b in itertools.combinations(sets, 2) if a)
        assert all(a != b for a, b in itertools.combinations(topics, 2) if a)
