"""The steps of the test, and the compose project that they take: each step's docstring is what it holds."""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import Engine, StepError, run

from scripts.samples import Sample

PROJECT = f"newsieve-test-{os.getpid()}"
IMAGE = "newsieve-compose-test"
PAGES_PER_STEP = 8  # as many as pages.raw has partitions: some are bound to come to every worker
TAGGED_SECONDS = 90.0  # a killed worker's partitions move after 10 s of silence and a rebalance of up to 20 s
UP_SECONDS = 300.0


@dataclass
class Stack:
    """The compose project under test."""

    engine: Engine
    compose: list[str]
    pages: list[Sample]
    port: int

    def run_compose(self, *arguments: str, stdin: str = "", timeout: float = UP_SECONDS) -> str:
        """What `docker compose …` printed; raises `StepError`."""
        return run([*self.compose, *arguments], self.engine.environ, stdin, timeout)

    def in_container(self, *arguments: str, stdin: str = "") -> str:
        """What `newsieve …` printed in a container of its own beside the workers."""
        return self.run_compose("run", "--rm", "--no-deps", "--no-TTY", "worker", *arguments, stdin=stdin)

    def on_host(self, *arguments: str, stdin: str = "") -> str:
        """What `newsieve …` printed on this machine, with Kafka behind its published port."""
        environ = {**os.environ, "NEWSIEVE_BROKER": f"localhost:{self.port}"}
        return run([str(Path(sys.executable).with_name("newsieve")), *arguments], environ, stdin, UP_SECONDS)

    def containers(self, service: str) -> list[dict[str, Any]]:
        """The service's containers, as `docker inspect` shows them, stopped ones too."""
        ids = self.run_compose("ps", "--all", "--quiet", service).split()
        return json.loads(self.engine.docker("inspect", *ids)) if ids else []

    def next_pages(self) -> list[Sample]:
        """Sample pages that no step has fed yet."""
        taken, self.pages = self.pages[:PAGES_PER_STEP], self.pages[PAGES_PER_STEP:]
        return taken


def build(stack: Stack) -> str:
    """The image is built from the Dockerfile"""
    stack.run_compose("build", timeout=1800)
    size = int(stack.engine.docker("image", "inspect", "--format", "{{.Size}}", IMAGE))
    return f"{size / 1e6:.0f} MB"


def come_up(stack: Stack) -> str:
    """Kafka turns healthy, the Kafka topics are made, and two workers run"""
    stack.run_compose("up", "--detach", "--no-build", "--scale", "worker=2")
    check(len(running(stack)) == 2, "not two workers")
    check(stack.containers("kafka")[0]["State"]["Health"]["Status"] == "healthy", "Kafka is not healthy")
    check([c["State"]["ExitCode"] for c in stack.containers("topics")] == [0], "topics were not made")
    return f"localhost:{stack.port}"


def be_confined(stack: Stack) -> str:
    """Workers are no root, write to no disk and serve no port; Kafka is published on loopback alone"""
    for worker in running(stack):
        check(worker["HostConfig"]["ReadonlyRootfs"], "a worker's root can be written to")
        check(not worker["NetworkSettings"]["Ports"], "a worker publishes a port")
        check(stack.engine.docker("exec", worker["Id"], "id", "-u").strip() == "10001", "a worker is not user 10001")
    ports = stack.containers("kafka")[0]["NetworkSettings"]["Ports"]
    published = [binding for bindings in ports.values() for binding in bindings or []]
    check(published == [{"HostIp": "127.0.0.1", "HostPort": str(stack.port)}], f"Kafka is published on {published}")
    return "as docker inspect shows"


def tag_from_container_to_host(stack: Stack) -> str:
    """Pages fed in a container come out tagged on this machine"""
    told = feed_and_read(stack, stack.in_container, stack.on_host)
    check(all(worker["RestartCount"] == 0 for worker in running(stack)), "a worker had to be started again")
    return told


def outlive_a_killed_worker(stack: Stack) -> str:
    """With one worker killed, the other tags all pages; fed on this machine, read in a container"""
    stack.engine.docker("kill", running(stack)[0]["Id"])
    check(len(running(stack)) == 1, "not one worker left")
    return feed_and_read(stack, stack.on_host, stack.in_container)


def restart_a_crashed_worker(stack: Stack) -> str:
    """A worker process that dies is started again, and tags pages"""
    (worker,) = running(stack)
    crash = "import os; os.kill(int(open('/proc/1/task/1/children').read().split()[0]), 9)"
    stack.engine.docker("exec", worker["Id"], "python3", "-c", crash)
    told = feed_and_read(stack, stack.in_container, stack.on_host)
    (again,) = running(stack)
    check(again["Id"] == worker["Id"] and again["RestartCount"] == 1, f"restarted {again['RestartCount']} times, not 1")
    return told


def stop_cleanly(stack: Stack) -> str:
    """A worker that is told to stop does so by itself"""
    (worker,) = running(stack)
    stack.run_compose("stop", "worker")
    codes = [c["State"]["ExitCode"] for c in stack.containers("worker") if c["Id"] == worker["Id"]]
    check(codes == [0], f"exit code {codes}")
    return "exit code 0"


def keep_records(stack: Stack) -> str:
    """What Kafka held is there again after down and up"""
    before = read_urls(stack.on_host)
    stack.run_compose("down")
    stack.run_compose("up", "--detach", "--no-build")
    after = read_urls(stack.on_host)
    check(after == before, f"parts of {len(after)} pages, and there were {len(before)}")
    return f"parts of {len(after)} pages"


def tear_down(stack: Stack) -> str:
    """Nothing is left of it"""
    stack.run_compose("down", "--volumes", "--remove-orphans", "--timeout", "10")
    label = f"label=com.docker.compose.project={PROJECT}"
    for kind in (["ps", "--all"], ["volume", "ls"], ["network", "ls"]):
        check(
            not stack.engine.docker(*kind, "--quiet", "--filter", label).strip(), f"docker {kind[0]} still lists some"
        )
    return "no container, volume or network"


STEPS = (
    build,
    come_up,
    be_confined,
    tag_from_container_to_host,
    outlive_a_killed_worker,
    restart_a_crashed_worker,
    stop_cleanly,
    keep_records,
    tear_down,
)


def check(holds: bool, otherwise: str) -> None:
    """Raise `StepError` unless it holds."""
    if not holds:
        raise StepError(otherwise)


def running(stack: Stack) -> list[dict[str, Any]]:
    """The workers that run."""
    return [worker for worker in stack.containers("worker") if worker["State"]["Running"]]


def feed_and_read(stack: Stack, feeder: Callable[..., str], reader: Callable[..., str]) -> str:
    """Feed the next pages and wait until there are parts of each."""
    pages = [sample.page for sample in stack.next_pages()]
    lines = [json.dumps({"url": page.url, "text": page.text, "fetched_at": page.fetched_at}) for page in pages]
    feeder("feed", "-", stdin="\n".join(lines))
    fed, deadline = time.monotonic(), time.monotonic() + TAGGED_SECONDS
    while missing := {page.url for page in pages} - read_urls(reader):
        check(time.monotonic() < deadline, f"no parts after {TAGGED_SECONDS:.0f} s of {', '.join(sorted(missing))}")
    return f"{len(pages)} pages, {time.monotonic() - fed:.0f} s"


def read_urls(reader: Callable[..., str]) -> set[str]:
    """URLs of the pages of which there are parts."""
    printed = reader("subscribe", "--from-beginning", "--idle-seconds", "3")
    return {json.loads(line)["url"] for line in printed.splitlines()}
