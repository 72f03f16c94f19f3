"""Where an element is in its source, and the comment above it, from the compiler's source info."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf import descriptor_pb2

from shop_contracts.compat.elements import Enum, File, Message
from shop_contracts.compat.lint.rule import Element, Fault

Path = tuple[int, ...]
# Field numbers of descriptor.proto, which source info spells its paths in.
_FILE = {"package": 2, "import": 3, "message": 4, "enum": 5, "service": 6, "extension": 7}
_MESSAGE = {"field": 2, "message": 3, "enum": 4, "extension": 6}
_METHOD = 2


class Places:
    """The places of one file's elements. Without source info everything is at line 0 and has no comment."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._paths: dict[int, Path] = dict(_paths(file))
        self._locations: dict[Path, descriptor_pb2.SourceCodeInfo.Location] = {
            tuple(location.path): location for location in file.proto.source_code_info.location
        }

    def comment(self, element: Element) -> str:
        """Return the comment directly above an element."""
        location = self._locations.get(self._paths.get(id(element), ()))
        return location.leading_comments.strip() if location is not None else ""

    def of(self, fault: Fault) -> tuple[int, int]:
        """Return line and column of a fault, both from 1; (0, 0) where they are not known."""
        path: Path = self._paths.get(id(fault.element), ())
        if fault.part:
            path = (_FILE[fault.part], fault.index) if fault.part == "import" else (_FILE[fault.part],)
        location = self._locations.get(path)
        return (location.span[0] + 1, location.span[1] + 1) if location is not None else (0, 0)


def _paths(file: File) -> Iterator[tuple[int, Path]]:
    for index, message in enumerate(file.messages):
        yield from _inside(message, (_FILE["message"], index))
    for index, enum in enumerate(file.enums):
        yield id(enum), (_FILE["enum"], index)
    for index, extension in enumerate(file.extensions):
        yield id(extension), (_FILE["extension"], index)
    for index, service in enumerate(file.services):
        yield id(service), (_FILE["service"], index)
        for place, method in enumerate(service.methods):
            yield id(method), (_FILE["service"], index, _METHOD, place)


def _inside(message: Message, path: Path) -> Iterator[tuple[int, Path]]:
    yield id(message), path
    for index, field in enumerate(message.fields):
        yield id(field), (*path, _MESSAGE["field"], index)
    for index, nested in enumerate(message.messages):
        yield from _inside(nested, (*path, _MESSAGE["message"], index))
    enum: Enum
    for index, enum in enumerate(message.enums):
        yield id(enum), (*path, _MESSAGE["enum"], index)
    for index, extension in enumerate(message.extensions):
        yield id(extension), (*path, _MESSAGE["extension"], index)
