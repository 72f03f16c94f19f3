"""Differences between two documents: paths, operations, bodies, responses and headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from shop_contracts.openapi_diff.changes import Change, Context, Direction, Place, SchemaComparison, Verb
from shop_contracts.openapi_diff.compare.keywords import Difference
from shop_contracts.openapi_diff.compare.lifecycle import STABILITY, lifecycle, stability_of, sunset_facts
from shop_contracts.openapi_diff.compare.media_types import is_json, match_media_types
from shop_contracts.openapi_diff.compare.parameters import Side, parameter_changes, template
from shop_contracts.openapi_diff.compare.schemas import SchemaPairs
from shop_contracts.openapi_diff.compare.security import SchemeNames, scheme_changes, security_changes
from shop_contracts.openapi_diff.compare.untouched import Untouched
from shop_contracts.openapi_diff.containment.verdict import Containments
from shop_contracts.openapi_diff.documents import Api, Node, path_items
from shop_contracts.openapi_diff.schemas import Schema

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_UNSTABLE = ("draft", "alpha")
_SUCCESS = re.compile(r"2([0-9][0-9]|XX)\Z", re.IGNORECASE)


class Comparison:
    """One comparison of two versions of an API."""

    def __init__(self, old: Api, new: Api) -> None:
        self.old, self.new = old, new
        self.pairs = SchemaPairs()
        self._containments = Containments()
        self._schemes = SchemeNames(old, new)
        self._untouched = Untouched(old, new)
        self._reverse: Comparison | None = None

    def changes(self) -> Iterator[Change | SchemaComparison]:
        """Yield every difference that a rule may care about. Raises InvalidOpenapi where a document is not what it should be."""
        everything = Context(Direction.NONE, Place.DOCUMENT)
        if _is_inherited(self.old.root):
            yield from security_changes(self.old.root, self.new.root, everything, self._schemes)
        yield from scheme_changes(self.old, self.new, _schemes_in_use(self.old.root), everything)
        yield from _servers(self.old.root, self.new.root, everything)
        yield from self._paths(path_items(self.old.root, "paths"), path_items(self.new.root, "paths"))
        yield from self._webhooks(path_items(self.old.root, "webhooks"), path_items(self.new.root, "webhooks"), everything)

    def _schemas(self, old: Schema, new: Schema, context: Context) -> Iterator[Change | SchemaComparison]:
        """Compare two schemas; where JSON is spoken, as the sets of instances that they are too."""
        if context.strongly_typed is not True:
            yield from self.pairs.changes(old, new, context)
        elif not self.pairs.is_unchanged(old, new):
            verdict = self._containments.change(old, new, replace(context, place=Place.BODY))
            unnoticed = partial(self._containments.is_unnoticed, old, new, context.direction)
            yield SchemaComparison(tuple(self.pairs.changes(old, new, context)), verdict, unnoticed)

    def schema(self, node: Node, key: str, api: Api) -> Schema | None:
        """Return the schema at a key of a node; None when there is none."""
        value = node.mapping().get(key)
        return None if value is None else Schema((node.child(key, value),), is_3_0=api.is_3_0)

    def _webhooks(
        self, before: Mapping[str, Node], after: Mapping[str, Node], context: Context
    ) -> Iterator[Change | SchemaComparison]:
        for name in sorted(before.keys() - after.keys()):
            yield Change("webhook", Verb.REMOVED, context, subject=name, old=before[name])
        for name in sorted(before.keys() & after.keys()):
            yield from self._backwards(f"webhook:{name}", before[name], after[name])

    def _backwards(self, name: str, before: Node, after: Node) -> Iterator[Change | SchemaComparison]:
        """Compare what the server calls at its clients: there the server is the client, so the new version is the one that asks."""
        if self._reverse is None:
            self._reverse = Comparison(self.new, self.old)
        for one in self._reverse._path_item(name, name, after, before):
            yield _turned(one)

    def _callbacks(self, old: Node, new: Node, context: Context) -> Iterator[Change | SchemaComparison]:
        before, after = old.members("callbacks"), new.members("callbacks")
        for name in sorted(before):
            if name not in after:
                yield Change("callback", Verb.REMOVED, context, subject=name, old=before[name])
                continue
            for expression in before[name].mapping():
                one, other = before[name].get(expression), after[name].get(expression)
                if one is not None and other is not None:
                    yield from self._backwards(f"{context.path} callback:{name}", one, other)

    def _paths(self, before: Mapping[str, Node], after: Mapping[str, Node]) -> Iterator[Change | SchemaComparison]:
        before = {path: item for path, item in before.items() if not path.startswith("x-")}
        shapes = {template(path)[0]: path for path in after if not path.startswith("x-")}
        for path, item in before.items():
            twin = path if path in after else shapes.get(template(path)[0])
            if twin is None:
                for method, operation in _operations(item).items():
                    yield from _removal(operation, _context(method, path), whole_path=True)
            else:
                yield from self._path_item(path, twin, item, after[twin])

    def _path_item(self, path: str, new_path: str, before: Node, after: Node) -> Iterator[Change | SchemaComparison]:
        old, new = _operations(before), _operations(after)
        parameters = (item.child("parameters", item.value.get("parameters")) for item in (before, after))
        same_frame = path.removeprefix("webhook:") == new_path and self._untouched(*parameters)
        for method, operation in old.items():
            context = _context(method, path)
            if method not in new:
                yield from _removal(operation, context, whole_path=False)
                continue
            twin = new[method]
            if same_frame and self._untouched(operation, twin):
                continue
            yield from _told(lifecycle(_words(operation), _words(twin)), context, operation, twin)
            level = stability_of(twin.value.get(STABILITY))
            if level in _UNSTABLE:
                continue
            context = replace(context, stability=level or "stable")
            yield from security_changes(operation, twin, context, self._schemes, roots=(self.old.root, self.new.root))
            yield from parameter_changes(
                self.pairs, Side(self.old, path, before, operation), Side(self.new, new_path, after, twin), context
            )
            yield from self._body(operation, twin, context)
            yield from self._responses(operation, twin, context)
            yield from self._callbacks(operation, twin, context)

    def _body(self, old: Node, new: Node, context: Context) -> Iterator[Change | SchemaComparison]:
        context = replace(context, direction=Direction.REQUEST, place=Place.BODY, part="request body")
        before, after = old.get("requestBody"), new.get("requestBody")
        if before is None and after is None:
            return
        if before is None and after is not None:
            yield Change("request-body", Verb.ADDED, context, new=after, facts={"required": after.flag("required")})
        elif before is not None and after is None:
            yield Change("request-body", Verb.REMOVED, context, old=before)
        elif before is not None and after is not None:
            if before.flag("required") != after.flag("required"):
                verb = Verb.SET if after.flag("required") else Verb.UNSET
                yield Change("request-body-required", verb, context, old=before, new=_at(after, "required"))
            yield from self._content(before, after, context)

    def _responses(self, old: Node, new: Node, context: Context) -> Iterator[Change | SchemaComparison]:
        before, after = old.members("responses"), new.members("responses")
        for status, response in before.items():
            if status.startswith("x-"):
                continue
            there = replace(context, direction=Direction.RESPONSE, place=Place.BODY, part=f"response {status}")
            twins = _answers_instead(status, after)
            if not twins:
                facts = {"success": bool(_SUCCESS.match(status))}
                yield Change("status", Verb.REMOVED, there, subject=status, old=response, facts=facts)
            for twin in twins:
                yield from self._response(response, twin, there)
        for status, response in after.items():
            was = before.get(f"{status[:1]}XX") or before.get("default")
            if status not in before and status[:1].isdecimal() and not status.upper().endswith("XX") and was is not None:
                part = f"response {status}, which was among the others"
                yield from self._response(
                    was, response, replace(context, direction=Direction.RESPONSE, place=Place.BODY, part=part)
                )

    def _response(self, old: Node, new: Node, context: Context) -> Iterator[Change | SchemaComparison]:
        if not self._untouched(old, new):
            yield from self._headers(old, new, context)
            yield from self._content(old, new, context)
            yield from _links(old, new, context)

    def _headers(self, old: Node, new: Node, context: Context) -> Iterator[Change | SchemaComparison]:
        before = {name.lower(): (name, node) for name, node in old.members("headers").items()}
        after = {name.lower(): (name, node) for name, node in new.members("headers").items()}
        for key, (name, header) in before.items():
            there = replace(context, place=Place.HEADER, part=f"header {name} of {context.part}", strongly_typed=False)
            if key not in after:
                yield Change("header", Verb.REMOVED, there, subject=name, old=header, facts={"required": header.flag("required")})
                continue
            twin = after[key][1]
            if header.flag("required") and not twin.flag("required"):
                yield Change("header-required", Verb.UNSET, there, subject=name, old=_at(header, "required"), new=twin)
            if ("content" in header.mapping()) != ("content" in twin.mapping()):
                yield Change("header-form", Verb.CHANGED, there, _form(header), _form(twin), name, header, twin)
            one, other = self.schema(header, "schema", self.old), self.schema(twin, "schema", self.new)
            if one is not None and other is not None:
                yield from self.pairs.changes(one, other, there)
            yield from self._content(header, twin, replace(there, place=Place.BODY, strongly_typed=True))

    def _content(self, old: Node, new: Node, context: Context) -> Iterator[Change | SchemaComparison]:
        before, after = old.members("content"), new.members("content")
        matched, removed = match_media_types(before, after)
        for name in removed:
            yield Change("media-type", Verb.REMOVED, replace(context, place=Place.MEDIA_TYPE), subject=name, old=before[name])
        for match in matched:
            one, other = before[match.old], after[match.new]
            there = replace(context, part=f"{context.part} ({match.old})", strongly_typed=is_json(match.old))
            named = replace(there, place=Place.MEDIA_TYPE)
            for difference in match.differences:
                yield Change(difference.aspect, difference.verb, named, difference.before, difference.after, old=one, new=other)
            yield from self._media_type(one, other, there)

    def _media_type(self, old: Node, new: Node, context: Context) -> Iterator[Change | SchemaComparison]:
        named = replace(context, place=Place.MEDIA_TYPE)
        yield from _encodings(old, new, named)
        untyped = {"untyped": "schema" not in new.mapping()}
        for key, aspect in (("schema", "media-type-schema"), ("itemSchema", "media-type-item-schema")):
            before, after = self.schema(old, key, self.old), self.schema(new, key, self.new)
            if before is None and after is not None:
                yield Change(aspect, Verb.ADDED, named, old=old, new=after.origin, facts=untyped)
            elif before is not None and after is None:
                yield Change(aspect, Verb.REMOVED, named, old=before.origin, new=new, facts=untyped)
            elif before is not None and after is not None:
                there = context if key == "schema" else replace(context, place=Place.PROPERTY, trail=key)
                yield from self._schemas(before, after, there)


def _turned(one: Change | SchemaComparison) -> Change | SchemaComparison:
    if isinstance(one, SchemaComparison):
        verdict = None if one.verdict is None else _turned_change(one.verdict)
        return SchemaComparison(tuple(map(_turned_change, one.changes)), verdict, one.is_unnoticed)
    return _turned_change(one)


def _turned_change(change: Change) -> Change:
    return replace(change, context=replace(change.context, is_turned=True), old=change.new, new=change.old)


def _is_inherited(root: Node) -> bool:
    """Return whether any operation has no security of its own."""
    items = path_items(root, "paths").values()
    return any("security" not in operation.value for item in items for operation in _operations(item).values())


def _schemes_in_use(root: Node) -> set[str]:
    """Return the names of the security schemes that the document or an operation asks for."""
    operations = (operation for item in path_items(root, "paths").values() for operation in _operations(item).values())
    return {str(name) for holder in (root, *operations) for one in holder.elements("security") for name in one.mapping()}


def _servers(old: Node, new: Node, context: Context) -> Iterator[Change]:
    """Tell the addresses that are gone, or that all of them are others."""
    before, after = (
        {str(node.value.get("url", "")).rstrip("/"): node for node in root.elements("servers") if isinstance(node.value, dict)}
        for root in (old, new)
    )
    if before and after and not before.keys() & after.keys():
        places = _at(old, "servers"), _at(new, "servers")
        yield Change("server", Verb.CHANGED, context, sorted(before), sorted(after), "", *places)
        return
    for url in sorted(before.keys() - after.keys()) if after else ():
        yield Change("server", Verb.REMOVED, context, subject=url, old=before[url])


def _answers_instead(status: str, after: Mapping[str, Node]) -> list[Node]:
    """Return the new version's responses that come where the old one had `status`; none where success is told by another number."""
    exact = after.get(status) or after.get(status.upper())
    if exact is not None:
        return [exact]
    if status.upper().endswith("XX"):
        inside = [node for other, node in after.items() if other[:1] == status[:1] and other[1:].isdecimal()]
        return inside or ([after["default"]] if "default" in after and not _SUCCESS.match(status) else [])
    of_range = after.get(f"{status[:1]}XX") or after.get(f"{status[:1]}xx")
    if of_range is not None:
        return [of_range]
    return [after["default"]] if "default" in after and status.isdecimal() and not _SUCCESS.match(status) else []


def _encodings(old: Node, new: Node, context: Context) -> Iterator[Change]:
    """Compare how the parts of a form or multipart body are written: their media types, styles and headers."""
    before, after = old.members("encoding"), new.members("encoding")
    for name in sorted(before.keys() & after.keys()):
        for word in ("contentType", "style", "explode", "allowReserved"):
            was, now = before[name].value.get(word), after[name].value.get(word)
            if was != now and was is not None and not _takes(was, now, word):
                yield Change("encoding", Verb.CHANGED, context, was, now, name, before[name], after[name])


def _takes(was: object, now: object, word: str) -> bool:
    """Return whether a part written as before is still taken: a list of media types that grew, or nothing said any more."""
    if word != "contentType" or now is None:
        return now is None
    return {one.strip().lower() for one in str(was).split(",")} <= {one.strip().lower() for one in str(now).split(",")}


def _form(header: Node) -> str:
    return ", ".join(header.members("content")) or "plain text"


def _links(old: Node, new: Node, context: Context) -> Iterator[Change]:
    before, after = old.members("links"), new.members("links")
    for name in sorted(before.keys() - after.keys()):
        yield Change("link", Verb.REMOVED, context, subject=name, old=before[name])
    for name in sorted(before.keys() & after.keys()):
        for word in ("operationId", "operationRef", "parameters", "requestBody"):
            was, now = before[name].value.get(word), after[name].value.get(word)
            if was is not None and was != now:
                yield Change("link", Verb.CHANGED, context, was, now, name, _at(before[name], word), _at(after[name], word))


def _context(method: str, path: str) -> Context:
    return Context(Direction.NONE, Place.OPERATION, method=method.upper(), path=path)


def _operations(item: Node) -> dict[str, Node]:
    found = {method: item.get(method) for method in METHODS if method in item.mapping()}
    for method, node in (item.members("additionalOperations") if "additionalOperations" in item.value else {}).items():
        found[method.lower()] = node
    return {method: node for method, node in found.items() if node is not None and node.mapping() is not None}


def _removal(operation: Node, context: Context, *, whole_path: bool) -> Iterator[Change]:
    level = stability_of(operation.value.get(STABILITY))
    if level is None:
        yield Change("stability", Verb.CHANGED, context, before=operation.value.get(STABILITY), old=_at(operation, STABILITY))
    elif level not in _UNSTABLE:
        aspect = "path" if whole_path else "operation"
        yield Change(aspect, Verb.REMOVED, context, old=operation, facts=sunset_facts(operation.value))


def _words(node: Node) -> Mapping[str, Any]:
    return node.mapping()


def _told(differences: Iterator[Difference], context: Context, old: Node, new: Node) -> Iterator[Change]:
    for one in differences:
        keyword = one.keyword or ""
        yield Change(
            one.aspect, one.verb, context, one.before, one.after, old=_at(old, keyword), new=_at(new, keyword), facts=one.facts
        )


def _at(node: Node, keyword: str) -> Node:
    return node.child(keyword, node.value[keyword]) if keyword in node.value else node
