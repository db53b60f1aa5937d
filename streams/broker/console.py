"""Kafka's own command-line tools, from the same jars: another reader than ours, for tests and developers."""

import subprocess
from collections.abc import Sequence
from typing import Literal, get_args

from streams.broker.jars import fetch_jars, jars_folder
from streams.broker.java import find_java
from streams.broker.launch import java_command
from streams.broker.local import LocalBroker

Tool = Literal["TopicCommand", "ConsoleProducer", "consumer.ConsoleConsumer", "consumer.group.ConsumerGroupCommand"]
TOOLS: tuple[str, ...] = get_args(Tool)

TOOL_MEMORY_MB = 128
TOOL_WITHIN_S = 60  # a call takes 2 to 6 s, most of it Java's start


def console_tool(
    broker: LocalBroker, tool: str, args: Sequence[str], text: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """Return what one of Kafka's console tools printed and its exit status, run against `broker`.

    `tool` is the last word of its class name, such as `ConsoleConsumer`; `args` come after `--bootstrap-server`;
    `text` is its standard input. Raises `ValueError` for a tool that is not known, and
    `subprocess.TimeoutExpired` when it does not end within a minute (a consumer wants `--timeout-ms`).
    """
    java, jars = find_java(broker.environ), fetch_jars(jars_folder(broker.environ))
    command = java_command(java, jars, TOOL_MEMORY_MB, broker.folder)
    return subprocess.run(  # noqa: S603 – our own command
        [*command, _class_of(tool), "--bootstrap-server", broker.bootstrap, *args],
        cwd=broker.folder,
        input=text or "",
        capture_output=True,
        text=True,
        timeout=TOOL_WITHIN_S,
        check=False,
    )


def _class_of(tool: str) -> str:
    for path in TOOLS:
        if path.rpartition(".")[2] == tool:
            return f"org.apache.kafka.tools.{path}"
    raise ValueError(f"{tool} is none of the console tools {', '.join(TOOLS)}")
