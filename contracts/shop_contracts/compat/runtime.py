"""The real Protobuf runtime behind a compiled schema: message classes made from its descriptors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

if TYPE_CHECKING:
    from shop_contracts.compat.elements import Enum


class Unbuildable(Exception):
    """The compiler takes a file that the Python runtime does not: proto2 lets two fields have one JSON name, for instance."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


class Runtime:
    """Message classes of one schema, from its `files`, in a pool of their own: two versions of one name can live side by side.

    Everything here raises Unbuildable where the runtime refuses a file of the schema.
    """

    def __init__(self, files: Mapping[str, descriptor_pb2.FileDescriptorProto]) -> None:
        self._files = files
        self._holders: set[str] = set()

    @cached_property
    def pool(self) -> descriptor_pool.DescriptorPool:
        """The pool with every file of the schema, imports first."""
        pool = descriptor_pool.DescriptorPool()
        added: set[str] = set()
        waiting = list(self._files)
        while waiting:
            path = waiting[-1]
            missing = [one for one in self._files[path].dependency if one in self._files and one not in added]
            if path in added:
                waiting.pop()
            elif missing:
                waiting += missing
            else:
                self._add(pool, path)
                added.add(waiting.pop())
        return pool

    def _add(self, pool: descriptor_pool.DescriptorPool, path: str) -> None:
        try:
            pool.Add(self._files[path])
        except TypeError as error:
            raise Unbuildable(path, str(error)) from error

    def holder(self, enum: Enum) -> type[message.Message]:
        """Return the class of a message made up to hold one value of an enum that no message has a field of."""
        name = f"ExampleWith_{enum.full_name.replace('.', '_')}"
        if name not in self._holders:
            file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", syntax="proto2", dependency=[enum.file.path])
            holder = file.message_type.add(name=name)
            kind = descriptor_pb2.FieldDescriptorProto.TYPE_ENUM
            label = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
            holder.field.add(name="value", json_name="value", number=1, label=label, type=kind, type_name=f".{enum.full_name}")
            self.pool.Add(file)
            self._holders.add(name)
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))

    def message(self, full_name: str) -> type[message.Message] | None:
        """Return the class of a message, None where the schema has no such message."""
        try:
            descriptor = self.pool.FindMessageTypeByName(full_name)
        except KeyError:
            return None
        return message_factory.GetMessageClass(descriptor)
