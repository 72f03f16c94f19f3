"""Schemas for tests, from the few lines a case is about."""

from __future__ import annotations

from collections.abc import Mapping

from shop_contracts.compat import Schema
from shop_contracts.protobuf.compiler import compile_proto

HEADERS = {"proto2": 'syntax = "proto2";', "proto3": 'syntax = "proto3";', "editions": 'edition = "2023";'}
PACKAGE = "package shop.cases.v1;"


def proto(
    text: str,
    *,
    syntax: str = "proto3",
    imports: Mapping[str, str] | None = None,
    name: str = "cases.proto",
    version: int | None = None,
    metadata: Mapping[str, str] | None = None,
    source_info: bool = False,
) -> Schema:
    """Compile `text` below a syntax line, in package shop.cases.v1 where it names no package."""
    source = whole(text, syntax)
    compiled = compile_proto(source, dict(imports or {}), name=name, source_info=source_info)
    return Schema.compiled(compiled, version=version, text=source, metadata=metadata)


def whole(text: str, syntax: str = "proto3") -> str:
    """The text as a file."""
    return f"{HEADERS[syntax]}\n{'' if 'package ' in text else PACKAGE}\n{text}\n"
