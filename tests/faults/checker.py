"""The checker: compares what went in with everything that Kafka holds at the end, and with what subscribers saw. Pure.

What each page must become is not written down anywhere: it is worked out from the page by `expect`, newsieve's own
decoding and tagging without Kafka.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from models.page import Page
from streams.outcomes import Result
from streams.records import RawRecord
from tests.faults import letters
from tests.faults.readback import Progress, Records

Expect = Callable[[RawRecord], Result]
OnTopic = tuple[str, str]
"""A Kafka topic and the id of a part on it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that should not be."""

    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Run:
    """What the checker is given of a run."""

    fed: Sequence[RawRecord]
    records: Records
    progress: Progress
    shown: Mapping[str, Sequence[str]] = field(default_factory=dict)
    trimmed: Sequence[tuple[int, int, int]] = ()
    """Partition of `pages.raw`, and from which offset to which retention took records that nobody had read."""

    faults: frozenset[str] = frozenset()
    """Kinds of faults: some allow what is wrong without them."""

    republish: str = "changed"
    """NEWSIEVE_REPUBLISH of the workers."""

    is_strict: bool = False
    """Whether not even the topics may hold a repeat."""


class Checker:
    """Works out once what should be there and what is; `findings` compares."""

    def __init__(self, run: Run, expect: Expect) -> None:
        self.run = run
        inputs = {record.source: record for record in [*run.fed, *run.records.pages]}
        self.wanted = {source: expect(record) for source, record in inputs.items()}
        self.outcomes: dict[str, list[str]] = defaultdict(list)
        self.first_outcomes: dict[str, list[str]] = defaultdict(list)
        for record in run.records.outcomes:
            self._take_outcome(orjson.loads(record.value or b"{}"))
        self.parts = [(record.topic, orjson.loads(record.value or b"{}")) for record in run.records.parts]
        self.sightings = Counter((topic, part["id"]) for topic, part in self.parts)
        self.expected = {source: _parts_of(result) for source, result in self.wanted.items()}

    def _take_outcome(self, told: dict[str, Any]) -> None:
        source = told["source"]
        if source not in self.outcomes and told["page_id"]:
            self.first_outcomes[told["page_id"]].append(source)
        self.outcomes[source].append(told["outcome"])

    @staticmethod
    def _source(outcome: RawRecord) -> str:
        return str(orjson.loads(outcome.value or b"{}")["source"])

    def findings(self) -> list[Finding]:
        """Everything that is wrong."""
        checks = (
            self.lost(), self.wrong(), self.parts_missing(), self.parts_wrong(), self.letters_wrong(), self.reordered(),
            self.subscribers(), self.uncommitted(), self.repeated(),
        )  # fmt: skip
        return [finding for check in checks for finding in check]

    def lost(self) -> Iterator[Finding]:
        """Pages without an outcome."""
        for source in self.wanted.keys() - self.outcomes.keys():
            if not self._is_trimmed(source):
                yield Finding("lost", f"{source} has no outcome")

    def _is_trimmed(self, source: str) -> bool:
        _, partition, offset = _place(source)
        return any(partition == where and first <= offset < end for where, first, end in self.run.trimmed)

    def wrong(self) -> Iterator[Finding]:
        """Outcomes other than the one that the page must have, and of pages that nobody fed."""
        for source, found in self.outcomes.items():
            if source not in self.wanted:
                yield Finding("invented", f"an outcome of {source}, which nobody fed")
            elif odd := set(found) - self._allowed(source):
                yield Finding("wrong", f"{source} is {sorted(odd)}, not {self.wanted[source].outcome}")

    def _allowed(self, source: str) -> set[str]:
        result = self.wanted[source]
        allowed: set[str] = {result.outcome}
        if result.outcome == "tagged" and "full-parts" in self.run.faults:
            allowed.add("dead")  # as too large for a topic that takes nothing
        if any({"tagged", "empty"} & {*self.outcomes.get(twin, ())} for twin in self._twins(source)):
            allowed.add("repeated")
        return allowed

    def _twins(self, source: str) -> list[str]:
        """Other records after which this one may be a repeat: of the same page, and of the same text if that counts."""
        page = self.wanted[source].page
        if not isinstance(page, Page) or self.run.republish == "always":
            return []
        same = {other: result.page for other, result in self.wanted.items() if other != source}
        if self.run.republish == "never":
            return [other for other, found in same.items() if isinstance(found, Page) and found.id == page.id]
        return [other for other, found in same.items() if found == page]

    def tagged(self) -> Iterator[str]:
        """Sources that say that they are tagged, and whose parts must be there."""
        return (source for source, found in self.outcomes.items() if "tagged" in found and source in self.wanted)

    def parts_missing(self) -> Iterator[Finding]:
        """Parts that are on none of the Kafka topics where they belong."""
        for source in self.tagged():
            for topic, part_id in self.expected[source].keys() - self.sightings.keys():
                yield Finding("part lost", f"{part_id} of {source} is not on {topic}")

    def parts_wrong(self) -> Iterator[Finding]:
        """Parts that no page gives, or not like this."""
        right: dict[OnTopic, dict[str, Any]] = {}
        for expected in self.expected.values():
            right |= expected
        for topic, part in self.parts:
            wanted = right.get((topic, part["id"]))
            if wanted is None:
                yield Finding("invented", f"{part['id']} on {topic}, which no page gives")
            elif timeless(part) != wanted:
                yield Finding("wrong", f"{part['id']} on {topic} is not what its page gives")

    def letters_wrong(self) -> Iterator[Finding]:
        """Dead letters that are missing, or are not the record that died."""
        emptied = bool({"full-dead", "full-parts"} & self.run.faults)
        found = letters.by_source(self.run.records.letters)
        for source in found.keys() - self.wanted.keys():
            yield Finding("invented", f"a dead letter of {source}, which nobody fed")
        for source, told in self.outcomes.items():
            if "dead" in told and source in self.wanted:
                for what in letters.wrongs(self.wanted[source], found[source], emptied):
                    yield Finding("letter wrong", f"{source}: {what}")

    def reordered(self) -> Iterator[Finding]:
        """Versions of a page that came out in another order than they went in, repeats not counted."""
        for page_id, sources in self.first_outcomes.items():
            if not _ascending(sources):
                yield Finding("reordered", f"outcomes of page {page_id}: {sources}")
        for (topic, page_id), sources in self._first_sightings().items():
            if not _ascending(sources):
                yield Finding("reordered", f"parts of page {page_id} on {topic}: {sources}")

    def _first_sightings(self) -> dict[OnTopic, list[str]]:
        """Of each page on each topic, the sources that its parts belong to, as they first came."""
        owner: dict[OnTopic, str] = {}
        for source in sorted(self.tagged(), key=_place):
            for key in self.expected[source]:
                owner.setdefault(key, source)
        seen: dict[OnTopic, list[str]] = defaultdict(list)
        for key, page_id in dict.fromkeys(((topic, part["id"]), part["page_id"]) for topic, part in self.parts):
            if key in owner:
                seen[key[0], page_id].append(owner[key])
        return seen

    def subscribers(self) -> Iterator[Finding]:
        """Parts that a subscriber was shown twice, or never."""
        there = self.to_be_shown()
        for name, shown in self.run.shown.items():
            for part_id, times in Counter(shown).items():
                if times > 1:
                    yield Finding("shown twice", f"{part_id} {times} times to subscriber {name}")
            for part_id in there - set(shown):
                yield Finding("not shown", f"{part_id} to subscriber {name}")

    def to_be_shown(self) -> set[str]:
        """Parts of the pages that are tagged. Of a page that one of its topics refused, and that is dead, another topic
        may hold a part; a subscriber of both waits for the first until the letter is put back."""
        return {part_id for source in self.tagged() for _, part_id in self.expected[source]}

    def uncommitted(self) -> Iterator[Finding]:
        """Partitions whose committed offset is not their end."""
        for partition, end in self.run.progress.ends.items():
            committed = self.run.progress.committed.get(partition, 0)
            if committed != end:
                yield Finding("uncommitted", f"partition {partition}: committed {committed} of {end}")

    def repeated(self) -> Iterator[Finding]:
        """Repeats on the topics where there must be none."""
        counts = self.counts()
        found = {name: counts[name] for name in ("repeats", "outcome_repeats") if counts[name]}
        if self.run.is_strict and found:
            yield Finding("repeated", f"{found} on the topics")

    def repeats(self) -> int:
        """Records on the topics of parts beyond one for each page that gives the part."""
        wanted = Counter(key for source in self.tagged() for key in self.expected[source])
        return sum((self.sightings - wanted).values())

    def counts(self) -> dict[str, int]:
        """Numbers for the table."""
        return {
            "pages": len(self.wanted),
            "parts": len(self.sightings),
            "dead": sum("dead" in found for found in self.outcomes.values()),
            "trimmed": sum(self._is_trimmed(source) for source in self.wanted.keys() - self.outcomes.keys()),
            "repeats": self.repeats(),
            "outcome_repeats": sum(len(found) - 1 for found in self.outcomes.values()),
        }


def timeless(part: Mapping[str, Any]) -> dict[str, Any]:
    """A part without the time it was tagged at."""
    return {name: value for name, value in part.items() if name != "tagged_at"}


def _parts_of(result: Result) -> dict[OnTopic, dict[str, Any]]:
    if result.outcome != "tagged":
        return {}
    fields = [(record.topic, orjson.loads(record.value or b"{}")) for record in result.records("")]
    return {(topic, part["id"]): timeless(part) for topic, part in fields}


def _place(source: str) -> tuple[str, int, int]:
    topic, partition, offset = source.rsplit("/", 2)
    return topic, int(partition), int(offset)


def _ascending(sources: Sequence[str]) -> bool:
    return list(sources) == sorted(sources, key=_place)
