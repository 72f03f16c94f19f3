"""RPC_RESPONSE_STANDARD_NAME: An RPC has a response of its own name: <Rpc>Response or <Service><Rpc>Response."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for service in file.services:
        for method in service.methods:
            name = method.proto.output_type.rpartition(".")[2]
            if name not in {f"{method.name}Response", f"{service.name}{method.name}Response"}:
                yield Fault(f"The response of {method.name} is {name} and not {method.name}Response.", method)


RULE = LintRule(
    id="RPC_RESPONSE_STANDARD_NAME",
    purpose="An RPC has a response of its own name: <Rpc>Response or <Service><Rpc>Response.",
    check=_check,
)
