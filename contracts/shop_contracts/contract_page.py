"""One HTML page of all contracts: REST interfaces, topics and their messages. It needs no network and no server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from typing import Any

from shop_contracts.checking.rest import METHODS, Documents
from shop_contracts.compat.elements import Enum, Message
from shop_contracts.compat.schema import Schema
from shop_contracts.event_documents import comment, kinds
from shop_contracts.tree.compiled import Compiled
from shop_contracts.tree.declared import Api, Carrier, Contracts, Payload

_DEEPEST = 12
_CODE = re.compile(r"`([^`]+)`")


def page(contracts: Contracts, compiled: Compiled, documents: Documents) -> str:
    """Return the page. What cannot be read is left out (and told by `compiled` and `documents`)."""
    sections = [*_rest_sections(contracts, documents), *_event_sections(contracts, compiled)]
    links = "".join(f'<li class="{kind}"><a href="#{anchor}">{escape(title)}</a></li>' for kind, anchor, title, _ in sections)
    body = "".join(f'<section id="{anchor}" class="{kind}">{html}</section>' for kind, anchor, _, html in sections)
    shell = files("shop_contracts").joinpath("contract_page.html").read_text(encoding="utf-8")
    return shell.replace("{{links}}", links).replace("{{body}}", body)


Section = tuple[str, str, str, str]
"""Kind, anchor, title and HTML."""


def _rest_sections(contracts: Contracts, documents: Documents) -> Iterator[Section]:
    for api in contracts.declared.apis:
        document = documents.open(api.document) if (contracts.root / api.document).is_file() else None
        if document is not None:
            yield "rest", api.subject, f"{api.service}: REST", _rest(api, document.root.value)


def _rest(api: Api, data: dict[str, Any]) -> str:
    info = _dict(data.get("info"))
    parts = [f"<h2>{escape(str(info.get('title', api.service)))} <small>REST, service {escape(api.service)}</small></h2>"]
    parts.append(_prose(info.get("description") or info.get("summary")))
    parts.append(f'<p class="source">{escape(api.document)}</p>')
    for path, item in _dict(data.get("paths")).items():
        shared = _dict(item).get("parameters", [])
        for method, operation in _dict(item).items():
            if method in METHODS:
                parts.append(_operation(data, method, str(path), _dict(operation), shared))
    return "".join(parts)


def _operation(data: dict[str, Any], method: str, path: str, operation: dict[str, Any], shared: Any) -> str:
    parameters = [_followed(data, one) for one in [*_list(shared), *_list(operation.get("parameters"))]]
    rows = [
        (
            str(one.get("name")),
            f"{one.get('in')}{', required' if one.get('required') else ''}",
            _type(data, one.get("schema")),
            one.get("description"),
        )
        for one in parameters
    ]
    parts = [_prose(operation.get("description"))]
    if rows:
        parts.append("<h4>Parameters</h4>" + _table(("name", "where", "type", ""), rows))
    body = _followed(data, operation.get("requestBody"))
    if body:
        parts.append("<h4>Request body</h4>" + _contents(data, body))
    parts.append("<h4>Responses</h4>")
    for status, response in _dict(operation.get("responses")).items():
        answer = _followed(data, response)
        told = escape(" ".join(str(answer.get("description", "")).split()))
        parts.append(f"<p><b>{escape(str(status))}</b> {told}</p>{_contents(data, answer)}")
    title = f'<span class="method {method}">{method.upper()}</span> <code>{escape(path)}</code>'
    summary = escape(str(operation.get("summary", "")))
    return f'<details class="entry"><summary>{title} <span>{summary}</span></summary>{"".join(parts)}</details>'


def _contents(data: dict[str, Any], holder: dict[str, Any]) -> str:
    parts = []
    for media, content in _dict(holder.get("content")).items():
        schema = _dict(content).get("schema")
        parts.append(f'<p class="media">{escape(str(media))}: {_type(data, schema)}</p>{_properties(data, schema, 0)}')
    return "".join(parts)


def _properties(data: dict[str, Any], schema: Any, depth: int) -> str:
    found = _followed(data, schema)
    if depth > _DEEPEST:
        return ""
    if found.get("type") == "array" or "items" in found:
        return _properties(data, found.get("items"), depth + 1)
    parts = [_properties(data, one, depth + 1) for key in ("allOf", "oneOf", "anyOf") for one in _list(found.get(key))]
    required = set(map(str, _list(found.get("required"))))
    rows = []
    for name, one in _dict(found.get("properties")).items():
        below = _followed(data, one)
        rows.append((str(name), "required" if name in required else "", _type(data, one), below.get("description")))
    table = _table(("property", "", "type", ""), rows) if rows else ""
    nested = "".join(
        f'<div class="nested"><b>{escape(str(name))}</b>{inner}</div>'
        for name, one in _dict(found.get("properties")).items()
        if (inner := _properties(data, one, depth + 1))
    )
    return "".join(parts) + table + nested


def _type(data: dict[str, Any], schema: Any) -> str:
    found = _followed(data, schema)
    kind = found.get("type")
    if kind == "array":
        return f"list of {_type(data, found.get('items'))}"
    words = (
        " or ".join(map(str, kind)) if isinstance(kind, list) else str(kind or ("one of several" if "oneOf" in found else "object"))
    )
    if isinstance(found.get("enum"), list):
        words += f": {', '.join(map(str, found['enum']))}"
    limits = [
        f"{key} {found[key]}"
        for key in ("format", "pattern", "minimum", "maximum", "minLength", "maxLength", "default")
        if key in found
    ]
    return escape(words + (f" ({', '.join(limits)})" if limits else ""))


def _followed(data: dict[str, Any], value: Any) -> dict[str, Any]:
    """A mapping with references inside the document followed; empty for anything else."""
    seen = 0
    while isinstance(value, dict) and isinstance(value.get("$ref"), str) and value["$ref"].startswith("#/") and seen < _DEEPEST:
        target: Any = data
        for part in value["$ref"][2:].split("/"):
            target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
        value, seen = target, seen + 1
    return _dict(value)


def _event_sections(contracts: Contracts, compiled: Compiled) -> Iterator[Section]:
    for payload in contracts.declared.payloads:
        path = str(payload.schema)
        is_readable = path.endswith(".proto") and (contracts.root / path).is_file()
        schema = compiled.schema(path) if is_readable else None
        if schema is not None:
            yield "event", payload.subject, payload.name, _payload(contracts, payload, schema)


def _payload(contracts: Contracts, payload: Payload, schema: Schema) -> str:
    consumers = [one for one in contracts.declared.consumptions if one.topic == payload.name]
    parts = [f"<h2>{escape(payload.name)} <small>{payload.carrier}, from service {escape(payload.service)}</small></h2>"]
    envelope = schema.tree.messages.get(payload.message or "")
    if envelope is not None:
        parts.append(_prose(comment(envelope, schema)))
    facts = [("subject", payload.subject), ("schema", schema.main), ("message", payload.message or "")]
    if payload.carrier is Carrier.TOPIC:
        facts += [
            ("partitions", str(payload.partitions)),
            ("consumers", ", ".join(sorted({one.service for one in consumers})) or "none here"),
        ]
    parts.append("<dl>" + "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts) + "</dl>")
    messages = [kind.message for kind in kinds(schema, payload)]
    shown = [*([envelope] if envelope is not None and envelope not in messages else []), *messages]
    main = shown or list(schema.file.messages)
    parts += [_message(schema, message, is_entry=True) for message in main]
    others = [one for one in _inside(main) if one not in main]
    parts += [_message(schema, one, is_entry=False) for one in others]
    parts += [_enum(schema, one) for one in _enums([*main, *others])]
    for consumer in consumers:
        reads = ", ".join(f"<code>{escape(one.path)}{'?' if one.is_optional else ''}</code>" for one in consumer.reads or ())
        parts.append(f"<p><b>{escape(consumer.service)}</b> reads {reads or 'everything, as far as it says'}.</p>")
    return "".join(parts)


def _message(schema: Schema, message: Message, *, is_entry: bool) -> str:
    rows = [
        (
            field.name,
            str(field.number),
            escape(f"{field.label}{field.type_text}".strip()) + (f" <i>{field.oneof}</i>" if field.oneof else ""),
            comment(field, schema),
        )
        for field in message.fields
    ]
    summary = f"<code>{escape(message.local_name)}</code> <span>{escape(comment(message, schema))}</span>"
    table = _table(("field", "number", "type", ""), rows) if rows else "<p>No fields: that it came says all.</p>"
    return f'<details class="entry"{" open" if is_entry and len(rows) < 8 else ""}><summary>{summary}</summary>{table}</details>'


def _enum(schema: Schema, enum: Enum) -> str:
    rows = [(value.name, str(value.number), "", "") for value in enum.values]
    summary = f"<code>{escape(enum.local_name)}</code> <span>{escape(comment(enum, schema))}</span>"
    return f'<details class="entry"><summary>{summary}</summary>{_table(("value", "number", "", ""), rows)}</details>'


def _inside(messages: Iterable[Message]) -> list[Message]:
    """The project's own messages that fields lead to, each once."""
    found: list[Message] = []
    waiting = list(messages)
    while waiting:
        for field in waiting.pop(0).fields:
            inner = field.message
            if inner is not None and inner not in found and not inner.full_name.startswith("google.") and not inner.is_map_entry:
                found.append(inner)
                waiting.append(inner)
    return found


def _enums(messages: Iterable[Message]) -> list[Enum]:
    return list(dict.fromkeys(field.enum for message in messages for field in message.fields if field.enum is not None))


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, str, str, Any]]) -> str:
    """A table; the first two cells and the last are text, the third is HTML."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(
        f"<tr><td><code>{escape(first)}</code></td><td>{escape(second)}</td><td>{third}</td><td>{_line(last)}</td></tr>"
        for first, second, third, last in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _line(text: Any) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(" ".join(str(text or "").split())))


def _prose(text: Any) -> str:
    paragraphs = str(text or "").strip().split("\n\n")
    return "".join(f"<p>{_line(one)}</p>" for one in paragraphs if one.strip())


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
