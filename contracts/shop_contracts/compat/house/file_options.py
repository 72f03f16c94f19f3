"""Rules that hold a file option to its value differ in the option's name only."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import FileOptions

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import FilePair
from shop_contracts.compat.house.rule import SOURCE, Rule


def same_file_option(option: str, *, why: str) -> Rule[FilePair]:
    """Return the rule that a file keeps the value of an option, set or by default."""

    def check(pair: FilePair) -> Iterator[Break]:
        before, after = _value(pair.old.proto.options, option), _value(pair.new.proto.options, option)
        if before != after:
            yield pair.breaks(why, before=f"{option} = {before}", after=f"{option} = {after}")

    purpose = f"A file keeps its option {option}."
    return Rule(id=f"FILE_SAME_{option.upper()}", on=FilePair, categories=SOURCE, purpose=purpose, check=check)


def _value(options: FileOptions, option: str) -> str:
    value = getattr(options, option)
    if option == "optimize_for":
        return FileOptions.OptimizeMode.Name(value)
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'
