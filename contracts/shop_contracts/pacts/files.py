"""The files: one for each consumer and the producer it reads from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from shop_contracts.checking.proofs import Proofs
from shop_contracts.compat.languages import Language
from shop_contracts.pacts import protobuf
from shop_contracts.tree.declared import Carrier, Consumption, Contracts, Payload


def pacts(contracts: Contracts, proofs: Proofs) -> dict[str, bytes]:
    """Return the files by name, `<consumer>-<producer>.json`. Who does not say what it reads has none."""
    topics = {one.name: one for one in contracts.declared.payloads if one.carrier is Carrier.TOPIC}
    interactions: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for consumption in contracts.declared.consumptions:
        topic = topics.get(consumption.topic)
        if topic is not None and consumption.reads is not None:
            found = _interactions(contracts, consumption, topic, proofs)
            interactions.setdefault((consumption.service, topic.service), []).extend(found)
    return {
        f"{consumer}-{producer}.json": (json.dumps(_pact(consumer, producer, found), indent=2) + "\n").encode()
        for (consumer, producer), found in interactions.items()
        if found
    }


def _interactions(contracts: Contracts, consumption: Consumption, topic: Payload, proofs: Proofs) -> Iterable[dict[str, Any]]:
    if Language.of(topic.schema or "") is None:
        return protobuf.interactions(consumption, topic, proofs)
    from shop_contracts.pacts import text  # the libraries behind it take a while to import

    return text.interactions(contracts, consumption, topic)


def _pact(consumer: str, producer: str, interactions: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "consumer": {"name": consumer},
        "provider": {"name": producer},
        "interactions": interactions,
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }
