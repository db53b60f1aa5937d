"""Log lines: one JSON object each where that is asked for, with the place and the id of the page they are about."""

import asyncio
import copy
import logging
import re

import orjson
import pytest
from fake_models import mark_tagger
from fakes import raw

from streams.logs import Calm, JsonLines, logging_config, silent
from streams.outcomes import results_of
from streams.worker import report


def test_a_dead_page_is_named_by_place_id_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    page = orjson.dumps({"url": "u", "text": "x", "id": "p1", "fetched_at": "yesterday"})
    with caplog.at_level("INFO", "newsieve.worker"):
        report(results_of([raw(page, offset=7), raw(b"{", offset=8)], mark_tagger(), 10_000))
    batch, known, unknown = (orjson.loads(JsonLines().format(record)) for record in caplog.records)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", batch["at"])
    assert (batch["message"], batch["pages"], batch["level"]) == ("2 pages: 2 dead", 2, "info")
    assert known["message"].startswith("pages.raw[3]@7 page=p1 dead: not-page: 'fetched_at'")
    assert {name: known[name] for name in ("place", "page_id", "outcome", "error")} == {
        "place": "pages.raw[3]@7", "page_id": "p1", "outcome": "dead", "error": "not-page",
    }  # fmt: skip
    assert unknown["place"] == "pages.raw[3]@8"
    assert "page_id" not in unknown


def test_pages_that_are_well_are_told_for_debugging_alone(caplog: pytest.LogCaptureFixture) -> None:
    found = results_of([raw(orjson.dumps({"url": "u", "text": "# A", "id": "p1"}))], mark_tagger(), 10_000)
    with caplog.at_level("DEBUG", "newsieve.worker"):
        report(found)
    assert [record.getMessage() for record in caplog.records] == ["1 pages: 1 tagged", "pages.raw[3]@0 page=p1 tagged"]
    caplog.clear()
    with caplog.at_level("INFO", "newsieve.worker"):
        report(found)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_chosen_form_is_one_that_there_is(form: str) -> None:
    config = logging_config("info", form)
    assert config["handlers"]["stderr"]["formatter"] in config["formatters"]


def test_a_traceback_stands_in_its_line() -> None:
    try:
        raise ValueError("no\nway")
    except ValueError:
        record = logging.getLogger("x").makeRecord("x", 40, "", 0, "it %s", ("broke",), __import__("sys").exc_info())
    line = JsonLines().format(record)
    assert "\n" not in line
    assert "ValueError: no\\nway" in line


def test_what_a_caller_says_better_is_silent_in_its_own_tasks_alone() -> None:
    line = logging.getLogger("aiokafka").makeRecord("aiokafka", 40, "", 0, 'Unable connect to "a:1": ', (), None)

    async def shown() -> bool:
        return bool(Calm().filter(copy.copy(line)))

    async def connecting() -> tuple[bool, bool]:
        outside = asyncio.create_task(shown())
        with silent("Unable connect to"):
            inside = asyncio.create_task(shown())
        return await outside, await inside

    assert asyncio.run(connecting()) == (True, False)
