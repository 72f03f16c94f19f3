"""REST contracts: the one place where the check meets the OpenAPI comparison."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from shop_contracts.checking.routes import Route, without_names
from shop_contracts.files import read_regular_file, real_path
from shop_contracts.openapi_diff.documents import Api as Document
from shop_contracts.openapi_diff.documents import Node, open_api, path_items
from shop_contracts.openapi_diff.fault import InvalidOpenapi
from shop_contracts.openapi_diff.reading import lines_of
from shop_contracts.tree.declared import Place
from shop_contracts.tree.finding import Finding, Group

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_FILE = re.compile(r"""\$ref["']?\s*:\s*["']?([^#"'\s}]+)""")


class Documents:
    """The OpenAPI documents of one tree, each read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.faults: list[Finding] = []
        self._read: dict[str, Document | None] = {}

    def open(self, path: str) -> Document | None:
        """Return the document at a path of the tree; None (and a finding in `faults`) where it cannot be read."""
        if path not in self._read:
            try:
                self._read[path] = open_api(self.root / path)
            except InvalidOpenapi as error:
                self._read[path] = None
                self.faults.append(unreadable(error, self.root))
        return self._read[path]

    def routes(self, path: str) -> Iterator[Route]:
        """Yield the operations of a document, each with its line; none of one that cannot be read."""
        document = self.open(path)
        if document is None:
            return
        items = document.root.value.get("paths")
        found = [
            (name, method)
            for name, item in (items.items() if isinstance(items, dict) else ())
            for method in (item if isinstance(item, dict) else ())
            if method in METHODS
        ]
        source = document.root.document
        lines = lines_of(source.text, source.path, {("paths", name, method) for name, method in found})
        for name, method in found:
            place = Place(path, lines["paths", name, method])
            yield Route(method.upper(), without_names(name), place, f"{method.upper()} {name}")

    def operations(self, path: str) -> Iterator[tuple[tuple[str, str], Node]]:
        """Yield the operations of a document by method and path without names; none of one that cannot be read."""
        document = self.open(path)
        if document is None:
            return
        try:
            for name, item in path_items(document.root, "paths").items():
                for method in METHODS & item.mapping().keys():
                    operation = item.get(method)
                    if operation is not None:
                        yield (method.upper(), without_names(name)), operation
        except InvalidOpenapi:
            return  # what is wrong is found where the document is judged


def unreadable(error: InvalidOpenapi, root: Path) -> Finding:
    """Return the finding for a document that cannot be read."""
    path = error.path.relative_to(root).as_posix() if error.path.is_relative_to(root) else str(error.path)
    return Finding(Group.SOURCES, "openapi-unreadable", path, error.line, f"{_sentence(error.reason)}.", hint=error.hint)


def refusals(old: Document, new: Document, root: Path, *, subject: str, against: str, hint: str) -> Iterator[Finding]:
    """Put what breaks between two versions of a document into findings with a place in the working tree."""
    from shop_contracts.openapi_diff.judge import diff

    entry = new.root.document.path
    for finding in diff(old, new).breaking:
        location = finding.new
        path, line = (location.path, location.line) if location is not None else (entry, 1)
        yield Finding(
            Group.CHANGES,
            finding.id,
            path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name,
            line,
            finding.message if finding.message.endswith(".") else f"{finding.message}.",
            subject=subject,
            path=" ".join(part for part in (finding.operation, finding.where) if part),
            against=against,
            hint=hint,
        )


def files_behind(root: Path, document: str) -> list[str]:
    """Return the document and the files of the tree it refers to, directly or not, as paths in the tree."""
    found: list[str] = []
    waiting = [document]
    while waiting:
        path = waiting.pop()
        if path in found or not (root / path).is_file():
            continue
        found.append(path)
        text = read_regular_file(root / path).decode("utf-8", errors="replace")
        for name in _FILE.findall(text):
            target = real_path((root / path).parent / name)
            if target.is_relative_to(real_path(root)):
                waiting.append(target.relative_to(real_path(root)).as_posix())
    return found


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
