"""What clients send as a schema, read: checked, with its references found, and with an identity to compare by."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar

import msgspec

from shop_contracts.compat.avro.printing import printed as print_avro
from shop_contracts.compat.avro.reading import InvalidAvro
from shop_contracts.compat.avro.reading import read as read_avro
from shop_contracts.compat.avro.types import Type
from shop_contracts.compat.json_schema.reading import InvalidJsonSchema, JsonSchema
from shop_contracts.compat.json_schema.reading import read as read_json_schema
from shop_contracts.protobuf.compiled import CompiledProto, InvalidProto
from shop_contracts.protobuf.descriptors import compile_descriptor
from shop_contracts.protobuf.normal import canonical_bytes, normal_bytes
from shop_contracts.protobuf.printer import print_proto
from shop_contracts.protobuf.undeclared import Lenient, compile_leniently, tokens_of
from shop_contracts.registry import errors
from shop_contracts.registry.model import Content, Identity, Reference, SchemaType, Version, context_of, qualified
from shop_contracts.registry.store import Store

_KEPT = 4_096
"""Schemas whose reading is remembered: a serialiser asks for the same few again and again."""
_LARGE = 16_384
"""Characters of a schema, with all that it needs, from which on it is compiled ahead: that takes the compiler some milliseconds."""
_KEPT_AHEAD = 16

_sorted_json = msgspec.json.Encoder(order="sorted")
_T = TypeVar("_T")


@dataclass(frozen=True)
class ReadSchema:
    """A valid schema. `content.schema` is text, whatever came in; `compiled` is there for Protobuf.

    `references` are all that it needs, directly or not.
    """

    content: Content
    identity: Identity
    compiled: CompiledProto | None = None
    references: tuple[Reference, ...] = ()
    avro: Type | None = None
    """The type that an Avro schema describes."""
    undeclared_options: tuple[str, ...] = ()
    """Custom options of a Protobuf schema that nothing declares; `compiled` is without them."""
    json_schema: JsonSchema | None = None


class SchemaReader:
    """Reads schemas, remembering those it read lately.

    The compiler holds the interpreter's lock. An ordinary schema takes it 0.3 ms; one of 500 messages takes 50 ms, for which
    others would wait, so large ones are compiled ahead in a process of their own.
    """

    def __init__(self) -> None:
        self._read: OrderedDict[object, ReadSchema] = OrderedDict()
        self._ahead: OrderedDict[object, _Compiled | errors.RegistryError] = OrderedDict()

    async def compile_ahead(self, store: Store, content: Content, context: str) -> None:
        """Compile a large Protobuf schema while others go on; `read` then finds what came of it."""
        if content.schema_type is not SchemaType.PROTOBUF:
            return
        try:
            found, read_key = self._asked(store, _with_numbers(store, content, context), context, deleted=True)
        except errors.RegistryError:
            return  # which `read` says
        sources = {name: version.content.schema for name, version in found.items()}
        key = _text_key(content.schema, sources)
        is_small = len(content.schema) + sum(map(len, sources.values())) < _LARGE
        if is_small or read_key in self._read or key in self._ahead or _descriptor_in(content.schema) is not None:
            return
        try:
            self._ahead[key] = await asyncio.to_thread(_compile, content.schema, sources, isolated=True)
        except errors.RegistryError as refusal:
            self._ahead[key] = refusal
        if len(self._ahead) > _KEPT_AHEAD:
            self._ahead.popitem(last=False)

    def read(self, store: Store, content: Content, context: str, *, deleted_references: bool = False) -> ReadSchema:
        """Return the schema as seen from `context`. Raises RegistryError 42201.

        `deleted_references` accepts references to soft-deleted versions: what is registered already stays readable.
        """
        content = _with_numbers(store, content, context)
        found, key = self._asked(store, content, context, deleted=deleted_references)
        known = self._read.get(key)
        if known is None:
            texts = {name: version.content.schema for name, version in found.items()}
            read = _read(content, texts, self._ahead.get(_text_key(content.schema, texts)))
            needed = tuple(Reference(name, version.subject, version.version) for name, version in found.items())
            known = self._read[key] = replace(read, references=needed)
            if len(self._read) > _KEPT:
                self._read.popitem(last=False)
        else:
            self._read.move_to_end(key)
        return known

    def _asked(self, store: Store, content: Content, context: str, *, deleted: bool) -> tuple[dict[str, Version], object]:
        """Return what a schema needs, and what its reading is remembered under."""
        found = _closure(store, content.references, context, deleted=deleted)
        # Identities stand for the sources in the key. Ids would not do: one that was only tried may come to mean something else.
        sources = tuple((name, version.identity.canonical) for name, version in found.items())
        return found, (context, content.schema_type, content.schema, content.references, sources, *_annotations(content))

    def read_version(self, store: Store, version: Version) -> ReadSchema:
        """Return a registered schema."""
        return self.read(store, version.content, context_of(version.subject), deleted_references=True)

    def identify(self, store: Store, content: Content) -> Identity:
        """The identity of a schema that another registry registered: of its text alone where it cannot be read here."""
        try:
            return self.read(store, content, ".", deleted_references=True).identity
        except (errors.RegistryError, OSError):  # OSError: the compiler had no room for its files
            raw = content.schema.encode()
            return _identity(content, raw, raw, None)


def sources_of(store: Store, read: ReadSchema) -> dict[str, str]:
    """Return the texts of all that a schema needs, by the names it imports them under."""
    found = {each.name: store.version(each.subject, each.version, deleted=True) for each in read.references}
    return {name: version.content.schema for name, version in found.items() if version is not None}


def _with_numbers(store: Store, content: Content, context: str) -> Content:
    """References to the latest version (-1) become references to the version that is the latest now."""
    if all(reference.version != -1 for reference in content.references):
        return content
    numbered = []
    for reference in content.references:
        latest = store.latest(qualified(context, reference.subject)) if reference.version == -1 else None
        numbered.append(Reference(reference.name, reference.subject, latest.version) if latest else reference)
    return msgspec.structs.replace(content, references=tuple(numbered))


def _closure(store: Store, references: Iterable[Reference], context: str, *, deleted: bool) -> dict[str, Version]:
    """Import name to version, for all that is referenced directly or not. Nearer references win over farther ones."""
    found: dict[str, Version] = {}
    level = [(context, reference) for reference in references]
    while level:
        following = []
        for scope, reference in level:
            if reference.name in found:
                continue
            subject = qualified(scope, reference.subject)
            version = store.version(subject, reference.version, deleted=deleted)
            if version is None:
                raise errors.invalid_schema(
                    f'No schema reference found for subject "{reference.subject}" and version {reference.version}: '
                    f'import "{reference.name}" of the schema needs it. Register it first.'
                )
            found[reference.name] = version
            following += [(context_of(subject), each) for each in version.content.references]
        level = following
    return _used_first(found) if len(found) > 1 else found


def _used_first(found: dict[str, Version]) -> dict[str, Version]:
    """Put versions behind those that they refer to themselves: a name of Avro is defined before it is used."""
    needs = {name: [each.name for each in version.content.references if each.name in found] for name, version in found.items()}
    try:
        return {name: found[name] for name in TopologicalSorter(needs).static_order()}
    except CycleError:  # two versions under one name: the nearer one counts, and it may use what refers to the other
        return found


def _text_key(schema: str, sources: dict[str, str]) -> object:
    return (schema, frozenset(sources.items()))


def _read(content: Content, sources: dict[str, str], ahead: _Compiled | errors.RegistryError | None) -> ReadSchema:
    if not content.schema.strip():
        raise errors.invalid_schema("Empty schema")
    if content.schema_type is not SchemaType.PROTOBUF:
        return _read_json(content, sources)
    if isinstance(ahead, errors.RegistryError):
        raise ahead.with_traceback(None)
    read, text = ahead or _compile(content.schema, sources)
    compiled = read.compiled
    content = msgspec.structs.replace(content, schema=text)
    imports = set(compiled.file.dependency)
    # The compiler has not seen these options, so the text has to tell what they say.
    unseen = tokens_of(text) if read.undeclared else b""
    identity = _identity(content, canonical_bytes(compiled.file) + unseen, normal_bytes(compiled.file) + unseen, imports)
    return ReadSchema(content, identity, compiled, undeclared_options=read.undeclared)


_Compiled = tuple[Lenient, str]


def _compile(schema: str, sources: dict[str, str], *, isolated: bool = False) -> _Compiled:
    descriptor = _descriptor_in(schema)
    try:
        if descriptor is None:
            return compile_leniently(schema, sources, isolated=isolated), schema
        compiled = compile_descriptor(descriptor, sources)
        return Lenient(compiled, ()), print_proto(compiled)
    except InvalidProto as error:
        raise errors.invalid_schema(f"{error}") from error


def _descriptor_in(schema: str) -> bytes | None:
    """The bytes of a descriptor sent as base64: no .proto source is valid base64, since it needs a brace, a quote or a space."""
    try:
        return base64.b64decode(schema, validate=True)
    except (binascii.Error, ValueError):
        return None


def _read_json(content: Content, sources: dict[str, str]) -> ReadSchema:
    parsed = _parse_json(content.schema, f"the {content.schema_type} schema")
    references = {name: _parse_json(source, f"the reference {name}") for name, source in sources.items()}
    try:
        if content.schema_type is SchemaType.AVRO:
            avro = read_avro(parsed, list(references.values()))
            text, normal = print_avro(avro), print_avro(avro, normal=True)
            read = ReadSchema(content, _identity(content, text.encode(), normal.encode(), None), avro=avro)
        else:
            schema = read_json_schema(parsed, references)
            text, normal = _json_text(parsed), _json_text(parsed, in_order=True)
            read = ReadSchema(content, _identity(content, text.encode(), normal.encode(), None), json_schema=schema)
    except (InvalidAvro, InvalidJsonSchema) as error:
        raise errors.invalid_schema(str(error)) from error
    return replace(read, content=msgspec.structs.replace(content, schema=text))


def _parse_json(text: str, named: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise errors.invalid_schema(f"{named} is no JSON: {error}") from error
    except RecursionError as error:
        raise errors.invalid_schema(f"{named} is nested too deeply") from error


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _json_text(value: Any, *, in_order: bool = False) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=in_order)


def _annotations(content: Content) -> tuple[bytes, bytes]:
    return _sorted_json.encode(content.metadata), _sorted_json.encode(content.rule_set)


def _identity(content: Content, canonical: bytes, normal: bytes, imports: set[str] | None) -> Identity:
    """Digests over the form and what belongs to a schema beside it.

    References count by what they are imported as, in any order; those that the file itself does not import do not count, since
    some clients send them and some do not.
    """
    counted = sorted(
        (each.name, each.subject, each.version) for each in content.references if imports is None or each.name in imports
    )
    beside = msgspec.json.encode([content.schema_type, counted]) + b"".join(_annotations(content))
    return Identity(*(hashlib.sha256(beside + b"\0" + form).hexdigest()[:32] for form in (canonical, normal)))


def remember_by_id(made: Callable[[Store, Version], _T], *, kept: int = _KEPT) -> Callable[[Store, Version], _T]:
    """Remember what was made of a registered schema: under an id there is always the same schema."""
    known: OrderedDict[tuple[str, int, str], _T] = OrderedDict()

    def remembered(store: Store, version: Version) -> _T:
        key = (context_of(version.subject), version.id, version.identity.canonical)
        if key in known:
            return known[key]
        new = made(store, version)
        if not store.is_trying:  # what is only tried may never be registered, and its id come to mean something else
            known[key] = new
            if len(known) > kept:
                known.popitem(last=False)
        return new

    return remembered
