"""OpenAPI documents for the commands, with what is wrong with them told as failures of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shop_contracts.files import real_path
from shop_contracts.openapi_diff import Api, InvalidOpenapi, open_api

from shop_dev.errors import CliCode, ShopDevError

_TREE_MARKS = (".git", "pyproject.toml")


def open_document(path: Path) -> Api:
    """Open an OpenAPI document. Its references may lead anywhere in the checkout that it is in, else in its own folder.

    Raises InvalidOpenapi.
    """
    above = real_path(path).parents
    tree = next((folder for folder in above if any((folder / mark).exists() for mark in _TREE_MARKS)), path.parent)
    return open_api(path, folder=tree)


@contextmanager
def readable() -> Iterator[None]:
    """Turn InvalidOpenapi into a failure (openapi_invalid) that names file and line."""
    try:
        yield
    except InvalidOpenapi as error:
        detail = {"path": str(error.path), "line": error.line, "reason": error.reason, "hint": error.hint}
        raise ShopDevError(CliCode.OPENAPI_INVALID, f"{error} ({error.hint}).", detail=detail) from error
