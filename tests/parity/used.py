"""Which operations of AWS the code calls, read from the code itself.

All calls go through a few doors (`Aws.json`, `AwsClient.call`, `AwsSdk.call`, …). What is passed to them is followed back through
functions of the same module that pass their own parameters on. A REST request is named by botocore's model of its service.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import botocore.session
from botocore import xform_name

CHECKOUT = Path(__file__).resolve().parents[2]
_PACKAGES = ("services", "sandbox/shop_sandbox", "cli/shop_dev")
_DOORS_THEMSELVES = frozenset({"aws_api.py", "client.py", "sdk.py"})
_MODELS = {"monitoring": "cloudwatch", "ses": "sesv2", "apigateway": "apigatewayv2"}
"""Names in signatures, where botocore calls the service otherwise."""
_TARGET = "DynamoDB_20120810."
_ANYTHING = "\0"
"""Stands for a part of a text that is known only when the code runs."""


class Parameter(NamedTuple):
    """A part of a text that is passed in."""

    name: str


Text = tuple[str | Parameter, ...]


@dataclass(frozen=True)
class _Call:
    """A call through a door, as far as the function that it stands in tells: service, then an operation, or method and path."""

    function: str
    parameters: tuple[str, ...]
    said: tuple[Text, ...]

    @property
    def passes_on(self) -> bool:
        return any(isinstance(part, Parameter) for text in self.said for part in text)


def used(checkout: Path = CHECKOUT) -> dict[str, list[str]]:
    """Return each operation (`dynamodb:PutItem`) with the files that call it. Raises ValueError for a call that cannot be named."""
    found: dict[str, set[str]] = {}
    for package in _PACKAGES:
        for file in sorted((checkout / package).rglob("*.py")):
            if file.name not in _DOORS_THEMSELVES or "aws" not in str(file.relative_to(checkout)):
                for operation in operations_of(file.read_text("utf-8"), str(file.relative_to(checkout))):
                    found.setdefault(operation, set()).add(file.relative_to(checkout).as_posix())
    return {name: sorted(files) for name, files in sorted(found.items())}


def operations_of(source: str, name: str) -> set[str]:
    """Return the operations that one module calls. Raises ValueError."""
    if "aws" not in source.lower():
        return set()
    module = _Module(ast.parse(source))
    found: set[str] = set()
    for call in module.calls():
        service, *said = (_joined(text) for text in call.said)
        model = _MODELS.get(service, service)
        if model not in _services():
            continue
        named = set(_by_request(model, *said)) if len(said) == 2 else set(_by_name(model, said[0]))
        if not named:
            raise ValueError(f"{name}: {call.function} calls {service} {' '.join(said)!r}, which names no operation of it")
        found |= {f"{model}:{one}" for one in named}
    return found


class _Module:
    def __init__(self, tree: ast.Module) -> None:
        self._constants = dict(_assignments(tree.body))
        self._functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    def calls(self) -> Iterator[_Call]:
        """Yield the calls through doors whose texts no caller within this module decides."""
        waiting = [found for function in self._functions for found in self._in(function)]
        while waiting:
            call = waiting.pop()
            if not call.passes_on:
                yield call
                continue
            callers = list(self._callers(call))
            if callers:
                waiting += callers
            else:
                yield _Call(call.function, (), tuple(_filled(text, {}) for text in call.said))

    def _in(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[_Call]:
        for node in _own_nodes(function):
            if isinstance(node, ast.Call) and (said := _through_a_door(node)):
                yield _Call(function.name, _parameters(function), tuple(self._text(one, function) for one in said))
            if isinstance(node, ast.JoinedStr) and str((text := self._text(node, function))[:1][0]).startswith(_TARGET):
                operation = (str(text[0]).removeprefix(_TARGET), *text[1:])  # in a header: the emulator's health check
                yield _Call(function.name, _parameters(function), (("dynamodb",), operation))

    def _callers(self, call: _Call) -> Iterator[_Call]:
        for function in self._functions:
            for node in _own_nodes(function):
                if isinstance(node, ast.Call) and _name_of(node.func) == call.function:
                    passed = dict(zip(call.parameters, (self._text(one, function) for one in node.args), strict=False))
                    passed |= {one.arg: self._text(one.value, function) for one in node.keywords if one.arg}
                    said = tuple(_filled(text, passed) for text in call.said)
                    if function.name != call.function:
                        yield _Call(function.name, _parameters(function), said)

    def _text(self, node: ast.expr, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Text:
        match node:
            case ast.Constant(value=str(value)):
                return (value,)
            case ast.JoinedStr(values=values):
                return tuple(part for value in values for part in self._text(value, function))
            case ast.FormattedValue(value=value):
                return self._text(value, function)
            case ast.Name(id=name) if name in _parameters(function):
                return (Parameter(name),)
            case ast.Name(id=name):
                local = dict(_assignments(_own_nodes(function)))
                assigned = local.get(name) or self._constants.get(name)
                return self._text(assigned, function) if assigned is not None and not _mentions(assigned, name) else (_ANYTHING,)
            case _:
                return (_ANYTHING,)


def _through_a_door(node: ast.Call) -> tuple[ast.expr, ...]:
    """Return what of a call says which operation it is."""
    match _name_of(node.func), node.args:
        case "json" | "query" | "presigned", [service, operation, *_]:
            return service, operation
        case "rest" | "rest_json", [service, method, path, *_]:
            return service, method, path
        case "call", [service, _, operation, *_]:  # AwsClient: the service, how it calls itself on the wire, the operation
            return service, operation
        case "call", [service, operation]:  # AwsSdk, whose other arguments are named
            return service, operation
        case _:
            return ()


def _own_nodes(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.AST]:
    """Return what is inside a function, functions inside it included: they see its names."""
    return [node for part in function.body for node in ast.walk(part)]


def _assignments(nodes: Any) -> Iterator[tuple[str, ast.expr]]:
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(node))


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    told = function.args
    return tuple(one.arg for one in (*told.posonlyargs, *told.args, *told.kwonlyargs) if one.arg != "self")


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""


def _filled(text: Text, passed: Mapping[str, Text]) -> Text:
    return tuple(part for one in text for part in (passed.get(one.name, (_ANYTHING,)) if isinstance(one, Parameter) else (one,)))


def _joined(text: Text) -> str:
    return "".join(part for part in text if isinstance(part, str))


# --- what botocore calls it --------------------------------------------------------------------------------------------------


def _by_name(model: str, said: str) -> Iterator[str]:
    wanted = re.compile(".*".join(map(re.escape, said.split(_ANYTHING))))
    if said == _ANYTHING:
        return
    for name in _operations(model):
        if wanted.fullmatch(name) or wanted.fullmatch(xform_name(name)):
            yield name


def _by_request(model: str, method: str, target: str) -> Iterator[str]:
    """Name a REST request: of the operations that fit, the one whose template says the most of it."""
    if (method, target) in _FORMER:
        yield _FORMER[method, target]
        return
    path, _, query = target.partition("?")
    asked = dict(parse_qsl(query, keep_blank_values=True))
    fitting = {}
    for name, (their_method, template) in _operations(model).items():
        their_path, _, their_query = template.partition("?")
        theirs = dict(parse_qsl(their_query, keep_blank_values=True))
        if method == their_method and _fits(path, their_path) and theirs.items() <= asked.items():
            fitting[name] = (len(theirs), -their_path.count("{"), name not in _OLDER)
    if fitting:
        yield max(fitting, key=fitting.__getitem__)


_FORMER = {("GET", "/v2/email/identities"): "ListEmailIdentities"}
"""Requests that AWS documents and botocore makes in another way by now."""
_OLDER = frozenset({"PutBucketLifecycle", "GetBucketLifecycle", "PutBucketNotification", "GetBucketNotification", "ListObjects"})
"""Superseded operations of S3 that share a request with the one that superseded them."""


def _fits(path: str, template: str) -> bool:
    parts, theirs = path.rstrip("/").split("/"), template.rstrip("/").split("/")
    return len(parts) == len(theirs) and all(
        expected.startswith("{") or part == expected for part, expected in zip(parts, theirs, strict=True)
    )


@cache
def _services() -> frozenset[str]:
    return frozenset(botocore.session.get_session().get_available_services())


@cache
def _operations(model: str) -> dict[str, tuple[str, str]]:
    """Return method and path of each operation of a service."""
    found = botocore.session.get_session().get_service_model(model)
    shapes = {name: found.operation_model(name).http for name in found.operation_names}
    return {name: (http["method"], http["requestUri"]) for name, http in shapes.items()}
