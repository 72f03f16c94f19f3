"""LocalStack without Docker: its package, in an environment of its own, with what it would download put where it looks.

It wants Python 3.13, dependencies of before it was released, a Java runtime, and DynamoDB Local. The first two come through uv, the
last from Maven's repositories. Its own build of DynamoDB Local has a patch for more than 20 indexes a table, loaded as an agent;
any agent that does nothing takes its place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from shop_sandbox.engines.docker.images import LOCALSTACK
from shop_sandbox.paths import default_cache_root

_DATED = "2026-03-01"
"""Dependencies are taken as of this day: newer ones have broken what LocalStack imports."""
_SECONDS = 600
_POM = """\
<project><modelVersion>4.0.0</modelVersion>
<groupId>x</groupId><artifactId>x</artifactId><version>1</version><dependencies>
<dependency><groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>2.6.1</version></dependency>
<dependency><groupId>net.bytebuddy</groupId><artifactId>byte-buddy-agent</artifactId><version>1.15.11</version></dependency>
</dependencies></project>
"""


class NotToBeHad(Exception):
    """An emulator cannot be had on this machine; the message says why."""


def installed(home: Path) -> Path:
    """Return LocalStack's Python, with everything in place to run it with `home` as its file system. Raises NotToBeHad."""
    place = default_cache_root(dict(os.environ)).with_name("shop-dev-tests") / f"localstack-{LOCALSTACK.tag}"
    python = place / "bin" / "python"
    if not (place / "done").exists():
        _run("uv", "venv", "--quiet", "--clear", "--python", _python(), str(place))
        wanted = f"localstack-core[runtime]=={LOCALSTACK.tag}"
        _run("uv", "pip", "install", "--quiet", "--python", str(python), "--exclude-newer", _DATED, wanted)
        (place / "pom.xml").write_text(_POM)
        _run("mvn", "-q", "-B", "-f", str(place / "pom.xml"), "dependency:copy-dependencies", f"-DoutputDirectory={place / 'jars'}")
        (place / "done").touch()
    _lay_out(place / "jars", home)
    return python


def _python() -> str:
    """Return a Python 3.13 of pyenv where there is one; else uv finds one, or fetches it."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return next((str(one) for one in sorted(root.glob("versions/3.13.*/bin/python3.13"))), "3.13")


def _run(*command: str) -> None:
    program = shutil.which(command[0], path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        raise NotToBeHad(f"installing it takes {command[0]}")
    try:
        subprocess.run([program, *command[1:]], check=True, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.CalledProcessError as error:
        raise NotToBeHad(f"{command[0]} cannot install it: {error.stderr.strip().splitlines()[-1:]}") from error
    except subprocess.TimeoutExpired as error:
        raise NotToBeHad(f"{command[0]} was not done after {_SECONDS} s") from error


def _lay_out(jars: Path, home: Path) -> None:
    """Put DynamoDB Local and Java where LocalStack keeps what it has downloaded."""
    java = shutil.which("java")
    if java is None:
        raise NotToBeHad("its DynamoDB takes Java 17")
    libraries = home / "var" / "lib" / "localstack" / "lib"
    own = home / "usr" / "lib" / "localstack"
    for base in (libraries, own):
        (base / "java").mkdir(parents=True)
        (base / "java" / "21").symlink_to(Path(java).resolve().parents[1])
        local = base / "dynamodb-local" / "2"
        local.mkdir(parents=True)
        (local / "DynamoDBLocal_lib").symlink_to(jars)
        (agent,) = jars.glob("byte-buddy-agent-*.jar")
        (local / "ddb-local-loader-0.1.jar").symlink_to(agent)
        _jar(local / "DynamoDBLocal.jar", jars)


def _jar(file: Path, libraries: Path) -> None:
    """Write a JAR that says where to begin and which others belong to it; a line of a manifest has 72 bytes at most."""
    classes = " ".join(f"DynamoDBLocal_lib/{one.name}" for one in sorted(libraries.glob("*.jar")))
    line = f"Class-Path: {classes}"
    folded = [line[:70], *(f" {line[at : at + 69]}" for at in range(70, len(line), 69))]
    begin = "Main-Class: com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "\r\n".join(["Manifest-Version: 1.0", begin, *folded, "", ""]))
