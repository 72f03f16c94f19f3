"""Avro and JSON Schemas for the commands, with what is wrong with them told as failures of the command line."""

from __future__ import annotations

from pathlib import Path

from shop_contracts.compat.languages import Language
from shop_contracts.compat.sources import Unreadable
from shop_contracts.compat.textual import TextSchema, load

from shop_dev.errors import CliCode, ShopDevError


def open_text_schemas(old: Path, new: Path) -> tuple[TextSchema, TextSchema]:
    """Read two versions of a schema. Raises ShopDevError (schema_invalid), also for two of different kinds."""
    if Language.of(old) is not Language.of(new):
        raise ShopDevError(
            CliCode.SCHEMA_INVALID, f"{old} and {new} are schemas of different kinds, by the endings of their names."
        )
    return _open(old), _open(new)


def _open(path: Path) -> TextSchema:
    try:
        return load(path)
    except Unreadable as error:
        raise ShopDevError(CliCode.SCHEMA_INVALID, f"{error.path} cannot be read as a schema: {error.reason}.") from error
