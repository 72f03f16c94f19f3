"""The one JSON document that `--json` prints, for every command and outcome; its schema is docs/reference/envelope.schema.json."""

from __future__ import annotations

import json
import re

from shop_dev.command_table import PROGRAM
from shop_dev.errors import Failure
from shop_dev.output.answer import Answer

_COMMAND = re.compile(rf"`({PROGRAM} [^`]*)`")

SCHEMA_VERSION = 1
"""Counts up when a reader of the older form could misread the newer one; new fields alone do not count."""


def envelope(command: str, answer: Answer) -> str:
    """Return the document as one line. `data` is null where there is nothing to tell, `error` is null where nothing failed."""
    return json_line({**_head(command), "data": answer.data, **_outcome(answer.warnings, answer.failure)})


def envelope_around(command: str, name: str) -> tuple[str, str]:
    """Return the document up to the entries of `data.<name>`, and what stands between those and the outcome."""
    head = json_line({**_head(command), "data": {name: []}})
    return head.removesuffix("]}}"), "]}, "


def outcome(warnings: tuple[str, ...], failure: Failure | None) -> str:
    """Return the document's end: how it went, which is known when all entries have been written."""
    return json_line(_outcome(warnings, failure)).removeprefix("{")


def json_line(value: object) -> str:
    """Return a JSON value as one line."""
    return json.dumps(value, ensure_ascii=False)


def _head(command: str) -> dict[str, object]:
    return {"schemaVersion": SCHEMA_VERSION, "command": command}


def _outcome(warnings: tuple[str, ...], failure: Failure | None) -> dict[str, object]:
    return {
        "status": "failed" if failure else "ok",
        "warnings": list(warnings),
        "error": failure_data(failure) if failure else None,
    }


def failure_data(failure: Failure) -> dict[str, object]:
    """Return a failure for scripts."""
    return {
        "code": failure.code,
        "category": failure.category,
        "retryable": failure.retryable,
        "message": failure.message,
        "actions": [_action(text) for text in failure.actions],
        "detail": failure.detail,
    }


def _action(text: str) -> dict[str, object]:
    """What to try as a sentence, and the command in it where there is one."""
    quoted = _COMMAND.search(text)
    command = text if text.startswith(f"{PROGRAM} ") else quoted[1] if quoted else None
    return {"text": text, "command": command}
