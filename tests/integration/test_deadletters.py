"""Rubbish on pages.raw, on a real Kafka: each record dead under its slug, byte for byte, and the worker lives."""

import base64
import json

import pytest

from tests.integration.pipeline import sample_pages

pytestmark = pytest.mark.kafka

HEADERS = (("trace", b"1"), ("trace", b"2"), ("none", None), ("bytes", b"\xff\x00"))
PLAIN = (("content-type", b"text/plain; charset=utf-8"), *HEADERS)
KEYS = {HEADERS: b"no url, nor text: \xff", PLAIN: b"https://a.example/plain"}


def page(text: str) -> bytes:
    return json.dumps({"url": "https://a.example/x", "text": text}).encode()


RUBBISH = {
    "invalid UTF-8": ("not-utf8", b'{"url": "\xff\xfe"}', HEADERS),
    "broken JSON": ("not-json", b'{"url": "https://a.example/x", "text": ', HEADERS),
    "JSON of the wrong shape": ("not-page", b'{"title": "no url"}', HEADERS),
    "JSON null": ("not-page", b"null", HEADERS),
    "a tombstone": ("no-value", None, HEADERS),
    "empty text": ("no-text", page(""), HEADERS),
    "an HTML document": ("is-html", page("<!doctype html><html><body><p>Hello</p></body></html>"), HEADERS),
    "an HTML document as plain text": ("is-html", b"<html><body><p>Hello</p></body></html>", PLAIN),
    "20 MB": ("too-large", b"x" * 20_000_000, HEADERS),
    "a million empty lines": ("no-text", page("\n" * 1_000_000), HEADERS),
    "one 5 MB line": ("too-large", page("word " * 1_000_000), HEADERS),
    "binary": ("not-utf8", bytes(range(256)), PLAIN),
    "empty bytes": ("not-json", b"", HEADERS),
}


def test_rubbish_is_dead_and_the_worker_lives(pipeline):
    """Each kind of rubbish is dead under its slug with key, bytes and headers as they came; good pages pass between."""
    good = sample_pages()[0]
    records = []
    for n, (_, value, headers) in enumerate(RUBBISH.values()):
        records += [(KEYS[headers], value, headers), (None, page(f"{good.text}\n{n}"), ())]
    with pipeline.worker() as worker:
        pipeline.send(records)
        outcomes = pipeline.wait_for_outcomes(len(records))
        assert worker.poll() is None
    by_offset = {int(outcome["source"].split("/")[2]): outcome for outcome in outcomes}
    wanted = [slug for slug, _, _ in RUBBISH.values()]
    assert [by_offset[2 * n].get("error") for n in range(len(wanted))] == wanted
    assert {by_offset[2 * n + 1]["outcome"] for n in range(len(wanted))} == {"tagged"}
    letters = {letter.header("source").decode(): letter for letter in pipeline.dead()}
    for n, (slug, value, headers) in enumerate(RUBBISH.values()):
        letter = letters[f"pages.raw/0/{2 * n}"]
        assert (letter.header("error").decode(), letter.key, letter.value) == (slug, KEYS[headers], value)
        assert [
            (key, None if content is None else base64.b64decode(content))
            for key, content in json.loads(letter.header("original-headers"))
        ] == list(headers)


def test_replayed_letters_come_as_they_were(pipeline):
    """`dead --replay` puts each letter back once, byte for byte, with the number of attempts as the only new header."""
    values = [b"not json", b"\xff\xfe", page(sample_pages()[0].text * 900)]
    pipeline.send([(b"key", value, HEADERS) for value in values])
    with pipeline.worker():
        pipeline.wait_for_outcomes(3)
    listed = [json.loads(line) for line in pipeline.run("dead").stdout.splitlines()]
    assert [letter["error"] for letter in listed] == ["not-json", "not-utf8", "too-large"]
    pipeline.run("dead", "--replay")
    assert b"0 pages" in pipeline.run("dead", "--replay").stderr
    replayed = sorted(
        (r for r in pipeline.records("pages.raw") if r.header("newsieve-attempts")), key=lambda r: r.value or b""
    )
    assert [r.value for r in replayed] == sorted(values)
    assert {(r.key, r.headers) for r in replayed} == {(b"key", (*HEADERS, ("newsieve-attempts", b"1")))}
    pipeline.environ["NEWSIEVE_MAX_PAGE_BYTES"] = str(16 * 2**20)
    with pipeline.worker():
        outcomes = pipeline.wait_for_outcomes(6)
    assert sorted(o["outcome"] for o in outcomes) == ["dead"] * 5 + ["tagged"]
    for options, attempts in ((["--all"], [0, 1]), ([], [1])):
        again = pipeline.run("dead", "--error", "not-json", *options).stdout.splitlines()
        assert [json.loads(line)["attempts"] for line in again] == attempts


def test_letters_put_back_by_name_are_not_put_back_again_unless_named(pipeline):
    """`dead --replay` leaves what was put back by its source or its error; a name that no letter has is an error."""
    pipeline.send([(b"key", value, ()) for value in (b"1", b"\xff", b"2", b"3")])
    with pipeline.worker():
        pipeline.wait_for_outcomes(4)
    listed = [json.loads(line) for line in pipeline.run("dead").stdout.splitlines()]
    third = next(letter["source"] for letter in listed if letter["source"].endswith("/2"))
    for options, count in (
        ([third, "--replay"], 1),
        (["--error", "not-utf8", "--replay"], 1),
        (["--error", "not-utf8", "--replay"], 0),
        (["--replay"], 2),
        (["--replay"], 0),
        ([third.replace("/0/", "[0]@"), "--replay"], 1),  # as it is logged
    ):
        assert b"%d pages put back" % count in pipeline.run("dead", *options).stderr
    replayed = [r.value for r in pipeline.records("pages.raw") if r.header("newsieve-attempts")]
    assert sorted(replayed) == sorted([b"1", b"\xff", b"2", b"2", b"3"])
    assert pipeline.run("dead").stdout == b""
    assert [json.loads(line)["replayed"] for line in pipeline.run("dead", "--all").stdout.splitlines()] == [True] * 4
    for options in (["nonsense"], ["nonsense", "--replay"], [third, "nonsense"]):
        done = pipeline.run("dead", *options, check=False)
        assert done.returncode == 1
        assert b"no dead letter of nonsense; `newsieve dead` lists those that there are" in done.stderr
    assert third.encode() in done.stdout


def test_a_record_that_no_topic_takes_stops_no_worker(pipeline):
    """A page of 40 MB that compression brings under the limit of pages.raw is dead without its value, once."""
    records = [(b"bomb", b"x" * 40_000_000, HEADERS), (None, page(sample_pages()[0].text), ())]
    pipeline.send(records, compression_type="gzip", max_request_size=64 * 2**20)
    with pipeline.worker() as worker:
        outcomes = pipeline.wait_for_outcomes(2)
        assert worker.poll() is None
    assert sorted(outcome["outcome"] for outcome in outcomes) == ["dead", "tagged"]
    [letter] = pipeline.dead()
    assert (letter.key, letter.value, letter.header("error")) == (b"bomb", None, b"too-large")
    assert letter.header("source") == b"pages.raw/0/0"
    pipeline.send([(b"key", b"1", ())])
    with pipeline.worker():
        pipeline.wait_for_outcomes(3)
    replayed = pipeline.run("dead", "--replay")
    assert b"too large to be kept" in replayed.stderr
    assert b"1 pages put back" in replayed.stderr
    (line,) = pipeline.run("dead").stdout.splitlines()
    assert json.loads(line)["key"] == "bomb", "it was not put back, also where the one behind it was"


def test_a_letter_that_pages_raw_refuses_holds_up_no_other(pipeline):
    """A page of 32.5 MB is kept, but too large to be put back as it is; those before and behind it are, and once."""
    large = b"\xff" + b"x" * (32 * 2**20 + 500_000)
    pipeline.send([(b"key", b"1", ())])
    pipeline.send([(b"key", large, ())], compression_type="gzip", max_request_size=64 * 2**20)
    pipeline.send([(b"key", b"2", ())])
    with pipeline.worker():
        pipeline.wait_for_outcomes(3)
    first = pipeline.run("dead", "--replay", check=False)
    assert first.returncode == 1
    assert b"pages.raw/0/1 is larger than pages.raw takes; raise its max.message.bytes" in first.stderr
    assert b"2 pages put back" in first.stderr
    assert b"0 pages put back" in pipeline.run("dead", "--replay", check=False).stderr
    (line,) = pipeline.run("dead").stdout.splitlines()
    assert json.loads(line)["source"] == "pages.raw/0/1"
