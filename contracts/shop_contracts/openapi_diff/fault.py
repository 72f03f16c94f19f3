"""What is wrong with a document that cannot be compared."""

from __future__ import annotations

from pathlib import Path


class InvalidOpenapi(Exception):
    """A document cannot be read as OpenAPI: `path` and `line` say where (line 0: the file as a whole), `hint` what to try."""

    def __init__(self, path: Path, line: int, reason: str, hint: str) -> None:
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}")
        self.path, self.line, self.reason, self.hint = path, line, reason, hint
