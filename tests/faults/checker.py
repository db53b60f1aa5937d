"""The checker: compares what went in with everything that Kafka holds at the end, and with what subscribers saw. Pure.

What each page must become is not written down anywhere: it is worked out from the page, by newsieve's own decoding and
tagging without Kafka, with each edition of the models that was in use.
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
from tests.faults.sets import Key, PartSet, key_of, set_of, share_out, timeless

REFUSING = frozenset({"full-done", "full-parts"})
"""Faults during which a topic takes some records of a batch, and others later."""

Expect = Callable[[RawRecord], Result]
"""What becomes of a record with one edition of the models."""


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

    def __init__(self, run: Run, *editions: Expect) -> None:
        self.run = run
        inputs = {record.source: record for record in [*run.fed, *run.records.pages]}
        self.wanted = {source: [expect(record) for expect in editions] for source, record in inputs.items()}
        self.outcomes: dict[str, list[str]] = defaultdict(list)
        self.first_outcomes: dict[str, list[str]] = defaultdict(list)
        for record in run.records.outcomes:
            self._take_outcome(orjson.loads(record.value or b"{}"))
        self.parts = [(record.topic, orjson.loads(record.value or b"{}")) for record in run.records.parts]
        self.sightings = Counter(key_of(topic, part) for topic, part in self.parts)
        self.sets = {source: [set_of(result) for result in results] for source, results in self.wanted.items()}
        self.tagged = sorted((s for s in self.wanted if "tagged" in self.outcomes.get(s, ())), key=_place)
        """Sources that say that they are tagged, and whose parts must be there."""

        self.tagged_by, self.left = share_out(self.sightings, self.tagged, self.sets)

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
                wanted = {result.outcome for result in self.wanted[source]}
                yield Finding("wrong", f"{source} is {sorted(odd)}, not {' or '.join(sorted(wanted))}")

    def _allowed(self, source: str) -> set[str]:
        allowed: set[str] = {result.outcome for result in self.wanted[source]}
        if "tagged" in allowed and "full-parts" in self.run.faults:
            allowed.add("dead")  # as too large for a topic that takes nothing
        if any({"tagged", "empty"} & {*self.outcomes.get(twin, ())} for twin in self._twins(source)):
            allowed.add("repeated")
        return allowed

    def _twins(self, source: str) -> list[str]:
        """Other records after which this one may be a repeat: of the same page, and of the same text if that counts.

        Also after a swap of models the worker that says so has published the page itself.
        """
        page = self.wanted[source][0].page
        if not isinstance(page, Page) or self.run.republish == "always":
            return []
        same = {other: results[0].page for other, results in self.wanted.items() if other != source}
        if self.run.republish == "never":
            return [other for other, found in same.items() if isinstance(found, Page) and found.id == page.id]
        return [other for other, found in same.items() if found == page]

    def parts_missing(self) -> Iterator[Finding]:
        """Tagged pages of which no edition's parts are on all of their Kafka topics, each page for itself."""
        for source in self.tagged:
            if source not in self.tagged_by and any(self.sets[source]):
                yield self._not_whole(source)

    def _not_whole(self, source: str) -> Finding:
        found = [sum(self.left[key] > 0 for key in wanted) for wanted in self.sets[source]]
        kind = "mixed" if sum(map(bool, found)) > 1 else "part lost"
        told = [f"{there} of {len(wanted)}" for there, wanted in zip(found, self.sets[source], strict=True)]
        missing = [key for wanted in self.sets[source] for key in wanted if not self.left[key]]
        return Finding(kind, f"{source}: of each edition {', '.join(told)} parts are there; missing {missing[:2]}")

    def parts_wrong(self) -> Iterator[Finding]:
        """Parts that no page gives with models that were in use, or not like this."""
        right: PartSet = {}
        for wanted in (wanted for sets in self.sets.values() for wanted in sets):
            right |= wanted
        for topic, part in self.parts:
            if (key := key_of(topic, part)) not in right:
                yield Finding("invented", f"{part['id']} on {topic} by {key[2]}, which no page gives")
            elif timeless(part) != right[key]:
                yield Finding("wrong", f"{part['id']} on {topic} is not what its page gives")

    def letters_wrong(self) -> Iterator[Finding]:
        """Dead letters that are missing, or are not the record that died."""
        emptied = bool({"full-dead", "full-parts"} & self.run.faults)
        found = letters.by_source(self.run.records.letters)
        for source in found.keys() - self.wanted.keys():
            yield Finding("invented", f"a dead letter of {source}, which nobody fed")
        for source, told in self.outcomes.items():
            if "dead" in told and source in self.wanted:
                for what in letters.wrongs(self.wanted[source][0], found[source], emptied):
                    yield Finding("letter wrong", f"{source}: {what}")

    def reordered(self) -> Iterator[Finding]:
        """Versions of a page that came out in another order than they went in, repeats not counted."""
        if REFUSING & self.run.faults:
            return  # what a topic refuses for its size is tried again alone, behind others of its batch
        for page_id, sources in self.first_outcomes.items():
            if not _ascending(sources):
                yield Finding("reordered", f"outcomes of page {page_id}: {sources}")
        for (topic, page_id, _), sources in self._first_sightings().items():
            if not _ascending(sources):
                yield Finding("reordered", f"parts of page {page_id} on {topic}: {sources}")

    def _first_sightings(self) -> dict[tuple[str, str, str], list[str]]:
        """Of each page on each topic by each edition, the sources that its parts belong to, as they first came.

        What a crash leaves to another edition comes anew in its order. With several, nobody knows which of two equal
        pages was tagged by which: these are left out.
        """
        owners: dict[Key, list[str]] = defaultdict(list)
        for source in self.tagged:
            for key in (key for wanted in self.sets[source] for key in wanted):
                owners[key].append(source)
        seen: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for key, page_id in dict.fromkeys((key_of(topic, part), part["page_id"]) for topic, part in self.parts):
            if key in owners and (len(owners[key]) == 1 or len(self.sets[owners[key][0]]) == 1):
                seen[key[0], page_id, key[2]].append(owners[key][0])
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
        sets = (self.sets[source][self.tagged_by.get(source, 0)] for source in self.tagged)
        return {part_id for wanted in sets for _, part_id, _ in wanted}

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

    def counts(self) -> dict[str, Any]:
        """Numbers for the table; `repeats` are records of parts beyond one set for each page that says it is tagged."""
        by = Counter(self.tagged_by.values())
        return {
            "pages": len(self.wanted),
            "parts": len(self.sightings),
            "dead": sum("dead" in found for found in self.outcomes.values()),
            "trimmed": sum(self._is_trimmed(source) for source in self.wanted.keys() - self.outcomes.keys()),
            "repeats": sum(self.left.values()),
            "tagged_by": [by[edition] for edition in range(len(next(iter(self.sets.values()), ())))],
            "outcome_repeats": sum(len(found) - 1 for found in self.outcomes.values()),
        }


def _place(source: str) -> tuple[str, int, int]:
    topic, partition, offset = source.rsplit("/", 2)
    return topic, int(partition), int(offset)


def _ascending(sources: Sequence[str]) -> bool:
    return list(sources) == sorted(sources, key=_place)
