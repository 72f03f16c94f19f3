"""Running a build: before what it makes is started, and not again while its inputs are the same."""

from __future__ import annotations

import hashlib
import os
import subprocess  # nosec B404 # a build is a program of the project
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from shop_sandbox.resources.watched import is_input


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """What to run, in which folder. `inputs` and `outputs` are relative to it; no inputs means everything in it."""

    command: tuple[str, ...]
    folder: Path
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def main() -> None:
    """Build in this process: SHOP_BUILD says what, SHOP_BUILD_STAMP where the digest of what was built last is kept.

    Raises SystemExit with the build's status, or 127 where its program is not there.
    """
    environment = dict(os.environ)
    build = msgspec.json.decode(environment.pop("SHOP_BUILD"), type=Build, dec_hook=lambda kind, value: kind(value))
    stamp = Path(environment.pop("SHOP_BUILD_STAMP"))
    status = run(build, stamp, environment)
    if status:
        raise SystemExit(status)


def run(build: Build, stamp: Path, environment: dict[str, str]) -> int:
    """Build unless all outputs are there and were made from these inputs; return the exit status."""
    before = digest(build)
    if _is_fresh(build, stamp, before):
        _tell(f"{', '.join(build.outputs)}: made from these inputs already")
        return 0
    stamp.unlink(missing_ok=True)
    try:
        ended = subprocess.run(build.command, cwd=build.folder, env=environment, stdin=subprocess.DEVNULL, check=False)  # nosec B603
    except OSError as error:
        _tell(f"{build.command[0]} cannot be run in {build.folder}: {error.strerror}")
        return 127
    if ended.returncode:
        return ended.returncode if ended.returncode > 0 else 128 - ended.returncode
    missing = [name for name in build.outputs if not (build.folder / name).exists()]
    if missing:
        _tell(f"{' '.join(build.command)} ended well and made no {', '.join(missing)}; correct `build.outputs` in service.yaml")
        return 1
    if digest(build) == before:  # else something was edited meanwhile: what was made may be of either
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(before, encoding="utf-8")
    return 0


def digest(build: Build) -> str:
    """Return a digest of the command and of every input: names, modes and contents."""
    told = hashlib.sha256(msgspec.json.encode(build.command))
    for file in sorted(_files(build)):
        told.update(f"\0{os.path.relpath(file, build.folder)}\0{file.stat().st_mode & 0o111}\0".encode())
        told.update(hashlib.sha256(file.read_bytes()).digest())
    return told.hexdigest()


def _is_fresh(build: Build, stamp: Path, now: str) -> bool:
    if not build.outputs or not all((build.folder / name).exists() for name in build.outputs):
        return False
    try:
        return stamp.read_text(encoding="utf-8") == now
    except FileNotFoundError:
        return False


def _files(build: Build) -> Iterator[Path]:
    """Every input. What nobody watches is none: its change would build nothing, and its digest would build at the next start."""
    made = tuple(f"/{name.removeprefix('./').rstrip('/')}" for name in build.outputs)
    for top in [build.folder / name for name in build.inputs] or [build.folder]:
        if top.is_file():
            yield top
            continue
        for folder, folders, names in os.walk(top):
            inside = os.path.relpath(folder, build.folder)
            folders[:] = [name for name in folders if is_input(f"{inside}/{name}/", made)]
            yield from (Path(folder, name) for name in names if is_input(f"{inside}/{name}", made))


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
