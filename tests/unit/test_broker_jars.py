"""Kafka's jars: what is pinned is what runs."""

import hashlib
import sys
import types
from pathlib import Path

import pytest

from models.errors import BrokerError
from streams.broker.jars import Pin, fetch_jars, jars_folder, kafka_version, missing_jars, read_pins

CONTENT = b"not really a jar"
PIN = Pin("org.example", "thing", "1.0", hashlib.sha256(CONTENT).hexdigest())


class FakeCentral:
    """Stands in for jgo.maven: serves `content` for every jar, or fails as jgo does."""

    def __init__(self, content: bytes | Exception) -> None:
        self.content = content

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = types.ModuleType("jgo.maven")
        module.MavenContext = self.context  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "jgo.maven", module)

    def context(self, repo_cache: Path) -> "FakeCentral":
        self.cache = repo_cache
        return self

    def project(self, _group: str, artifact: str) -> "FakeCentral":
        self.artifact_name = artifact
        return self

    def at_version(self, _version: str) -> "FakeCentral":
        return self

    def artifact(self) -> "FakeCentral":
        return self

    def resolve(self) -> Path:
        path = self.cache / f"{self.artifact_name}.jar"
        if isinstance(self.content, Exception):
            path.write_bytes(b"half")
            raise self.content
        path.write_bytes(self.content)
        return path


def put(folder: Path, content: bytes) -> Path:
    path = folder / PIN.path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def jars_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*.jar"))


def test_every_pin_names_one_jar_and_a_sha256():
    pins = read_pins()
    assert len({(pin.group, pin.artifact) for pin in pins}) == len(pins) == 47
    assert all(len(pin.sha256) == 64 and set(pin.sha256) <= set("0123456789abcdef") for pin in pins)


def test_all_of_kafka_is_pinned_to_one_version_console_tools_included():
    versions = {pin.artifact: pin.version for pin in read_pins() if pin.group == "org.apache.kafka"}
    assert set(versions.values()) == {kafka_version()} == {"4.3.1"}
    assert "kafka-tools" in versions


def test_a_cached_jar_needs_neither_jgo_nor_a_progress_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    jar = put(tmp_path, CONTENT)
    told: list[object] = []
    assert fetch_jars(tmp_path, lambda *told_now: told.append(told_now), [PIN]) == [jar]
    assert not told


def test_a_cached_jar_that_was_altered_is_deleted_and_refused_in_one_line(tmp_path: Path):
    jar = put(tmp_path, b"altered")
    with pytest.raises(BrokerError, match=r"thing-1\.0\.jar: sha256 .* deleted") as refusal:
        fetch_jars(tmp_path, pins=[PIN])
    assert "\n" not in str(refusal.value)
    assert not jar.exists()


def test_a_jar_that_arrives_altered_never_reaches_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    FakeCentral(b"altered on the way").install(monkeypatch)
    with pytest.raises(BrokerError, match="is not the pinned"):
        fetch_jars(tmp_path, pins=[PIN])
    assert not jars_in(tmp_path)


def test_an_arriving_jar_is_cached_where_maven_would_have_it_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    FakeCentral(CONTENT).install(monkeypatch)
    told: list[object] = []
    paths = fetch_jars(tmp_path, lambda *told_now: told.append(told_now), [PIN])
    assert paths == [tmp_path / "org" / "example" / "thing" / "1.0" / "thing-1.0.jar"]
    assert paths[0].read_bytes() == CONTENT
    assert told == [("thing 1.0", 1, 1)]
    assert not missing_jars(tmp_path, [PIN])


def test_a_download_that_breaks_off_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    FakeCentral(RuntimeError("Artifact not found")).install(monkeypatch)
    with pytest.raises(BrokerError, match=r"thing 1\.0 cannot be fetched from Maven Central"):
        fetch_jars(tmp_path, pins=[PIN])
    assert not jars_in(tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_a_network_the_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("jgo")
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the discard port: nobody listens
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BrokerError, match=r"cannot be fetched .*connect to the internet once.*NEWSIEVE_BROKER_JARS"):
        fetch_jars(tmp_path, pins=[PIN])


def test_without_jgo_the_line_names_the_extra_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    with pytest.raises(BrokerError, match=r"pip install 'newsieve\[broker\]'"):
        fetch_jars(tmp_path, pins=[PIN])


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BrokerError, match="file: cannot keep Kafka's jars there"):
        fetch_jars(tmp_path / "file", pins=[PIN])


def test_the_cache_is_the_users_unless_one_is_chosen(tmp_path: Path):
    assert jars_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "newsieve" / "jars"
    assert jars_folder({"NEWSIEVE_BROKER_JARS": str(tmp_path)}) == tmp_path
    assert jars_folder({}) == Path.home() / ".cache" / "newsieve" / "jars"
