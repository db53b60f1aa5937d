"""The command line: all verbs are listed, `tag` and `classify` do their work, and exit codes say how it went."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fake_models import EXPLODES, MarkSplitter, WordClassifier

from models import store
from scripts import classify, cli, tag
from scripts.subscribe import Interruptible

PAGE = "# Cup final\nThe match was long.\n* Moon lander\n@ 2 hours ago"
ROW = {"url": "https://example.org/a", "id": "a", "text": PAGE, "fetched_at": "2026-01-05T20:00:00Z"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of artifacts whose models are our fakes."""
    folder = tmp_path_factory.mktemp("models")
    store.save("splitter", MarkSplitter(), {"version": "marks"}, folder)
    store.save("topics", WordClassifier(), {"version": "words", "topics": ["sport", "science"]}, folder)
    return folder


@pytest.fixture
def signals() -> Iterator[None]:
    """Have the signals of this process mean afterwards what they meant before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)}
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in before.items():
        signal.signal(number, handler)


def jsonl(path: Path, *rows: Any) -> str:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), "utf8")
    return str(path)


def run_tag(models: Path, *arguments: str, **given: Any) -> Result:
    return CliRunner().invoke(tag.command, ["--models", str(models), *arguments], **given)


def run_classify(models: Path, *arguments: str, **given: Any) -> Result:
    return CliRunner().invoke(classify.command, ["--models", str(models), *arguments], **given)


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Exit code of the whole command."""
    monkeypatch.setattr(sys, "argv", ["newsieve", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return 0 if end.value.code is None else int(end.value.code)


def test_a_mistyped_variable_is_told_once_and_stops_nothing(
    models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "page.txt").write_text(PAGE)
    environ = os.environ | {"NEWSIEVE_MODLES": str(models), "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-m", "scripts", "tag", "--models", str(models), str(tmp_path / "page.txt")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr.count("NEWSIEVE_MODLES is no setting; did you mean NEWSIEVE_MODELS?") == 1


def test_help_lists_every_verb_in_order_without_importing_it(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert main(monkeypatch, "--help") == 0
    listed = [
        line.split()[0]
        for line in capsys.readouterr().out.partition("Verbs:")[2].splitlines()
        if line.startswith("  ") and line[2] != " "
    ]
    assert listed == list(cli.VERBS)
    assert {
        "tag",
        "classify",
        "worker",
        "feed",
        "subscribe",
        "dead",
        "topics",
        "broker",
        "demo",
        "export",
        "label",
        "train",
    } <= set(listed)


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_has_help_of_its_own(verb: str) -> None:
    result = CliRunner().invoke(cli.command, [verb, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_tag_prints_a_valid_part_per_line_the_story_first(models: Path, tmp_path: Path, valid_part: Any) -> None:
    result = run_tag(models, jsonl(tmp_path / "a.jsonl", ROW, ROW | {"id": "b", "text": "* A match"}))
    assert (result.exit_code, result.stderr) == (0, "")
    parts = [valid_part(part) for part in lines(result.stdout)]
    assert [(part["page_id"], part["kind"]) for part in parts] == [("a", "story"), ("a", "teaser"), ("b", "teaser")]
    assert parts[1]["published_at"] == "2026-01-05T18:00:00Z"
    versions = {name: store.version_of(store.read_card(name, models)) for name in ("splitter", "topics")}
    assert parts[0]["models"] == versions
    assert [version.split("+")[0] for version in versions.values()] == ["marks", "words"]


def test_a_page_that_cannot_be_tagged_is_told_on_stderr_and_the_rest_goes_on(models: Path, tmp_path: Path) -> None:
    path = jsonl(
        tmp_path / "a.jsonl",
        ROW,
        "{broken",
        ROW | {"text": EXPLODES, "id": "x"},
        ROW | {"text": " "},
        ROW | {"id": "z"},
    )
    result = run_tag(models, path)
    assert result.exit_code == 1
    assert [part["page_id"] for part in lines(result.stdout)] == ["a", "a", "z", "z"]
    errors = lines(result.stderr)
    assert [(error["error"], error["source"], error["page_id"]) for error in errors] == [
        ("not-json", f"{path}/2/0", None), ("bug", f"{path}/3/0", "x"), ("no-text", f"{path}/4/0", "a")
    ]  # fmt: skip


def test_tag_reads_standard_input_as_text_or_json_lines(models: Path) -> None:
    text = run_tag(models, "--url", "u", input=PAGE)
    rows = run_tag(models, "-", input=json.dumps(ROW) + "\n")
    assert [part["url"] for part in lines(text.stdout)] == ["u", "u"]
    assert [part["headline"] for part in lines(text.stdout)] == [part["headline"] for part in lines(rows.stdout)]


def test_a_page_without_parts_is_no_failure(models: Path) -> None:
    result = run_tag(models, input="-\n-")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_a_missing_file_is_one_line_and_exit_code_1(models: Path) -> None:
    result = run_tag(models, "absent.txt")
    assert result.exit_code == 1
    assert result.stderr == "Error: absent.txt: No such file or directory\n"


@pytest.mark.parametrize(("run", "key"), [(run_tag, "page_id"), (run_classify, "id")])
def test_pages_beside_a_file_that_cannot_be_read_are_answered_all_the_same(
    models: Path, tmp_path: Path, run: Any, key: str
) -> None:
    first, last = (jsonl(tmp_path / f"{name}.jsonl", ROW | {"id": name, "text": "* A match"}) for name in "ab")
    result = run(models, first, "absent.jsonl", last)
    assert result.exit_code == 1
    assert [answer[key] for answer in lines(result.stdout)] == ["a", "b"]
    assert result.stderr == "Error: absent.jsonl: No such file or directory\n"


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such file names")
def test_a_bad_page_in_a_file_whose_name_is_no_text_is_told_too(models: Path, tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/caf\xe9.txt", "wb") as file:
        file.write(b"\xff")
    result = run_tag(models, str(tmp_path))
    assert result.exit_code == 1
    assert lines(result.stderr)[0]["error"] == "not-utf8"


def test_classify_answers_each_line_in_order(models: Path, tmp_path: Path) -> None:
    rows = [
        {"id": "1", "kind": "teaser", "headline": "A match", "text": ""},
        {"id": 2, "kind": "story", "headline": "A", "text": "B"}, {"headline": None},
        {"id": "3", "kind": "teaser", "headline": "Ein match", "language": "de"},
    ]  # fmt: skip
    result = run_classify(models, jsonl(tmp_path / "a.jsonl", *rows))
    assert (result.exit_code, result.stderr) == (0, "")
    answers = lines(result.stdout)
    assert [(answer["id"], answer["topic"], answer["confidence"]) for answer in answers] == [
        ("1", "sport", 0.9), (2, "unclear", 0.4), (None, "unclear", 0.4), ("3", "unclear", 0.0)
    ]  # fmt: skip
    assert answers[0]["topics"][0] == {"topic": "sport", "qcode": "medtop:15000000", "confidence": 0.9}
    assert answers[3]["topics"] == []


def test_classify_reads_a_file_that_starts_with_a_byte_order_mark(models: Path) -> None:
    result = run_classify(models, input="\ufeff" + json.dumps({"id": "1", "headline": "A match"}) + "\n")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [(answer["id"], answer["topic"]) for answer in lines(result.stdout)] == [("1", "sport")]


def test_classify_tells_lines_it_cannot_read_on_stderr_and_goes_on(models: Path, tmp_path: Path) -> None:
    path = jsonl(
        tmp_path / "a.jsonl",
        "{",
        "[]",
        {"id": "a", "headline": 5},
        {"id": 7, "language": ["en"], "headline": "x"},
        {"id": "z", "headline": "A match"},
    )
    result = run_classify(models, path)
    assert result.exit_code == 1
    assert [answer["id"] for answer in lines(result.stdout)] == ["z"]
    assert [(error["error"], error["source"], error["id"]) for error in lines(result.stderr)] == [
        ("not-json", f"{path}/1/0", None), ("not-page", f"{path}/2/0", None),
        ("not-page", f"{path}/3/0", "a"), ("not-page", f"{path}/4/0", 7),
    ]  # fmt: skip


def test_short_texts_are_english_and_long_ones_are_detected(models: Path, tmp_path: Path) -> None:
    german = "Der Bundestag hat am Donnerstag nach langer Debatte ein neues Gesetz über die Häfen beschlossen."
    result = run_classify(
        models, jsonl(tmp_path / "a.jsonl", {"headline": "Die match"}, {"headline": german + " match"})
    )
    assert [answer["topic"] for answer in lines(result.stdout)] == ["sport", "unclear"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["tagg"], ["tag", "--no-such-option"], ["subscribe", "--kind", "video"], ["tag", "--models", "absent"],
        ["subscribe", "--group", ""], ["worker", "--supervise", "2", "--metrics", "65535"], ["label", "0a", "sport"],
    ],
)  # fmt: skip
@pytest.mark.usefixtures("signals")
def test_wrong_use_is_exit_code_2(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    assert main(monkeypatch, *arguments) == 2


def test_a_bad_setting_is_wrong_use_and_one_line(monkeypatch: pytest.MonkeyPatch, capsys: Any, models: Path) -> None:
    monkeypatch.setenv("NEWSIEVE_MAX_PAGE_BYTES", "2 MiB")
    assert main(monkeypatch, "tag", "--models", str(models), os.devnull) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_refused_model_is_exit_code_2_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path
) -> None:
    assert main(monkeypatch, "tag", "--models", str(tmp_path), os.devnull) == 2
    error = capsys.readouterr().err
    assert error.startswith("newsieve: ")
    assert error.count("\n") == 1


def test_a_size_setting_reaches_the_page(monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    monkeypatch.setenv("NEWSIEVE_MAX_PAGE_BYTES", "10")
    result = run_tag(models, input=PAGE)
    assert (result.exit_code, lines(result.stderr)[0]["error"]) == (1, "too-large")


@pytest.mark.parametrize("pages", [1, 2_000])
def test_a_reader_that_has_enough_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capfd: Any, models: Path, tmp_path: Path, pages: int
) -> None:
    """Whether the pipe breaks while parts are printed, or only when the last are flushed."""
    path = jsonl(tmp_path / "a.jsonl", *[ROW | {"id": str(number)} for number in range(pages)])
    read_end, write_end = os.pipe()
    os.close(read_end)
    with open(write_end, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert main(monkeypatch, "tag", "--models", str(models), path) == 0
    assert capfd.readouterr().err == ""


LOOK = """
import sys
from scripts import classify, cli
try:
    cli.command(sys.argv[1:])
finally:
    print([name for name in ("faust", "aiokafka", "mode") if name in sys.modules], file=sys.stderr)
"""


def test_tagging_waits_neither_for_faust_nor_for_a_kafka_client(models: Path, tmp_path: Path) -> None:
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "NEWSIEVE_MODELS": str(models)}
    command = [sys.executable, "-c", LOOK, "tag", jsonl(tmp_path / "a.jsonl", ROW)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (len(lines(done.stdout)), done.stderr.strip()) == (2, "[]")


def test_what_is_printed_in_a_pipe_is_utf_8_json_whatever_the_page_holds(models: Path) -> None:
    odd = "# \u202e🙂\x1b[31m\x00"
    result = run_tag(models, input=io.BytesIO(json.dumps(ROW | {"text": odd}).encode()))
    assert lines(result.stdout)[0]["headline"] == odd


def test_a_folder_without_pages_is_told(models: Path, tmp_path: Path) -> None:
    result = run_tag(models, str(tmp_path))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"no page in {tmp_path}\n")


@pytest.mark.usefixtures("signals")
def test_a_part_that_is_being_written_when_we_are_told_to_stop_is_written_to_its_end() -> None:
    """Half of it shown and none of it taken, it would be shown again; then the task ends."""
    shown: list[Any] = []

    def show(fields: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        shown.append(fields)

    async def work() -> None:
        write = Interruptible(show)
        write({"id": "a"})
        assert not write.was_interrupted
        await asyncio.sleep(10)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(work())
    assert shown == [{"id": "a"}]
