"""What the edge hands on as it comes, its document promises as the service's own does: the same path, and no answer fewer."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from shop_services.edge.adapters.rest import CONTRACT, RELAYED

OWN = {"401", "403", "429", "502"}
"""Answers that the edge has of its own."""
EACH = [(service, operation) for service, operations in RELAYED.items() for operation in operations]


def operation_of(document: str, operation_id: str) -> tuple[str, str, dict[str, Any]]:
    root = yaml.load((CONTRACT.parent / document).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return next(
        (path, method, operation)
        for path, item in root["paths"].items()
        for method, operation in item.items()
        if operation["operationId"] == operation_id
    )


@pytest.mark.parametrize(("service", "operation_id"), EACH, ids=[operation for _, operation in EACH])
def test_what_is_handed_on_is_promised_as_the_service_promises_it(service: str, operation_id: str) -> None:
    path, method, theirs = operation_of(f"{service}.yaml", operation_id)
    own_path, own_method, ours = operation_of("edge.yaml", operation_id)

    assert (own_path, own_method) == (path, method)
    assert set(theirs["responses"]) - OWN <= set(ours["responses"])
    assert "requestBody" not in theirs or [*theirs["requestBody"]["content"]] == [*ours["requestBody"]["content"]]
    assert {"429", "502"} <= set(ours["responses"])
