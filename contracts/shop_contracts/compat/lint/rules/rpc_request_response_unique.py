"""RPC_REQUEST_RESPONSE_UNIQUE: No two RPCs share a request or response."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    users: dict[str, list[str]] = {}
    for service in file.services:
        for method in service.methods:
            for name in (method.proto.input_type, method.proto.output_type):
                users.setdefault(name, []).append(method.name)
                if len(users[name]) > 1:
                    names = " and ".join(users[name])
                    yield Fault(f"{name.removeprefix('.')} is used twice, by {names}: neither can change alone.", method)


RULE = LintRule(
    id="RPC_REQUEST_RESPONSE_UNIQUE",
    purpose="No two RPCs share a request or response.",
    check=_check,
)
