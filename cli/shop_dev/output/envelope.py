"""The one JSON document that `--json` prints, for every command and outcome; its schema is docs/reference/envelope.schema.json."""

from __future__ import annotations

import json

from shop_dev.errors import Failure
from shop_dev.output.answer import Answer

SCHEMA_VERSION = 1
"""Counts up when a reader of the older form could misread the newer one; new fields alone do not count."""


def envelope(command: str, answer: Answer) -> str:
    """Return the document as one line. `data` is null where there is nothing to tell, `error` is null where nothing failed."""
    return json.dumps(
        {
            "schemaVersion": SCHEMA_VERSION,
            "command": command,
            "status": "failed" if answer.failure else "ok",
            "data": answer.data,
            "warnings": list(answer.warnings),
            "error": _error(answer.failure) if answer.failure else None,
        },
        ensure_ascii=False,
    )


def _error(failure: Failure) -> dict[str, object]:
    return {
        "code": failure.code,
        "category": failure.category,
        "retryable": failure.retryable,
        "message": failure.message,
        "actions": list(failure.actions),
        "detail": failure.detail,
    }
