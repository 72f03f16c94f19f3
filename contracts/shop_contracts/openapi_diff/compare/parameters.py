"""Differences between the parameters of two operations, those of their path among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from shop_contracts.openapi_diff.changes import Change, Context, Direction, Place, Verb
from shop_contracts.openapi_diff.compare.lifecycle import lifecycle, sunset_facts
from shop_contracts.openapi_diff.compare.media_types import is_json
from shop_contracts.openapi_diff.compare.schemas import SchemaPairs
from shop_contracts.openapi_diff.documents import Api, Node
from shop_contracts.openapi_diff.schemas import Schema

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}


@dataclass(frozen=True, slots=True)
class Side:
    """An operation in one of the two documents: its path as it is written there, its path item and itself."""

    api: Api
    path: str
    item: Node
    operation: Node


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation. `node` is where it stands."""

    name: str
    location: str
    node: Node
    of_path: bool
    schema: Schema | None
    strongly_typed: bool | None = False
    media_type: str | None = None
    """What its value is serialized as, where `content` says so; None where `schema` and `style` do."""

    @property
    def is_required(self) -> bool:
        """Whether a request must have it."""
        return self.node.flag("required")

    @property
    def style(self) -> tuple[str, bool]:
        """How it is written down: the style, and whether arrays and objects are exploded."""
        style = str(self.node.value.get("style") or _STYLES.get(self.location, "form"))
        explode = self.node.value.get("explode")
        return style, explode if isinstance(explode, bool) else style == "form"

    @property
    def is_exploded_object(self) -> bool:
        """Whether the properties of its schema are parameters of their own on the wire."""
        if self.location not in {"query", "cookie"} or self.schema is None or self.node.value.get("explode") is not True:
            return False
        return self.style == ("form", True) and self.schema.types == {"object"} and bool(self.schema.named("properties"))

    def taken_apart(self) -> dict[tuple[str, str], Parameter]:
        """Return the properties of an exploded object as the parameters they are."""
        assert self.schema is not None  # noqa: S101  # nosec B101 # narrows a type: only asked of exploded objects
        properties = self.schema.named("properties")
        return {(self.location, name): replace(self, name=name, schema=schema) for name, schema in properties.items()}


def template(path: str) -> tuple[str, list[str]]:
    """Return a path without the names of its variables, and those names."""
    return _VARIABLE.sub("{}", path), _VARIABLE.findall(path)


def parameter_changes(pairs: SchemaPairs, old: Side, new: Side, context: Context) -> Iterator[Change]:
    """Yield what differs in the parameters of an operation."""
    context = replace(context, direction=Direction.REQUEST, place=Place.PARAMETER, strongly_typed=False)
    before = _parameters(old, {})
    names = zip(template(new.path)[1], template(old.path)[1], strict=False)
    after = _parameters(new, {name: was for name, was in names if ("path", was) in before})
    _unfold(before, after)
    _unfold(after, before)
    for key, parameter in before.items():
        there = _context(parameter, context)
        if key not in after:
            facts = sunset_facts(parameter.node.value)
            yield Change("parameter", Verb.REMOVED, there, subject=parameter.name, old=parameter.node, facts=facts)
        else:
            yield from _both(pairs, parameter, after[key], there)
    for key, parameter in after.items():
        if key not in before:
            facts = {"required": parameter.is_required, "of_path": parameter.of_path}
            yield Change(
                "parameter", Verb.ADDED, _context(parameter, context), subject=parameter.name, new=parameter.node, facts=facts
            )


def _both(pairs: SchemaPairs, old: Parameter, new: Parameter, context: Context) -> Iterator[Change]:
    if old.is_required != new.is_required:
        verb = Verb.SET if new.is_required else Verb.UNSET
        yield Change("parameter-required", verb, context, subject=old.name, old=old.node, new=new.node)
    for one in lifecycle(old.node.value, new.node.value):
        yield Change(one.aspect, one.verb, context, one.before, one.after, old.name, old.node, new.node, one.facts)
    if old.node.flag("allowEmptyValue") and not new.node.flag("allowEmptyValue"):
        yield Change("allow-empty-value", Verb.UNSET, context, subject=old.name, old=old.node, new=new.node)
    if old.media_type != new.media_type:
        told = (old.media_type or "`schema`", new.media_type or "`schema`")
        yield Change("style", Verb.CHANGED, context, *told, old.name, old.node, new.node)
    if old.schema is None or new.schema is None:
        return
    if old.media_type is None and new.media_type is None and _is_written_otherwise(old, new):
        yield Change("style", Verb.CHANGED, context, _style_text(old), _style_text(new), old.name, old.node, new.node)
    exploded = new.style == ("form", True)
    context = replace(context, form_exploded=exploded, strongly_typed=old.strongly_typed)
    yield from pairs.changes(old.schema, new.schema, context)


def _is_written_otherwise(old: Parameter, new: Parameter) -> bool:
    """Return whether a value of the old schema is written in a way that the new one does not read (OpenAPI, "Style Examples")."""
    assert old.schema is not None  # noqa: S101  # nosec B101 # narrows a type: asked of parameters with schemas
    assert new.schema is not None  # noqa: S101  # nosec B101 # as above
    structured = old.schema.types & {"array", "object"}
    if not structured:
        return old.location == "path" and old.style[0] != new.style[0]
    if old.schema.types == new.schema.types:
        return old.style != new.style
    becomes_text = not new.schema.types & {"array", "object"}
    return becomes_text and (old.style[0] == "deepObject" or (old.style == ("form", True) and "array" in structured))


def _style_text(parameter: Parameter) -> str:
    style, exploded = parameter.style
    return f"{style}, exploded" if exploded else style


def _context(parameter: Parameter, context: Context) -> Context:
    return replace(context, part=f"{parameter.location} parameter {parameter.name}", location=parameter.location)


def _parameters(side: Side, renamed: dict[str, str]) -> dict[tuple[str, str], Parameter]:
    found: dict[tuple[str, str], Parameter] = {}
    for node, of_path in ((side.item, True), (side.operation, False)):
        for one in node.elements("parameters"):
            parameter = _parameter(side.api, one, of_path=of_path)
            name = renamed.get(parameter.name, parameter.name) if parameter.location == "path" else parameter.name
            key = (parameter.location, name.lower() if parameter.location == "header" else name)
            found.pop(key, None)
            found[key] = parameter
    return found


def _parameter(api: Api, node: Node, *, of_path: bool) -> Parameter:
    name, location = node.mapping().get("name"), node.mapping().get("in")
    if not isinstance(name, str) or not isinstance(location, str):
        raise node.fault(None, "a parameter needs `name` and `in`", "see the OpenAPI specification")
    schema, strongly, media_type = _schema(api, node)
    return Parameter(name, location, node, of_path, schema, strongly, media_type)


def _schema(api: Api, node: Node) -> tuple[Schema | None, bool | None, str | None]:
    media_type, holder = next(iter(node.members("content").items()), (None, node))
    value = holder.mapping().get("schema")
    schema = None if value is None else Schema((holder.child("schema", value),), is_3_0=api.is_3_0)
    return schema, media_type is not None and is_json(media_type), media_type


def _unfold(some: dict[tuple[str, str], Parameter], others: dict[tuple[str, str], Parameter]) -> None:
    """Take exploded objects apart where the other version has their properties as parameters of their own."""
    for key, parameter in list(some.items()):
        if key in others or not parameter.is_exploded_object:
            continue
        parts = parameter.taken_apart()
        plain = {name for name in parts if name in others and not others[name].is_exploded_object and name not in some}
        if plain:
            del some[key]
            some.update({name: parts[name] for name in plain})
