"""`newsieve label` knows who labels, and refuses in one line what cannot be a label, before it asks for Kafka."""

import io
import os
import pwd
import sys

import pytest

from scripts import cli
from scripts.label import you

PART = "0" * 32


def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said of wrong use: one line."""
    monkeypatch.setattr(sys, "argv", ["newsieve", "label", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    (line,) = capsys.readouterr().err.splitlines()
    assert end.value.code == 2
    return line


def test_who_has_no_name_on_the_machine_goes_by_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user of a container need not have an entry in its passwd."""

    def nobody(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert you() == str(os.getuid())


def test_a_name_that_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(monkeypatch, capsys, PART, "sport", "--by", "\udcff")
    assert said == r"newsieve: --by '\udcff' is not UTF-8"


@pytest.mark.parametrize(
    ("stdin", "said"),
    [
        (io.TextIOWrapper(io.BytesIO(b"\xff\n"), "utf8"), "standard input is not UTF-8; each of its lines is "),
        (io.StringIO("0a sport"), "'0a' is no part's id: "),
        (io.StringIO(f"{PART} chess"), "no topic 'chess'; topics are "),
        (None, "standard input is closed; name "),
    ],
)
def test_lines_that_are_no_labels_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stdin: io.TextIOBase | None, said: str
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    assert refusal(monkeypatch, capsys, "-").startswith(f"newsieve: {said}")
