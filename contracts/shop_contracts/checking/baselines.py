"""What is released: every version of every contract, kept as it was.

A folder a subject under `baselines/`, in it a folder a version with the contract's files as they were, and `history.json`, which
lists the versions with the SHA-256 of each file. Each entry carries a checksum over itself and the one before, so that history
cannot be rewritten without showing: an edited baseline would make a breaking change look compatible.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess  # nosec B404 # git is asked, with a list of arguments and without a shell
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from shop_contracts.files import read_regular_file
from shop_contracts.tree.finding import Finding, Group

HISTORY = "history.json"
FOLDER = "baselines"
_PUT_BACK = "put it back with `git checkout`: what is released stays as it was"


class Kind:
    """What a subject's contract is written in."""

    PROTOBUF = "protobuf"
    OPENAPI = "openapi"
    AVRO = "avro"
    JSON_SCHEMA = "json-schema"


@dataclass(frozen=True, slots=True)
class Version:
    """One released version. `files` maps paths below the version's folder to their SHA-256; `main` is one of them.

    `message` is the full name of a topic's message, empty elsewhere. `checksum` covers the entry and the one before it.
    """

    number: int
    released: str
    main: str
    message: str
    files: Mapping[str, str]
    checksum: str = ""

    def sealed(self, before: str) -> Version:
        """Return the version with its checksum, given that of the version before it (empty for the first)."""
        return replace(self, checksum=_sha256(f"{before}\n{json.dumps(self._data(), sort_keys=True)}".encode()))

    def data(self) -> dict[str, Any]:
        """As JSON types."""
        return {**self._data(), "checksum": self.checksum}

    def _data(self) -> dict[str, Any]:
        return {
            "version": self.number,
            "released": self.released,
            "main": self.main,
            "message": self.message,
            "files": dict(sorted(self.files.items())),
        }


@dataclass(frozen=True, slots=True)
class History:
    """The versions of one subject, oldest first. `retired` is the day on which it was given up, empty while it is in use."""

    subject: str
    kind: str
    versions: tuple[Version, ...]
    retired: str = ""


class Baselines:
    """The baselines of one tree of files. `root` is the checkout, for the names of files in findings."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self._root = root

    def read(self) -> tuple[dict[str, History], list[Finding]]:
        """Every history by subject, and what is not as it was released. A history with a fault is left out."""
        histories: dict[str, History] = {}
        faults: list[Finding] = []
        for file in sorted(self.folder.glob(f"*/{HISTORY}")):
            try:
                history = _parse(json.loads(read_regular_file(file)), file.parent.name)
            except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                line = getattr(error, "lineno", 1)
                faults.append(self._fault("baseline-unreadable", file, line, f"It is no history of a contract: {error}."))
                continue
            found = list(self._edits(history))
            faults += found
            if not any(one.id != "baseline-unlisted" for one in found):
                histories[history.subject] = history
        return histories, faults

    def path(self, subject: str, version: Version) -> Path:
        """Return the folder of a version."""
        return self.folder / subject / str(version.number)

    def add(self, history: History, main: str, message: str, files: Mapping[str, bytes], *, on: date) -> History:
        """Write the next version of a subject and return its history with it: the whole of it, or nothing."""
        number = history.versions[-1].number + 1 if history.versions else 1
        before = history.versions[-1].checksum if history.versions else ""
        sums = {name: _sha256(content) for name, content in files.items()}
        version = Version(number, on.isoformat(), main, message, sums).sealed(before)
        home = self.folder / history.subject
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=self.folder) as scratch:
            draft = Path(scratch, str(number))
            for name, content in files.items():
                (draft / name).parent.mkdir(parents=True, exist_ok=True)
                (draft / name).write_bytes(content)
            if (home / str(number)).exists():  # left by a release that was stopped before its history was written
                shutil.rmtree(home / str(number))
            draft.replace(home / str(number))
        longer = replace(history, versions=(*history.versions, version), retired="")
        self.write(longer)
        return longer

    def write(self, history: History) -> None:
        """Write a history's list of versions in one step."""
        data = {
            "schemaVersion": 1,
            "subject": history.subject,
            "kind": history.kind,
            "retired": history.retired or None,
            "versions": [version.data() for version in history.versions],
        }
        write_whole(self.folder / history.subject / HISTORY, (json.dumps(data, indent=2) + "\n").encode())

    def _edits(self, history: History) -> Iterator[Finding]:
        home = self.folder / history.subject
        before = ""
        for position, version in enumerate(history.versions):
            if version.number != position + 1 or version.sealed(before).checksum != version.checksum:
                file = home / HISTORY
                line = _line_with(file, f'"version": {version.number},')
                yield self._fault(
                    "baseline-edited", file, line, f"The entry of version {version.number} is not as it was released."
                )
                return
            before = version.checksum
            yield from self._edited_files(home / str(version.number), version)
        listed = {str(version.number) for version in history.versions}
        for extra in sorted(one for one in home.iterdir() if one.name not in listed | {HISTORY}):
            yield self._fault("baseline-unlisted", extra, 0, f"{history.subject} has no released version in {extra.name}.")

    def _edited_files(self, folder: Path, version: Version) -> Iterator[Finding]:
        present = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        for name, checksum in version.files.items():
            if name not in present:
                yield self._fault("baseline-edited", folder / name, 0, "It was released and is gone.")
            elif _sha256(content := read_regular_file(present[name])) != checksum:
                line = _first_changed_line(present[name], content, checksum)
                yield self._fault("baseline-edited", folder / name, line, "It is not as it was released: its checksum differs.")
        for name in sorted(present.keys() - version.files.keys()):
            yield self._fault(
                "baseline-edited", folder / name, 0, f"It was not part of version {version.number} when that was released."
            )

    def _fault(self, rule: str, file: Path, line: int, message: str) -> Finding:
        return Finding(Group.BASELINES, rule, file.relative_to(self._root).as_posix(), line, message, hint=_PUT_BACK)


def write_whole(file: Path, content: bytes) -> None:
    """Write a file in one step: a reader, or a crash, sees the old content or the new."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(draft).chmod(0o644)
        Path(draft).replace(file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _parse(data: Any, folder: str) -> History:
    if data["subject"] != folder or data["schemaVersion"] != 1:
        raise ValueError(f"it says subject {data['subject']!r}, version {data['schemaVersion']!r}")
    versions = tuple(
        Version(
            int(one["version"]),
            str(one["released"]),
            str(one["main"]),
            str(one["message"]),
            dict(one["files"]),
            str(one["checksum"]),
        )
        for one in data["versions"]
    )
    return History(str(data["subject"]), str(data["kind"]), versions, str(data["retired"] or ""))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _line_with(file: Path, text: str) -> int:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, 1) if text in line), 1)


def _first_changed_line(file: Path, content: bytes, checksum: str) -> int:
    """Return the first line that is not as released, when git still has the released content; else 1."""
    name = f"./{file.name}"
    commits = _git(file.parent, "log", "-n", "20", "--format=%H", "--", name).decode(errors="replace").split()
    for commit in commits:
        released = _git(file.parent, "show", f"{commit}:{name}")
        if _sha256(released) == checksum:
            old, new = released.split(b"\n"), content.split(b"\n")
            return next((at for at, (a, b) in enumerate(zip(old, new, strict=False), 1) if a != b), min(len(old), len(new)))
    return 1


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False, timeout=20)  # nosec B603, B607 # as above
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""
