"""`newsieve classify`: headlines and texts in, topics out, without Kafka."""

import codecs
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click
import orjson
from rich.console import Console

from models import language, store
from models.errors import PageError
from models.page import Text, Verdict
from models.tagger import UNSERVED, is_served
from scripts import render, sources
from scripts.options import models_folder, models_option, settings_of
from scripts.progress import tracked
from scripts.tag import batched
from streams.records import RawRecord

BATCH_TEXTS = 256
SHORTEST_DETECTED_LETTERS = 40
"""Shorter texts are taken for English: a detector is wrong too often on them."""


@click.command
@click.argument("files", nargs=-1, metavar="[FILE.jsonl|-]")
@models_option
@click.option("--json", "as_json", is_flag=True, help="JSON lines on a terminal too.")
def command(files: tuple[str, ...], as_json: bool, **options: object) -> None:
    """Tell the topics of headlines and texts.

    Each line is {"id", "kind": "story"|"teaser", "headline", "text", "language"?}; without a language, a text of under
    40 characters is English and a longer one is detected. Prints {"id", "topic", "confidence", "topics"} for each, in
    order; a line that cannot be read becomes an error record with its id on stderr, a file that cannot be read a line
    of it, the rest goes on, and the exit code is 1.
    """
    classifier, _ = store.load("topics", models_folder(settings_of(**options)))
    names = files or (sources.STDIN,)
    readable = sys.stdout.isatty() and not as_json
    failed = False
    unread: list[str] = []
    lines = sources.raw_records(names, unread=unread)
    for batch in batched(tracked(lines, "classifying", sources.count_bytes(names)), BATCH_TEXTS):
        rows = [(raw, read_row(raw)) for raw in batch]
        failed |= any(isinstance(row, PageError) for _, row in rows)
        for raw, error in rows:
            if isinstance(error, PageError):
                print_error(raw, error)
        show([row for _, row in rows if not isinstance(row, PageError)], classifier, readable)
    sys.exit(1 if failed or unread else 0)


def read_row(raw: RawRecord) -> dict[str, Any] | PageError:
    """The row of one line, or the error that says why it is none, and its id; a row without a kind is a teaser's."""
    try:
        row = orjson.loads((raw.value or b"").removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError as error:
        return PageError("not-json", str(error))
    if not isinstance(row, dict):
        return PageError("not-page", "a line must be a JSON object")
    wrong = what_is_wrong(row)
    return PageError("not-page", wrong, page_id=row.get("id")) if wrong else row


def what_is_wrong(row: dict[str, Any]) -> str | None:
    """Why an object is no row, in one line."""
    if row.get("kind") not in ("story", "teaser", None):
        return f"'kind' must be story or teaser, not {row['kind']!r}"
    wrong = [name for name in ("headline", "text", "language") if not isinstance(row.get(name) or "", str)]
    return f"{wrong[0]!r} must be a string" if wrong else None


def print_error(raw: RawRecord, error: PageError) -> None:
    """One JSON line on stderr, as `newsieve tag` has it, but with the row's `id`, as it was given."""
    fields = {"error": error.slug, "detail": error.detail, "source": raw.source, "id": error.page_id}
    print(orjson.dumps(fields).decode(), file=sys.stderr)


def show(rows: Sequence[dict[str, Any]], classifier: Any, readable: bool) -> None:
    """Classify the rows and print a line for each."""
    for row, verdict in zip(rows, verdicts(rows, classifier), strict=True):
        fields = {
            "id": row.get("id"),
            "topic": verdict.topic,
            "confidence": round(verdict.confidence, 4),
            "topics": [
                {"topic": g.topic, "qcode": g.qcode, "confidence": round(g.confidence, 4)} for g in verdict.guesses
            ],
        }
        if readable:
            Console().print(render.verdict_row(fields, row.get("headline") or row.get("text") or ""))
        else:
            sys.stdout.write(orjson.dumps(fields).decode() + "\n")


def verdicts(rows: Sequence[dict[str, Any]], classifier: Any) -> Iterator[Verdict]:
    """A verdict for each row, in order; rows in a language that is not served have no topic."""
    served = [is_served(code, _read(row)) for code, row in zip(languages(rows), rows, strict=True)]
    classified = iter(classifier.classify([text_of(row) for row, serve in zip(rows, served, strict=True) if serve]))
    return (next(classified) if serve else UNSERVED for serve in served)


def languages(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The language of each row: as given, else English for the shortest and detected for the others."""
    joined = [_read(row) for row in rows]
    detected = language.detect(joined)
    return [
        row.get("language") or ("en" if len(text) < SHORTEST_DETECTED_LETTERS else guess)
        for row, text, guess in zip(rows, joined, detected, strict=True)
    ]


def _read(row: dict[str, Any]) -> str:
    return f"{row.get('headline') or ''}\n{row.get('text') or ''}".strip()


def text_of(row: dict[str, Any]) -> Text:
    """What the classifier reads of a row."""
    return Text("story" if row.get("kind") == "story" else "teaser", row.get("headline") or "", row.get("text") or "")
