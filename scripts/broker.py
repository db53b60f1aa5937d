"""`newsieve broker`: a real Kafka on this machine, with no Docker and no Java to install."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from scripts.options import say, talk
from streams.broker import BrokerError, JarProgress, LocalBroker, broker_folder, kafka_version
from streams.broker.server import LEAST_MEMORY_MB
from streams.settings import Settings

folder_option = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where it keeps its records [NEWSIEVE_BROKER_FOLDER; newsieve/broker in your data folder].",
)


@click.group
def command() -> None:
    """Start and stop a real Kafka on this machine."""


@command.command
@folder_option
@click.option("--port", type=click.IntRange(1, 65535), help="Where it listens [the port of NEWSIEVE_BROKER, 9092].")
@click.option(
    "--memory-mb",
    type=click.IntRange(LEAST_MEMORY_MB),
    help="Most that its heap may take [NEWSIEVE_BROKER_MEMORY_MB, 512].",
)
@click.option("--foreground", is_flag=True, help="Stay until Ctrl-C or SIGTERM, and stop it then.")
def start(folder: Path | None, port: int | None, memory_mb: int | None, foreground: bool) -> None:
    """Start Kafka and wait until it serves; it outlives the terminal."""
    broker = LocalBroker.from_env(os.environ, folder=folder, port=port, memory_mb=memory_mb)
    if foreground:
        _stay(broker)
        return
    started = _start(broker, tied=False)
    say(f"Kafka {kafka_version()} {'listens' if started else 'runs already'} on {broker.bootstrap}; log: {broker.log}")
    if str(broker.port) != Settings.from_env(os.environ).broker.rpartition(":")[2]:
        say(f"Tell the other verbs: export NEWSIEVE_BROKER={broker.bootstrap}")


@command.command
@folder_option
def stop(folder: Path | None) -> None:
    """Stop Kafka; its records stay."""
    stopped = _broker(folder).stop()
    say("Kafka stopped" if stopped else "Kafka was not running")


@command.command
@folder_option
@click.pass_context
def status(ctx: click.Context, folder: Path | None) -> None:
    """Print whether Kafka runs, and where; exit code 1 when it does not."""
    broker = _broker(folder)
    for name, value in _facts(broker).items():
        click.echo(f"{name + ':':9}{value}")
    if not broker.is_running():
        ctx.exit(1)


@command.command
@folder_option
def reset(folder: Path | None) -> None:
    """Stop Kafka and delete its topics and records; on a terminal, after asking."""
    broker = _broker(folder)
    if sys.stdin.isatty():
        click.confirm(f"Delete all records in {broker.folder}?", abort=True)
    deleted = broker.reset()
    say(f"Kafka's records in {broker.folder} are deleted" if deleted else f"{broker.folder} is not there")


@contextlib.contextmanager
def arriving_jars() -> Iterator[JarProgress]:
    """Show Kafka's jars as they arrive, on stderr; nothing when all are cached."""
    columns = (TextColumn("Fetching Kafka, once"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    bar = Progress(*columns, console=talk, transient=True)
    task = bar.add_task("", total=None)
    with contextlib.ExitStack() as shown:

        def progress(jar: str, done: int, total: int) -> None:
            if done == 1 and talk.is_terminal:
                shown.enter_context(bar)
            elif done == 1:
                say(f"Fetching Kafka {kafka_version()} from Maven Central, {total} jars, once …")
            bar.update(task, description=jar if done < total else "starting it …", completed=done, total=total)

        yield progress


def _broker(folder: Path | None) -> LocalBroker:
    """The broker of a folder, wherever it listens."""
    return LocalBroker(folder.absolute() if folder else broker_folder(os.environ))


def _facts(broker: LocalBroker) -> dict[str, str]:
    """What `status` prints, in its order."""
    running = broker.running()
    where = {"folder": str(broker.folder), "log": str(broker.log)}
    if not running:
        reason = broker.ended_by()
        return {"kafka": "not running" + (f"; it ended by itself: {reason}" if reason is not None else "")} | where
    return {
        "kafka": f"{kafka_version()}, running" + ("" if broker.is_ready() else " but not answering"),
        "address": broker.bootstrap,
        "port": str(running.port),
        "pid": str(running.pid),
        "memory": f"up to {running.memory_mb} MB of heap",
    } | where


def _start(broker: LocalBroker, *, tied: bool) -> bool:
    with arriving_jars() as progress:
        return broker.start(progress, tied=tied)


def _stay(broker: LocalBroker) -> None:
    """Run Kafka until we are asked to end or someone stops it; raises `BrokerError` when it ends by itself."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if not _start(broker, tied=True):
            raise BrokerError(f"Kafka runs already on {broker.bootstrap}; log: {broker.log}")
        say(f"Kafka {kafka_version()} listens on {broker.bootstrap}; Ctrl-C stops it; log: {broker.log}")
        broker.wait()
        if (reason := broker.ended_by()) is not None:
            raise BrokerError(f"Kafka ended by itself: {reason}; log: {broker.log}")
    except KeyboardInterrupt:
        broker.stop()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
