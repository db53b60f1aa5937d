"""Fuzzes decoder and whole tagger with atheris, guided by coverage: `python -m tests.faults.fuzz -max_total_time=600`.

atheris is no dependency of the project: install it where this is run. Every input is a record of `pages.raw` and, the
same bytes, one of a topic of parts and one of `pages.dead`. What is found ends the run with the input in a file
`crash-…`; give that file as the argument to see it again. Options are libFuzzer's.
"""

import sys
from typing import Any

import orjson

MAX_PAGE_BYTES = 1 << 16
MOST_LINES = 80
PIECES = [
    *("", "", "", "# ", "## ", "* ", "- ", "> ", "1. ", "By ", "Read more: ", "Advertisement", "Share", "Comments (3)"),
    *("15 hours ago", "3 min read", "2026-01-05", "Related", "The match was long, and nobody was glad of it. ", "»"),
    *("\u200b", "\ufeff", "\r", "\t", "\x00", "\u2028", "e\u0301"),
]
"""How lines of pages begin, so that the fuzzer need not find out."""


def main() -> None:
    """Fuzz until told to stop."""
    import atheris

    with atheris.instrument_imports(include=["streams", "models"]):
        from models import store
        from models.tagger import load_tagger
        from streams import deadletters, outcomes, records, sieve  # noqa: F401

        tagger = load_tagger(store.SHIPPED)  # which imports the models' own modules

    def one(given: bytes) -> None:
        fuzzed = atheris.FuzzedDataProvider(given)
        kind = fuzzed.ConsumeIntInRange(0, 3)
        value = page(fuzzed) if kind else fuzzed.ConsumeBytes(1 << 16)
        check(value, kind == 1, tagger)

    def page(fuzzed: Any) -> bytes:
        if fuzzed.ConsumeBool():
            return fuzzed.ConsumeUnicodeNoSurrogates(1 << 14).encode()  # type: ignore[no-any-return]
        url, text = fuzzed.ConsumeUnicodeNoSurrogates(40), lines(fuzzed)
        fields = {"url": url, "text": text, "fetched_at": fuzzed.PickValueInList([None, "2026-01-05T10:00:00Z", url])}
        return orjson.dumps(fields)

    def lines(fuzzed: Any) -> str:
        count = fuzzed.ConsumeIntInRange(0, MOST_LINES)
        return "\n".join(piece(fuzzed) + piece(fuzzed) for _ in range(count))

    def piece(fuzzed: Any) -> str:
        return str(fuzzed.PickValueInList(PIECES) + fuzzed.ConsumeUnicodeNoSurrogates(fuzzed.ConsumeIntInRange(0, 60)))

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


def check(value: bytes, is_plain: bool, tagger: Any) -> None:
    """What must hold of any record: one outcome, no error, no line claimed twice, and readers that never raise."""
    from streams.outcomes import results_of
    from streams.records import RawRecord
    from streams.sieve import read_part

    headers = (("content-type", b"text/plain"),) if is_plain else ()
    raw = RawRecord("pages.raw", 0, 0, value[:40], value, headers)
    [result] = results_of([raw], tagger, MAX_PAGE_BYTES)
    out = [*result.records("2026-01-05T10:00:00Z"), result.done("2026-01-05T10:00:00Z")]
    assert result.outcome in ("tagged", "empty", "dead")
    assert getattr(result.page, "slug", "") != "bug", result.page
    if result.outcome == "dead":
        assert (out[0].key, out[0].value) == (raw.key, value)
    parts = {part["id"]: part for part in (read_part(record.value) for record in out[:-1]) if part}
    assert result.outcome != "tagged" or len(parts) == len(result.parts)
    claimed = [number for part in parts.values() for numbers in part["lines"].values() for number in numbers]
    assert len(claimed) == len(set(claimed)), claimed
    read_part(value)
    _read_letter(value)


def _read_letter(value: bytes) -> None:
    from types import SimpleNamespace

    from streams.deadletters import read_letter

    headers = [("original-headers", value), ("source", value), ("newsieve-attempts", value)]
    record = SimpleNamespace(topic="pages.dead", partition=0, offset=0, key=None, value=value, headers=headers)
    record.timestamp = 0
    letter = read_letter(record)  # type: ignore[arg-type]
    letter.replay()


if __name__ == "__main__":
    main()
