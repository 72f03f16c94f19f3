"""The contract files of a commit, laid out in a folder without touching the working tree."""

from __future__ import annotations

import subprocess  # nosec B404 # git is asked, with a list of arguments and without a shell
from collections.abc import Sequence
from pathlib import Path

_SUFFIXES = (".proto", ".yaml", ".yml", ".json")
_LARGEST_BYTES = 16 * 1024 * 1024


class NoSuchCommit(Exception):
    """Git has no such commit here, or there is no git; the text says what git said."""


def lay_out(checkout: Path, ref: str, into: Path) -> str:
    """Write every schema, manifest and document of `ref` below `into`, as they lie below the checkout. Returns the commit's id.

    Raises NoSuchCommit.
    """
    commit = _git(checkout, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", ref=ref).decode().strip()
    listed = _git(checkout, "ls-tree", "-r", "-z", "--long", commit, ref=ref).decode("utf-8", errors="surrogateescape")
    wanted = [entry for line in listed.split("\0") if line and (entry := _entry(line)) is not None]
    contents = _contents(checkout, [object_id for object_id, _ in wanted], ref)
    for (_, path), content in zip(wanted, contents, strict=True):
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return commit


def _entry(line: str) -> tuple[str, str] | None:
    """Object id and path of a file that matters. Symbolic links and submodules do not."""
    facts, _, path = line.partition("\t")
    mode, _, object_id, size = facts.split()
    is_plain = mode in {"100644", "100755"} and int(size) <= _LARGEST_BYTES
    return (object_id, path) if is_plain and path.endswith(_SUFFIXES) else None


def _contents(checkout: Path, objects: Sequence[str], ref: str) -> list[bytes]:
    """Return the contents of objects, from one git process."""
    if not objects:
        return []
    said = _git(checkout, "cat-file", "--batch", ref=ref, stdin="\n".join(objects).encode() + b"\n")
    found, position = [], 0
    for _ in objects:
        end = said.index(b"\n", position)
        size = int(said[position:end].split()[2])
        found.append(said[end + 1 : end + 1 + size])
        position = end + size + 2
    return found


def _git(checkout: Path, *arguments: str, ref: str, stdin: bytes = b"") -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=checkout, input=stdin, capture_output=True, check=False, timeout=60)  # nosec B603, B607 # as above
    except FileNotFoundError as error:
        raise NoSuchCommit("git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise NoSuchCommit(f"git did not answer within {error.timeout:.0f} s") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise NoSuchCommit(said or f"there is no commit {ref!r} in this repository")
    return done.stdout
