"""Whether a letter fits the schema that its topic has now: what a redrive would meet."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from google.protobuf import descriptor_pb2, json_format, unknown_fields
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from shop_kit import wire

SECONDS = 5.0


@dataclass(frozen=True)
class Fit:
    """A message as the schema of now reads it; `fault` says what keeps it from being understood, None: nothing."""

    fault: str | None
    content: Mapping[str, Any] | None = None


class Schemas:
    """The schemas that the registry holds now, compiled when they are asked for."""

    def __init__(self, registry_url: str) -> None:
        self._http = httpx.Client(base_url=registry_url, timeout=SECONDS)
        self._files: dict[str, tuple[DescriptorPool, descriptor_pb2.FileDescriptorProto] | str] = {}

    def fit(self, topic: str, value: bytes | None) -> Fit:
        """Read a record's value with the latest schema of its topic."""
        if value is None:
            return Fit("it has no value")
        compiled = self._compiled(topic)
        if isinstance(compiled, str):
            return Fit(compiled)
        try:
            _id, path, content = wire.unframe(value)
            message = _new(*compiled, path)
            message.ParseFromString(content)
        except (wire.MalformedMessage, DecodeError, IndexError) as error:
            return Fit(f"its bytes are no message of this topic: {error}")
        return Fit(_fault(message), json_format.MessageToDict(message))

    def _compiled(self, topic: str) -> tuple[DescriptorPool, descriptor_pb2.FileDescriptorProto] | str:
        if topic not in self._files:
            pool = DescriptorPool()
            try:
                self._files[topic] = (pool, self._add(pool, f"{topic}-value", "latest", None))
            except httpx.HTTPStatusError as error:
                self._files[topic] = f"the registry has no schema for {topic} (HTTP {error.response.status_code})"
            except (httpx.HTTPError, json.JSONDecodeError, ValueError, TypeError) as error:
                self._files[topic] = f"the schema of {topic} cannot be read: {error}"
        return self._files[topic]

    def _add(self, pool: DescriptorPool, subject: str, version: str, name: str | None) -> descriptor_pb2.FileDescriptorProto:
        answer = self._http.get(f"/subjects/{quote(subject, safe='')}/versions/{version}", params={"format": "serialized"})
        found = answer.raise_for_status().json()
        file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(found["schema"], validate=True))
        file.name = name or file.name or subject
        for reference in found.get("references", ()):
            self._add(pool, reference["subject"], str(reference["version"]), reference["name"])
        for dependency in file.dependency:
            if dependency.startswith("google/protobuf/"):
                module = importlib.import_module(dependency.removesuffix(".proto").replace("/", ".") + "_pb2")
                pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
        pool.AddSerializedFile(file.SerializeToString())
        return file


def _new(pool: DescriptorPool, file: descriptor_pb2.FileDescriptorProto, path: tuple[int, ...]) -> Message:
    kind = file.message_type[path[0]]
    names = [kind.name]
    for step in path[1:]:
        kind = kind.nested_type[step]
        names.append(kind.name)
    full_name = ".".join([*([file.package] if file.package else []), *names])
    return GetMessageClass(pool.FindMessageTypeByName(full_name))()


def _fault(message: Message) -> str | None:
    fields = unknown_fields.UnknownFieldSet(message)
    unknown = [fields[at].field_number for at in range(len(fields))]
    if unknown:
        return f"it has fields that this schema does not know: {', '.join(map(str, unknown))}"
    missing = [name for name in message.DESCRIPTOR.oneofs_by_name if not name.startswith("_") and message.WhichOneof(name) is None]
    return f"no {missing[0]} is set that this schema knows" if missing else None
