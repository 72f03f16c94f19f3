"""Requests into typed values with every fault named, and values into JSON."""

from __future__ import annotations

import types
import typing
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shop_kit.errors import FieldFault
from shop_kit.http.problems import Problem

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


def json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as a JSON response."""
    return Response(_encoder.encode(value), status, headers=headers, media_type="application/json")


async def read_body(request: Request, kind: type[T]) -> T:
    """Return the JSON body as `kind`. Raises Problem: 415 for another media type, 400 for no JSON, 422 with every fault."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise Problem(
            415, "The body must be JSON", kind="unsupported-media-type", detail=f"content-type is {media_type or 'missing'}"
        )
    return decode(await request.body(), kind)


def decode(content: bytes, kind: type[T]) -> T:
    """JSON bytes as `kind`; a whole number may be written as 2 or 2.0. Raises Problem 400 or 422."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode_slowly(content, kind)


def _decode_slowly(content: bytes, kind: type[T]) -> T:
    """Find all faults. The fast path stops at the first, which it reports even where what follows is no JSON at all."""
    try:
        plain = _whole_numbers(msgspec.json.decode(content))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "The body is not JSON", kind="malformed-json", detail=str(error)) from error
    if wrong := faults(plain, kind):
        raise Problem(422, "The body is not valid", kind="invalid-body", errors=wrong)
    return msgspec.convert(plain, kind)


def _whole_numbers(value: Any) -> Any:
    """Return the same with 2 in place of 2.0, which JSON Schema takes for an integer, and msgspec does not.

    https://json-schema.org/draft/2020-12/json-schema-core#section-4.2.3
    """
    if isinstance(value, dict):
        return {name: _whole_numbers(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def read_query(request: Request, kind: type[T]) -> T:
    """The query parameters as `kind` (a Struct); those that are lists there may be repeated.

    Raises Problem 400 with every fault: unknown parameters, and others that are repeated, are some.
    """
    given = request.query_params.multi_items()
    known = _parameters(cast("Hashable", kind))
    lists = {name for name, is_list in known.items() if is_list}
    values: dict[str, Any] = {**dict(given), **{name: request.query_params.getlist(name) for name in lists & {*dict(given)}}}
    wrong = [FieldFault(name, "there is no such parameter") for name in values if name not in known]
    times_given = Counter(name for name, _ in given if name not in lists)
    wrong += [FieldFault(name, "is there more than once") for name, times in times_given.items() if times > 1]
    if not wrong:
        try:
            found = msgspec.convert(values, kind, strict=False)
        except msgspec.ValidationError:
            wrong = faults(values, kind, strict=False, path="")
        else:
            wrong = [FieldFault(name, "is not null: leave it out") for name in _nulls(found, values)]
            if not wrong:
                return found
    raise Problem(400, "The query is not valid", kind="invalid-query", errors=wrong)


def _nulls(found: Any, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parameters that became None: msgspec takes the text `null` for it, and a query has nothing but texts."""
    for field in msgspec.structs.fields(found):
        if field.encode_name in values and getattr(found, field.name) is None:
            yield field.encode_name


@cache
def _parameters(kind: Any) -> Mapping[str, bool]:
    """Return the parameters by name, and whether each is a list."""
    described = msgspec.inspect.type_info(kind)
    if not isinstance(described, msgspec.inspect.StructType):
        raise TypeError(f"{kind} is no Struct")
    return {field.encode_name: isinstance(field.type, msgspec.inspect.ListType) for field in described.fields}


def faults(value: Any, kind: Any, *, strict: bool = True, path: str = "$") -> list[FieldFault]:
    """Return everything that keeps plain JSON data from being a `kind`, with the path of each."""
    try:
        msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        first = error
    else:
        return []
    inner = _inner_faults(value, kind, strict=strict, path=path)
    return inner or [FieldFault(path or "query", _sentence(first))]


def _inner_faults(value: Any, kind: Any, *, strict: bool, path: str) -> list[FieldFault]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _inner_faults(value, arguments[0], strict=strict, path=path)
    if origin in (types.UnionType, typing.Union):
        others = [one for one in arguments if one not in (types.NoneType, msgspec.UnsetType)]
        return _inner_faults(value, others[0], strict=strict, path=path) if len(others) == 1 else []
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
        return _struct_faults(value, kind, strict=strict, path=path)
    if origin in (list, tuple) and isinstance(value, list) and arguments:
        found = (faults(one, arguments[0], strict=strict, path=f"{path}[{index}]") for index, one in enumerate(value))
        return [fault for each in found for fault in each]
    return []


def _struct_faults(value: dict[str, Any], kind: type[msgspec.Struct], *, strict: bool, path: str) -> list[FieldFault]:
    found: list[FieldFault] = []
    hints = typing.get_type_hints(kind, include_extras=True)
    known = set()
    for field in msgspec.structs.fields(kind):
        name = field.encode_name
        known.add(name)
        where = f"{path}.{name}" if path else name
        if name in value:
            found += faults(value[name], hints[field.name], strict=strict, path=where)
        elif field.required:
            found.append(FieldFault(where, "is required"))
    if kind.__struct_config__.forbid_unknown_fields:
        found += [FieldFault(f"{path}.{name}" if path else name, "is not known here") for name in value if name not in known]
    return found


def _sentence(error: msgspec.ValidationError) -> str:
    text = str(error).partition(" - at `")[0]
    return text[:1].lower() + text[1:]
