"""One message of a pact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def interaction(key: str, description: str, content: Any, *, paths: Iterable[str], metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return an asynchronous message. Of its content, JSON on the whole, types count at some paths and values nowhere.

    What it is on the wire says `contentType` of its metadata.
    """
    return {
        "type": "Asynchronous/Messages",
        "key": key,
        "pending": False,
        "description": description,
        "providerStates": [],
        "contents": {"content": content, "contentType": "application/json", "encoded": False},
        "metadata": dict(metadata),
        "matchingRules": {"body": {path: {"combine": "AND", "matchers": [{"match": "type"}]} for path in paths}},
    }
