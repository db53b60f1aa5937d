"""A run in which all went well, for tests to plant something in."""

from dataclasses import replace

import orjson

from streams.outcomes import Result, results_of
from streams.records import RawRecord, Record
from tests.fake_models import mark_tagger
from tests.faults.checker import Checker, Run
from tests.faults.pages import MAX_PAGE_BYTES, pages_of
from tests.faults.readback import Progress, Records

AT = "2026-01-05T10:00:00Z"
PARTITIONS = 4


def expect(raw: RawRecord) -> Result:
    return results_of([raw], mark_tagger(), MAX_PAGE_BYTES)[0]


def stored(found: list[Record]) -> list[RawRecord]:
    return [RawRecord(r.topic, 0, offset, r.key, r.value, r.headers) for offset, r in enumerate(found)]


def good_run(seed: int = 1) -> Run:
    """A run in which all went well: each of 120 pages tagged once, in order."""
    ends = dict.fromkeys(range(PARTITIONS), 0)
    inputs = []
    for page in pages_of(seed, 120):
        partition = sum(page.key or b"") % PARTITIONS
        inputs.append(RawRecord(page.topic, partition, ends[partition], page.key, page.value, page.headers))
        ends[partition] += 1
    results = [expect(raw) for raw in inputs]
    out = [record for result in results for record in result.records(AT)]
    parts = [record for record in out if record.topic.startswith("parts.")]
    letters = [record for record in out if record.topic == "pages.dead"]
    ids = list(dict.fromkeys(orjson.loads(record.value or b"")["id"] for record in parts))
    found = Records(inputs, stored([r.done(AT) for r in results]), stored(parts), stored(letters))
    return Run(inputs, found, Progress(ends, ends), {"alone": ids}, (), frozenset({"kill"}))


def kinds(run: Run) -> set[str]:
    return {finding.kind for finding in Checker(run, expect).findings()}


def with_records(run: Run, **changes: list[RawRecord]) -> Run:
    return replace(run, records=replace(run.records, **changes))
