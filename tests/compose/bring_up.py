"""Brings docker-compose.yml up for real, breaks parts of it, and tears it down: `make compose-test`.

One line per step, then PASS or FAIL (exit code 0 or 1). Images that cannot be pulled are replaced by stand-ins.
"""

import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import images
from engine import Engine, StepError, cache_folder, compose_command, docker_engine
from steps import IMAGE, PROJECT, STEPS, Stack

from scripts.samples import read_samples

ROOT = Path(__file__).parents[2]
LAST_LINES = {"kafka": 5, "topics": 30, "worker": 30}


@contextlib.contextmanager
def prepared_stack() -> Iterator[Stack]:
    """Yield the project, ready to be built, on an engine; whatever happens, it is taken down and the engine let go."""
    cache = cache_folder(os.environ)
    with docker_engine(cache) as engine, tempfile.TemporaryDirectory(prefix="newsieve-") as folder:
        stack = Stack(engine, compose_command(engine, cache), read_samples(), free_port())
        engine.environ["KAFKA_PORT"] = str(stack.port)
        stack.compose += ["--project-name", PROJECT, "--file", str(ROOT / "docker-compose.yml")]
        say("engine", engine.docker("version", "--format", "{{.Server.Version}}").strip() + own_or_not(engine))
        say("compose", stack.run_compose("version", "--short").strip())
        write_override(stack, cache, Path(folder))
        try:
            yield stack
        finally:
            stack.run_compose("down", "--volumes", "--remove-orphans", "--timeout", "10")


def own_or_not(engine: Engine) -> str:
    """Whose the engine is."""
    return ", started for this test" if engine.own else ", as it runs here"


def write_override(stack: Stack, cache: Path, folder: Path) -> None:
    """Choose the base images, and put what this machine needs in a second compose file."""
    config = json.loads(stack.run_compose("config", "--format", "json"))["services"]
    python, kafka = config["worker"]["build"]["args"]["BASE"], config["kafka"]["image"]
    build, secrets = images.build_settings(stack.engine, folder)
    services: dict[str, Any] = {"worker": {"image": IMAGE, "build": build}, "topics": {"image": IMAGE}}
    if not images.pulled(stack.engine, python):
        python = images.make_python_stand_in(stack.engine, cache)
        stack.engine.environ["PYTHON_IMAGE"] = python
    if not images.pulled(stack.engine, kafka):
        images.gather_kafka(folder / "kafka")
        kafka = "newsieve-stand-in/kafka"
        context = {"context": str(folder / "kafka"), "network": "none", "args": {"BASE": python}}
        services["kafka"] = {"image": kafka, "pull_policy": "never", "build": context}
    say("base images", f"{python}, {kafka}")
    images.write_override(folder / "override.json", services, secrets)
    stack.compose += ["--file", str(folder / "override.json")]


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def say(what: str, told: str) -> None:
    """Print a line about something that was found or done."""
    print(f"      {what}: {told}", flush=True)


def take(steps: Sequence[Callable[[Stack], str]], stack: Stack) -> bool:
    """Take the steps, a line each; stop at the first that fails, with what the containers said last."""
    for step in steps:
        started = time.monotonic()
        try:
            told = step(stack)
        except StepError as failure:
            print(f"FAIL  {step.__doc__}: {failure}\n{last_words(stack)}", flush=True)
            return False
        print(f"ok    {step.__doc__}: {told} [{time.monotonic() - started:.0f} s]", flush=True)
    return True


def last_words(stack: Stack) -> str:
    """What the containers said last; of Kafka, which says much, only the end."""
    with contextlib.suppress(StepError):
        return "".join(stack.run_compose("logs", "--tail", str(n), name) for name, n in LAST_LINES.items())
    return ""


def main() -> int:
    """Run the test; returns its exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leave through every `finally`
    passed = False
    try:
        with prepared_stack() as stack:
            passed = take(STEPS, stack)
    except StepError as failure:
        print(f"FAIL  {failure}", flush=True)
    print("PASS" if passed else "FAIL", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
