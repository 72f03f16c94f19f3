"""Contract sources for the commands, with what is wrong with them told as failures of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shop_contracts.compat.schema import Schema
from shop_contracts.compat.sources import Unreadable, load
from shop_contracts.protobuf.compiler import InvalidProto

from shop_dev.errors import CliCode, ShopDevError


def open_proto(path: Path, *, name: str | None = None, import_paths: Sequence[Path] = (), source_info: bool = False) -> Schema:
    """Compile a .proto file. Raises ShopDevError (proto_invalid) naming file and line of every fault."""
    try:
        return load(path, name=name, import_paths=import_paths, source_info=source_info)
    except Unreadable as error:
        raise ShopDevError(CliCode.PROTO_INVALID, f"{error.path} cannot be read: {error.reason}.") from error
    except InvalidProto as error:
        faults = [str(problem).replace(f"{name or path.name}:", f"{path}:", 1) for problem in error.problems]
        raise ShopDevError(
            CliCode.PROTO_INVALID, "\n".join([f"{path} does not compile:", *faults]), detail={"faults": faults}
        ) from error
