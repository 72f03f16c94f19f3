"""Schemas from .proto files on disk, with their imports found without being told where.

An import is looked for in the folders named, then in every folder above the importing file, nearest first: whatever root the import
is written from, that finds it. What comes with the compiler (google/protobuf and the like) needs no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from shop_contracts.compat.schema import Schema
from shop_contracts.files import read_regular_file, real_path
from shop_contracts.protobuf.compiler import MAX_FILES, MAX_SOURCE_BYTES, compile_proto

# Only candidates: an import in a comment is looked up in vain, and the compiler has the last word.
_IMPORT = re.compile(r"""\bimport\s+(?:public\s+|weak\s+|option\s+)?["']([^"'\n]+)["']\s*;""")


class Unreadable(Exception):
    """A source file cannot be read; `path` is it and `reason` says why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def load(path: Path, *, name: str | None = None, import_paths: Sequence[Path] = (), source_info: bool = False) -> Schema:
    """Compile a .proto file with what it imports.

    `name` is what the main file is called inside (two versions of one file must be called alike), by default its own name.
    `source_info` keeps comments and places. Raises Unreadable, or InvalidProto from the compiler.
    """
    text = read_text(path)
    references = {wanted: source for wanted, (_, source) in _closure(path, text, import_paths).items()}
    compiled = compile_proto(text, references, name=name or path.name, source_info=source_info)
    return Schema.compiled(compiled, text=text)


def files_behind(path: Path, *, import_paths: Sequence[Path] = ()) -> set[Path]:
    """Return the file and every file it imports, directly or not, as resolved paths. Raises Unreadable."""
    return {real_path(path), *(real_path(found) for found, _ in _closure(path, read_text(path), import_paths).values())}


def _closure(path: Path, text: str, import_paths: Sequence[Path]) -> dict[str, tuple[Path, str]]:
    """Return, by import name, the files that are found and their texts."""
    references: dict[str, tuple[Path, str]] = {}
    waiting = [(path, text)]
    while waiting and len(references) <= MAX_FILES:
        importer, source = waiting.pop()
        for wanted in _IMPORT.findall(source):
            found = None if wanted in references else _find(wanted, importer, import_paths)
            if found is not None:
                references[wanted] = (found, read_text(found))
                waiting.append(references[wanted])
    return references


def _find(wanted: str, importer: Path, import_paths: Sequence[Path]) -> Path | None:
    if wanted.startswith("/") or ".." in wanted.split("/"):
        return None
    return next((root / wanted for root in _roots(importer, import_paths) if (root / wanted).is_file()), None)


def _roots(importer: Path, import_paths: Sequence[Path]) -> Iterator[Path]:
    yield from import_paths
    yield from real_path(importer).parents


def read_text(path: Path) -> str:
    """Return the text of a source file. Raises Unreadable."""
    try:
        content = read_regular_file(path, at_most=MAX_SOURCE_BYTES)
        return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Unreadable(path, f"line {line} is not UTF-8") from error
    except OSError as error:
        raise Unreadable(path, error.strerror or str(error)) from error
