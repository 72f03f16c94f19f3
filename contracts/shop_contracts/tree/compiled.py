"""The Protobuf schemas of a checkout, compiled."""

from __future__ import annotations

import re
from pathlib import Path

from shop_contracts.compat import Schema
from shop_contracts.compat.sources import Unreadable, load
from shop_contracts.protobuf.compiled import InvalidProto
from shop_contracts.tree.declared import Contracts
from shop_contracts.tree.finding import Finding, Group

_AT = re.compile(r"line (\d+)")


class Compiled:
    """The schemas of one tree, each compiled once."""

    def __init__(self, contracts: Contracts) -> None:
        self.contracts = contracts
        self.faults: list[Finding] = []
        self._schemas: dict[str, Schema | None] = {}

    def schema(self, path: str) -> Schema | None:
        """The schema at a path of the checkout with source info; None (and a finding in `faults`) where it does not compile."""
        if path not in self._schemas:
            self._schemas[path] = self._compile(path)
        return self._schemas[path]

    def _compile(self, path: str) -> Schema | None:
        contracts = self.contracts
        name = contracts.import_name(path)
        roots = (contracts.import_root, contracts.root)
        try:
            return load(contracts.root / path, name=name, import_paths=roots, source_info=True)
        except Unreadable as error:
            self.faults.append(unreadable(error, contracts.root))
        except InvalidProto as error:
            self.faults += [
                Finding(
                    Group.SOURCES,
                    "schema-does-not-compile",
                    path if problem.file == name else contracts.shown(problem.file),
                    problem.line,
                    problem.message,
                )
                for problem in error.problems
            ]
        return None


def unreadable(error: Unreadable, root: Path) -> Finding:
    """Return the finding for a file that cannot be read."""
    path = error.path.relative_to(root).as_posix() if error.path.is_relative_to(root) else str(error.path)
    line = _AT.search(error.reason)
    return Finding(Group.SOURCES, "schema-unreadable", path, int(line[1]) if line else 0, f"It cannot be read: {error.reason}.")
