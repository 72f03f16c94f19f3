"""One version of a Protobuf schema: the file itself and everything it imports, compiled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from google.protobuf import descriptor_pb2

from shop_contracts.compat.elements import File, Tree

if TYPE_CHECKING:
    from shop_contracts.compat.runtime import Runtime
    from shop_contracts.protobuf.compiled import CompiledProto


@dataclass(frozen=True, slots=True)
class Reference:
    """Where the registry keeps an imported file: a subject and the version of it."""

    subject: str
    version: int


@dataclass(frozen=True)
class Schema:
    """A compiled schema to compare.

    `files` maps import path to descriptor for `main` and whatever it imports, directly or not (well-known types included).
    `references` maps import path to the registered subject and version; an import without one is always looked into.
    `version`, `text` and `metadata` (its `properties`) are what the registry knows about it; the offline check leaves them out.
    """

    main: str
    files: Mapping[str, descriptor_pb2.FileDescriptorProto]
    references: Mapping[str, Reference] = field(default_factory=dict)
    version: int | None = None
    text: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        files: Iterable[descriptor_pb2.FileDescriptorProto],
        main: str,
        *,
        references: Mapping[str, Reference] | None = None,
        version: int | None = None,
        text: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> Schema:
        """Return the schema whose main file is `main` out of a compiler's descriptors.

        Raises KeyError when `main` is not among them.
        """
        by_path = {file.name: file for file in files}
        if main not in by_path:
            raise KeyError(main)
        return cls(main, by_path, references or {}, version, text, metadata or {})

    @classmethod
    def compiled(
        cls,
        source: CompiledProto,
        *,
        references: Mapping[str, Reference] | None = None,
        version: int | None = None,
        text: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> Schema:
        """Return what the project's own compiler made of a text or a descriptor as a schema to compare."""
        files = (*source.dependencies, source.file)
        return cls.of(files, source.file.name, references=references, version=version, text=text, metadata=metadata)

    @cached_property
    def tree(self) -> Tree:
        """Every element, built on first use and kept."""
        return Tree(dict(self.files))

    @cached_property
    def runtime(self) -> Runtime:
        """Message classes for the schema, built on first use and kept."""
        from shop_contracts.compat.runtime import Runtime

        return Runtime(self.files)

    @property
    def file(self) -> File:
        """The main file's element."""
        return self.tree.files[self.main]
