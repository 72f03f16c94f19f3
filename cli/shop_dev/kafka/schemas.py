"""The schemas of a registry as things that read and write records: Protobuf, Avro and JSON Schema.

Values are in Confluent's wire format: a zero byte, the schema's id in four bytes, for Protobuf the message's path, the content.
https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

from __future__ import annotations

import base64
import importlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Protocol
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

from google.protobuf import descriptor_pb2, json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from shop_kit import wire

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FileDescriptor

SECONDS = 5.0
_PREFIX = 5


class SchemaNotThere(Exception):
    """The registry has no such schema, or none that can be read. The text says which and why."""

    def __init__(self, why: str, *, is_certain: bool = False) -> None:
        super().__init__(why)
        self.is_certain = is_certain
        """True where the registry has answered that there is none."""


class NotOfThisSchema(Exception):
    """Bytes or JSON that a schema does not allow. The text says why."""


class Schema(Protocol):
    """A registered schema that reads and writes the content of records."""

    @property
    def kind(self) -> str:
        """PROTOBUF, AVRO or JSON."""

    @property
    def id(self) -> int:
        """Its number in the registry."""

    def read(self, value: bytes) -> object:
        """Give what a whole value holds, in JSON's types. Raises NotOfThisSchema."""

    def write(self, content: object) -> bytes:
        """Give the whole value for content in JSON's types. Raises NotOfThisSchema."""


class Schemas:
    """The schemas of one registry, each asked for once."""

    def __init__(self, registry_url: str) -> None:
        self._url = registry_url
        self._by_id: dict[int, Schema | SchemaNotThere] = {}

    def of_value(self, value: bytes) -> Schema | None:
        """Return the schema that a value names; None for a value in another format. Raises SchemaNotThere."""
        if len(value) <= _PREFIX or value[0] != 0:
            return None
        number = int.from_bytes(value[1:_PREFIX], "big")
        if number not in self._by_id:
            try:
                self._by_id[number] = self._compiled(number, self._ask(f"/schemas/ids/{number}"))
            except SchemaNotThere as error:
                self._by_id[number] = error
        found = self._by_id[number]
        if isinstance(found, SchemaNotThere):
            raise found
        return found

    def latest(self, topic: str) -> Schema:
        """Return the schema that a topic's values have now. Raises SchemaNotThere."""
        found = self._ask(f"/subjects/{quote(f'{topic}-value', safe='')}/versions/latest")
        return self._compiled(int(found["id"]), found)

    def _ask(self, path: str) -> Mapping[str, Any]:
        # The standard library's client, since importing another takes as long as all the rest of a command.
        try:
            with urlopen(f"{self._url}{path}?format=serialized", timeout=SECONDS) as answer:  # noqa: S310  # nosec B310 # the sandbox's own
                found: Mapping[str, Any] = json.load(answer)
        except HTTPError as error:
            raise SchemaNotThere(f"the registry has no {path} (HTTP {error.code})", is_certain=error.code == 404) from error
        except (OSError, HTTPException, ValueError) as error:
            raise SchemaNotThere(f"the registry cannot be asked for {path}: {error}") from error
        return found

    def _compiled(self, number: int, found: Mapping[str, Any]) -> Schema:
        try:
            match found.get("schemaType", "AVRO"):
                case "PROTOBUF":
                    return ProtobufSchema(number, self._file(DescriptorPool(), found, f"id-{number}"))
                case "AVRO":
                    return AvroSchema(number, found["schema"], self._named_types(found))
                case "JSON":
                    return JsonSchema(number, found["schema"])
                case other:
                    raise SchemaNotThere(f"schema {number} is of the kind {other}, which is not read here")
        except (ValueError, TypeError, KeyError) as error:
            raise SchemaNotThere(f"schema {number} cannot be read: {error}") from error

    def _file(self, pool: DescriptorPool, found: Mapping[str, Any], name: str | None) -> FileDescriptor:
        file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(found["schema"], validate=True))
        file.name = name or file.name
        for reference in found.get("references") or ():
            self._file(pool, self._referred(reference), reference["name"])
        for dependency in file.dependency:
            if dependency.startswith("google/protobuf/"):
                module = importlib.import_module(dependency.removesuffix(".proto").replace("/", ".") + "_pb2")
                pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
        pool.AddSerializedFile(file.SerializeToString())
        return pool.FindFileByName(file.name)

    def _named_types(self, found: Mapping[str, Any]) -> list[object]:
        """Return the Avro schemas that one refers to, those they refer to themselves before them."""
        types: list[object] = []
        for reference in found.get("references") or ():
            referred = self._referred(reference)
            types += [*self._named_types(referred), json.loads(referred["schema"])]
        return types

    def _referred(self, reference: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._ask(f"/subjects/{quote(reference['subject'], safe='')}/versions/{reference['version']}")


@dataclass(frozen=True)
class ProtobufSchema:
    """A file of messages; a value says by a path which of them it is."""

    id: int
    file: FileDescriptor
    kind: str = "PROTOBUF"

    def message(self, value: bytes) -> Message:
        """Return a value as a message. Raises NotOfThisSchema."""
        try:
            _id, path, content = wire.unframe(value)
            message = GetMessageClass(self._at(path))()
            message.ParseFromString(content)
        except (wire.MalformedMessage, DecodeError, IndexError) as error:
            raise NotOfThisSchema(str(error)) from error
        return message

    def read(self, value: bytes) -> object:
        return json_format.MessageToDict(self.message(value), preserving_proto_field_name=True)

    def write(self, content: object) -> bytes:
        message = GetMessageClass(self._main)()
        try:
            json_format.ParseDict(content, message)  # type: ignore[arg-type]  # whatever is no object is refused below
        except (json_format.ParseError, AttributeError, TypeError) as error:
            raise NotOfThisSchema(" ".join(str(error).split())) from error
        if "kind" in self._main.oneofs_by_name and message.WhichOneof("kind") is None:
            kinds = ", ".join(field.name for field in self._main.oneofs_by_name["kind"].fields)
            raise NotOfThisSchema(f"{self._main.full_name} says nothing: give it one of {kinds}")
        return wire.frame(self.id, wire.body(message))

    @property
    def _main(self) -> Descriptor:
        """The message that events are: the one with `oneof kind`, else the first of the file."""
        messages = [*self.file.message_types_by_name.values()]
        return next((message for message in messages if "kind" in message.oneofs_by_name), messages[0])

    def _at(self, path: tuple[int, ...]) -> Descriptor:
        found = [*self.file.message_types_by_name.values()][path[0]]
        for step in path[1:]:
            found = found.nested_types[step]
        return found


@dataclass(frozen=True)
class AvroSchema:
    """An Avro schema, with the types that it refers to."""

    id: int
    text: str
    referred: list[object]
    kind: str = "AVRO"

    def read(self, value: bytes) -> object:
        import fastavro

        try:
            return fastavro.schemaless_reader(io.BytesIO(value[_PREFIX:]), self._parsed, None)
        except (ValueError, EOFError, IndexError, TypeError) as error:
            raise NotOfThisSchema(f"these bytes are no {self._name}: {error}") from error

    def write(self, content: object) -> bytes:
        import fastavro

        out = io.BytesIO()
        try:
            fastavro.schemaless_writer(out, self._parsed, content, strict=True)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise NotOfThisSchema(f"{self._name}: {error}") from error
        return wire.frame(self.id, out.getvalue())

    @cached_property
    def _parsed(self) -> Any:
        import fastavro

        known: dict[str, Any] = {}
        for schema in self.referred:
            fastavro.parse_schema(schema, named_schemas=known)  # type: ignore[arg-type]  # JSON, checked by the parser
        return fastavro.parse_schema(json.loads(self.text), named_schemas=known)

    @property
    def _name(self) -> str:
        return str(self._parsed.get("name", self.id)) if isinstance(self._parsed, dict) else str(self.id)


@dataclass(frozen=True)
class JsonSchema:
    """A JSON Schema; the content is JSON."""

    id: int
    text: str
    kind: str = "JSON"

    def read(self, value: bytes) -> object:
        try:
            return json.loads(value[_PREFIX:])
        except ValueError as error:
            raise NotOfThisSchema(f"these bytes are no JSON: {error}") from error

    def write(self, content: object) -> bytes:
        import jsonschema

        try:
            jsonschema.validate(content, json.loads(self.text))
        except jsonschema.ValidationError as error:
            raise NotOfThisSchema(f"{error.json_path}: {error.message}") from error
        return wire.frame(self.id, json.dumps(content).encode())
