"""The broker's folder: nobody else's files, nobody else's process."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from models.errors import BrokerError
from scripts.broker import command
from streams.broker import LocalBroker
from streams.broker import folder as files
from streams.broker.folder import ALIVE, DATA, LOG, MARKER, Running, cluster_id, last_error, prepare_log
from streams.broker.processes import end, started_at


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that has nothing to do with Kafka."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A broker's folder in which nothing has run yet."""
    folder = tmp_path / "broker"
    with files.guarded(folder):
        return folder


def note(pid: int, started: str) -> Running:
    return Running(pid, started, port=9092, controller_port=9093, memory_mb=512, log_from_bytes=0)


def test_a_folder_with_someones_files_is_refused_and_left_as_it_is(tmp_path: Path):
    (tmp_path / "letter.txt").write_text("mine")
    (tmp_path / DATA).mkdir()
    broker = LocalBroker(tmp_path, port=0)
    for verb in (broker.start, broker.reset):
        with pytest.raises(BrokerError, match="is no broker's folder"):
            verb()
    assert sorted(path.name for path in tmp_path.iterdir()) == [DATA, "letter.txt"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BrokerError, match=r"the broker cannot use .*file/broker: Not a directory") as refusal:
        LocalBroker(tmp_path / "file" / "broker", port=0).start()
    assert "\n" not in str(refusal.value)


def test_reset_deletes_the_records_and_changes_the_cluster_but_keeps_a_strangers_file(own: Path):
    before = cluster_id(own)
    (own / DATA).mkdir()
    (own / "letter.txt").write_text("mine")
    assert LocalBroker(own).reset()
    assert cluster_id(own) != before
    assert not (own / DATA).exists()
    assert (own / "letter.txt").exists()


def test_reset_and_stop_of_a_folder_that_is_not_there_make_none(tmp_path: Path):
    broker = LocalBroker(tmp_path / "none")
    assert not broker.reset()
    assert not broker.stop()
    assert not broker.folder.exists()


def test_a_cluster_id_is_16_bytes_as_kafka_writes_them(own: Path):
    for _ in range(100):
        files.new_cluster(own)
        assert len(cluster_id(own)) == 22
        assert not cluster_id(own).startswith("-")


def test_a_stale_note_is_not_a_running_kafka_and_its_recycled_pid_is_not_killed(own: Path, sleeper):
    files.write_running(own, note(sleeper.pid, "another start"))
    broker = LocalBroker(own)
    assert not broker.is_running()
    assert not broker.stop()
    assert sleeper.poll() is None
    assert not (own / files.RUNNING).exists()


def test_stop_ends_the_process_that_the_note_names(own: Path, sleeper):
    files.write_running(own, note(sleeper.pid, started_at(sleeper.pid)))
    broker = LocalBroker(own)
    assert broker.is_running()
    assert broker.stop()
    assert sleeper.wait() != 0


def test_a_process_that_ended_and_was_not_reaped_counts_as_gone(sleeper):
    started = started_at(sleeper.pid)
    end(sleeper.pid, started)
    assert started_at(sleeper.pid) is None


def test_a_damaged_note_is_no_note(own: Path):
    for text in ("", "{", "[]", '{"pid": 1}', "null"):
        (own / files.RUNNING).write_text(text)
        assert files.read_running(own) is None


def test_a_kafka_that_nobody_noted_keeps_a_second_one_out(own: Path):
    with (own / ALIVE).open("wb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        with pytest.raises(BrokerError, match=r"a Kafka runs in .* that running\.json does not name"):
            LocalBroker(own, port=0).start()


def test_too_little_memory_is_refused_before_anything_is_written(tmp_path: Path):
    with pytest.raises(BrokerError, match="8 MB is too little"):
        LocalBroker(tmp_path / "none", memory_mb=8).start()
    assert not (tmp_path / "none").exists()


LOGS = {
    "the innermost cause": (
        "2026-01-01T10:00:00,0 INFO KafkaRaftServer: starting\n"
        "2026-01-01T10:00:00,0 ERROR KafkaRaftServer: Exiting Kafka due to fatal exception\n"
        "org.apache.kafka.common.KafkaException: cannot bind\n\tat kafka.Kafka.main(Kafka.scala:1)\n"
        "Caused by: java.net.BindException: Address already in use\n\t... 3 more\n",
        "java.net.BindException: Address already in use",
    ),
    "an exception without a cause": (
        'Exception in thread "main" java.lang.RuntimeException: No readable meta.properties\n\tat x.Y.z(Y.java:1)\n',
        "java.lang.RuntimeException: No readable meta.properties",
    ),
    "java's own last word": (
        "Error occurred during initialization of VM\nToo small maximum heap\n",
        "Too small maximum heap",
    ),
    "nothing but news": (
        "2026-01-01T10:00:00,0 INFO KafkaRaftServer: Kafka Server started\n",
        "no error in its log; was it killed?",
    ),
}


@pytest.mark.parametrize(("log", "told"), LOGS.values(), ids=LOGS.keys())
def test_the_line_shown_of_a_crash_is(tmp_path: Path, log: str, told: str):
    earlier = "java.io.IOException: of an earlier start\n"
    (tmp_path / LOG).write_text(earlier + log)
    assert last_error(tmp_path / LOG, since=len(earlier)) == told


def test_a_log_that_grew_too_long_is_set_aside(tmp_path: Path):
    with (tmp_path / LOG).open("wb") as log:
        os.truncate(log.fileno(), files.LONGEST_LOG_BYTES + 1)
    prepare_log(tmp_path)
    assert (tmp_path / LOG).stat().st_size == 0
    assert (tmp_path / f"{LOG}.1").exists()


def test_status_tells_a_kafka_that_never_ran_from_one_that_ended_by_itself(own: Path):
    never = CliRunner().invoke(command, ["status", "--folder", str(own)])
    assert (never.exit_code, never.output.splitlines()[0]) == (1, "kafka:   not running")
    files.write_running(own, note(os.getpid(), "another start"))
    (own / LOG).write_text("java.lang.OutOfMemoryError: Java heap space\n")
    ended = CliRunner().invoke(command, ["status", "--folder", str(own)])
    assert ended.exit_code == 1
    assert "it ended by itself: java.lang.OutOfMemoryError: Java heap space" in ended.output


def test_the_marker_is_what_makes_a_folder_ours(own: Path):
    assert files.is_own(own)
    (own / MARKER).unlink()
    assert not files.is_own(own)
