"""What the compiler gives: a file with its imports, or the faults in its source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from google.protobuf.descriptor_pb2 import FileDescriptorProto


@dataclass(frozen=True)
class Problem:
    """One fault in a source. `line` and `column` count from 1; 0 means that the compiler named none."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}" if self.line else f"{self.file}: {self.message}"


class InvalidProto(ValueError):
    """The source or descriptor does not make a valid file; `problems` lists every fault that was found, with its place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class CompiledProto:
    """A file and everything it imports, directly or not, imports before importers. Treat the descriptors as read-only.

    Names are resolved, `json_name` is set, and options of every retention are kept, as in protoc's descriptor sets.
    """

    file: FileDescriptorProto
    dependencies: tuple[FileDescriptorProto, ...] = field(repr=False)
