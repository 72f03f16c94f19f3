"""RPC_REQUEST_STANDARD_NAME: An RPC has a request of its own name: <Rpc>Request or <Service><Rpc>Request."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for service in file.services:
        for method in service.methods:
            name = method.proto.input_type.rpartition(".")[2]
            if name not in {f"{method.name}Request", f"{service.name}{method.name}Request"}:
                yield Fault(f"The request of {method.name} is {name} and not {method.name}Request.", method)


RULE = LintRule(
    id="RPC_REQUEST_STANDARD_NAME",
    purpose="An RPC has a request of its own name: <Rpc>Request or <Service><Rpc>Request.",
    check=_check,
)
