"""A Docker engine and Compose v2: this machine's where it has them, else an engine started and a Compose built here."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

COMPOSE_MODULE = "github.com/docker/compose/v2@v2.40.3"  # newest of the v2 line; v1 does not read docker-compose.yml
START_SECONDS = 60.0
STOP_SECONDS = 60.0
ANSWER_SECONDS = 30.0


class StepError(Exception):
    """A step that did not do what it should; the message says so in a line or with the program's own words."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker engine: the environment in which `docker` reaches it, and whether it was started for this test."""

    environ: dict[str, str]
    own: bool

    def docker(self, *arguments: str, timeout: float = 120.0) -> str:
        """What `docker …` printed; raises `StepError` with its words."""
        return run(["docker", *arguments], self.environ, timeout=timeout)

    def has_image(self, name: str) -> bool:
        """Whether the engine holds an image of this name."""
        return bool(self.docker("image", "ls", "--quiet", name).strip())


def run(command: list[str], environ: Mapping[str, str], stdin: str = "", timeout: float = 600.0) -> str:
    """What a program printed on stdout; raises `StepError` with its words when it fails or takes too long."""
    try:
        done = subprocess.run(command, env=environ, input=stdin, capture_output=True, text=True, timeout=timeout)
    except FileNotFoundError as error:
        raise StepError(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise StepError(f"{' '.join(command)}: not done within {timeout:.0f} s") from error
    if done.returncode:
        raise StepError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Folder of what is slow to make: the own engine's images and the Compose that was built; safe to delete."""
    folder = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "newsieve" / "compose-test"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def docker_engine(cache: Path) -> Iterator[Engine]:
    """Yield the engine that runs, else one of our own, which is stopped at the end."""
    running = Engine(dict(os.environ), own=False)
    if _answers(running):
        yield running
    else:
        with tempfile.TemporaryDirectory(prefix="newsieve-") as folder, _own_engine(cache, Path(folder)) as engine:
            yield engine


def _answers(engine: Engine) -> bool:
    try:
        return bool(engine.docker("version", "--format", "{{.Server.Version}}", timeout=ANSWER_SECONDS).strip())
    except StepError:
        return False


@contextlib.contextmanager
def _own_engine(cache: Path, folder: Path) -> Iterator[Engine]:
    """Yield an engine that leaves this machine's network alone: no firewall rules, no forwarding, no bridge of its own.

    So its containers reach each other and nothing else, and what they publish is reached on loopback.
    """
    if os.geteuid():
        raise StepError("no Docker engine answers, and to start one takes root")
    socket = f"unix://{folder}/socket"
    command = ["dockerd", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none"]
    command += ["--host", socket, "--data-root", f"{cache}/engine"]
    command += ["--exec-root", f"{folder}/run", "--pidfile", f"{folder}/pid"]
    engine = Engine({**os.environ, "DOCKER_HOST": socket}, own=True)
    with (folder / "log").open("wb") as log:
        process = _start(command, log)
        try:
            _wait_until_it_answers(engine, process, folder / "log")
            yield engine
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _start(command: list[str], log: BinaryIO) -> "subprocess.Popen[bytes]":
    try:  # in a session of its own: Ctrl-C is for the test, which then takes down what runs here
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    except FileNotFoundError as error:
        raise StepError("no Docker engine: install one (Debian: apt-get install docker.io)") from error


def _wait_until_it_answers(engine: Engine, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(engine):
        if process.poll() is not None or time.monotonic() > deadline:
            raise StepError("dockerd does not start:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-10:]))
        time.sleep(0.5)


def compose_command(engine: Engine, cache: Path) -> list[str]:
    """The command that is Compose v2: docker's plugin, else one built from its Go module (4 minutes, once)."""
    for command in (["docker", "compose"], [str(cache / "docker-compose")]):
        with contextlib.suppress(StepError, ValueError):
            if int(run([*command, "version", "--short"], engine.environ).lstrip("v").split(".")[0]) >= 2:
                return command
    if not shutil.which("go"):
        raise StepError("no Compose v2: install docker's compose plugin, or Go to build it")
    return [str(_build_compose(cache / "docker-compose"))]


def _build_compose(program: Path) -> Path:
    """Build Compose as the main module, for which its `replace` lines are meant: `go install` would refuse them."""
    module = json.loads(run(["go", "mod", "download", "-json", COMPOSE_MODULE], os.environ))
    with tempfile.TemporaryDirectory(prefix="newsieve-") as folder:
        source = Path(folder) / "compose"
        shutil.copytree(module["Dir"], source, copy_function=shutil.copyfile)
        version = f"-X github.com/docker/compose/v2/internal.Version={module['Version']}"
        flags = ["-buildvcs=false", "-trimpath", "-p", "2", "-ldflags", f"-s -w {version}"]
        run(["go", "-C", str(source), "build", *flags, "-o", str(program), "./cmd"], os.environ, timeout=1800)
    return program
