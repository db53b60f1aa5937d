"""What becomes of a page: one outcome each, in order, and a page that breaks the model harms no other."""

import itertools
from collections.abc import Sequence

import orjson
import pytest
from fake_models import EXPLODES, mark_tagger
from fakes import RecordingTagger, raw

from models.errors import PageError, TaggerError
from models.page import Page, Part
from streams.outcomes import Result, results_of, tag_each
from streams.records import RawRecord

STORY = "# Cup final\nThe match was long.\n* Moon lander lands\n~ It did.\n@ 2 hours ago"


def json_raw(text: str, offset: int = 0, url: str = "u", page_id: str | None = None) -> RawRecord:
    return raw(orjson.dumps({"url": url, "text": text, "id": page_id}), offset=offset)


def outcomes(raws: Sequence[RawRecord]) -> list[str]:
    return [result.outcome for result in results_of(raws, mark_tagger(), 10_000)]


def test_a_page_is_tagged_empty_or_dead() -> None:
    assert outcomes([json_raw(STORY), json_raw("-\n-"), raw(b"{")]) == ["tagged", "empty", "dead"]


def test_no_records_give_no_results() -> None:
    assert results_of([], mark_tagger(), 10_000) == []


@pytest.mark.parametrize("where", range(5))
def test_a_page_that_breaks_the_model_is_a_bug_and_the_others_are_unharmed(where: int) -> None:
    texts = [STORY] * 5
    texts[where] = EXPLODES
    results = results_of([json_raw(text, n) for n, text in enumerate(texts)], mark_tagger(), 10_000)
    assert [result.raw.offset for result in results] == list(range(5))
    assert [result.outcome for result in results] == ["dead" if n == where else "tagged" for n in range(5)]
    error = results[where].page
    assert isinstance(error, PageError)
    assert (error.slug, error.url) == ("bug", "u")
    assert error.detail.startswith("RuntimeError: cannot split ")


def test_pages_that_can_be_read_reach_the_model_in_one_batch_and_the_dead_do_not() -> None:
    tagger = RecordingTagger()
    raws = [json_raw(STORY, page_id="a"), raw(None), json_raw(STORY, page_id="b")]
    results_of(raws, tagger, 10_000)
    assert tagger.batches == [["a", "b"]]


class Forgetful:
    """A tagger that returns nothing for the last page."""

    def tag(self, pages: Sequence[Page]) -> list[list[Part]]:
        return mark_tagger().tag(pages)[:-1]


class Talkative:
    """A tagger that returns more than it was asked for."""

    def tag(self, pages: Sequence[Page]) -> list[list[Part]]:
        return [*mark_tagger().tag(pages), []]


@pytest.mark.parametrize("tagger", [Forgetful(), Talkative()])
def test_a_tagger_that_miscounts_is_a_bug_of_every_page_and_shifts_no_parts_to_another(tagger: Forgetful) -> None:
    results = results_of([json_raw(STORY), json_raw("* Only a teaser")], tagger, 10_000)
    assert [result.outcome for result in results] == ["dead", "dead"]


class Rambling:
    """A tagger whose errors quote the page."""

    def tag(self, pages: Sequence[Page]) -> list[list[Part]]:
        raise ValueError(f"bad pages:\n{pages[0].text * 1000}\n\ud800")


def test_the_detail_of_a_bug_is_one_short_line_whatever_the_error_said() -> None:
    (result,) = results_of([json_raw(STORY)], Rambling(), 10_000)
    dead = result.records("now")[0]
    detail = dict(dead.headers)["detail"] or b""
    assert detail.startswith(b"ValueError: bad pages:")
    assert b"\n" not in detail
    assert len(detail) < 2_000


def test_a_part_goes_to_its_topic_and_to_others_that_are_certain_enough_as_the_same_record() -> None:
    (result,) = results_of([json_raw(STORY)], mark_tagger(), 10_000)
    sent = result.records("2026-01-05T10:00:00Z")
    assert [record.topic for record in sent] == ["parts.sport", "parts.science", "parts.unclear"]
    assert sent[0].value == sent[1].value
    assert orjson.loads(result.done("now").value or b"")["parts"] == len(result.parts) == 2


def test_a_dead_page_gives_its_letter_and_no_part() -> None:
    (result,) = results_of([raw(b"{", offset=4)], mark_tagger(), 10_000)
    (letter,) = result.records("now")
    assert (letter.topic, letter.value) == ("pages.dead", b"{")
    assert orjson.loads(result.done("now").value or b"")["error"] == "not-json"


def test_a_tagged_page_that_is_declared_dead_has_no_parts_any_more() -> None:
    (result,) = results_of([json_raw(STORY)], mark_tagger(), 10_000)
    dead = result.dead(PageError("too-large", "it is"))
    assert (dead.outcome, dead.parts, dead.raw) == ("dead", (), result.raw)
    assert orjson.loads(dead.done("now").value or b"")["parts"] == 0


def test_any_mixture_is_tagged_together_as_it_is_one_by_one() -> None:
    kinds = [json_raw(STORY), json_raw(EXPLODES), raw(b"null"), json_raw("-")]
    for raws in itertools.permutations(kinds):
        assert compact(results_of(raws, mark_tagger(), 10_000)) == compact(
            result for record in raws for result in results_of([record], mark_tagger(), 10_000)
        )


def compact(results: "itertools.chain[Result] | list[Result]") -> list[tuple[str, list[object]]]:
    return [(result.outcome, [*result.records("now")]) for result in results]


def test_where_no_page_can_be_tagged_none_is_dead() -> None:
    """As when the process that tags suspects cannot be started: the worker leaves, and the next one tries."""

    class Away:
        def tag(self, pages: Sequence[Page]) -> list[list[Part]]:
            raise TaggerError("could not be started")

    with pytest.raises(TaggerError):
        results_of([raw(b'{"url": "u", "text": "# A"}'), raw(None)], Away(), 10_000)


def test_pages_of_no_text_reach_no_model() -> None:
    tagger = RecordingTagger()
    assert tag_each([], tagger) == []
    assert tagger.batches == []
