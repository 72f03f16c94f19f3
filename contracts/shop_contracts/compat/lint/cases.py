"""How names are written."""

from __future__ import annotations

import re

_LOWER_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_UPPER_SNAKE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_PASCAL = re.compile(r"[A-Z][A-Za-z0-9]*")
_VERSION = re.compile(r"v[1-9][0-9]*(test.*|(p[1-9][0-9]*)?(alpha|beta)[1-9][0-9]*)?")
_STABLE = re.compile(r"v[1-9][0-9]*")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def is_lower_snake(name: str) -> bool:
    """Return whether a name reads like `order_line`."""
    return _LOWER_SNAKE.fullmatch(name) is not None


def is_upper_snake(name: str) -> bool:
    """Return whether a name reads like `ORDER_LINE`."""
    return _UPPER_SNAKE.fullmatch(name) is not None


def is_pascal(name: str) -> bool:
    """Return whether a name reads like `OrderLine`."""
    return _PASCAL.fullmatch(name) is not None


def is_version(part: str) -> bool:
    """Return whether a package part is a version: v1, v2beta1, v1p1alpha2, v3test."""
    return _VERSION.fullmatch(part) is not None


def is_unstable(package: str) -> bool:
    """Return whether a package's version promises nothing yet."""
    part = package.rpartition(".")[2]
    return is_version(part) and _STABLE.fullmatch(part) is None


def upper_snake(name: str) -> str:
    """Return `ORDER_LINE` for `OrderLine`."""
    return _WORD_START.sub("_", name).upper()
