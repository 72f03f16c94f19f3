"""Writes what is made from code, manifests and locks: reference pages, tables of ARCHITECTURE.md, compose.yaml, chart values, SBOM.

`python -m shop_dev.reference`; with --check it says what is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from shop_sandbox.engines.docker.compose import FILE, compose
from shop_sandbox.engines.docker.observability import TARGETS

from shop_dev import chart, dashboard, sbom
from shop_dev.app import load
from shop_dev.architecture import MANIFESTS, refreshed
from shop_dev.command_table import COMMANDS, LazyCommand, LazyGroup
from shop_dev.errors import EXPLANATIONS, Category, ExitStatus
from shop_dev.output.envelope import SCHEMA_VERSION
from shop_dev.settings import SECTIONS, SETTINGS

GENERATED = "<!-- Made by `just reference`; do not edit. -->"


def pages() -> dict[str, str]:
    """Return each page by its path below docs/reference."""
    return {
        "cli.md": _command_line(),
        "errors.md": _errors(),
        "settings.md": _settings(),
        "envelope.schema.json": json.dumps(envelope_schema(), indent=2) + "\n",
    }


def stale(folder: Path) -> list[str]:
    """Return the pages that are not what the code says now."""
    return [name for name, text in pages().items() if not (folder / name).exists() or (folder / name).read_text("utf-8") != text]


def write(folder: Path) -> None:
    """Write all pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def envelope_schema() -> dict[str, Any]:
    """JSON Schema of what `--json` prints."""
    text = {"type": "string"}
    action = {
        "type": "object",
        "required": ["text", "command"],
        "additionalProperties": False,
        "properties": {
            "text": {**text, "description": "For people."},
            "command": {"type": ["string", "null"], "description": "The command to run, where there is one."},
        },
    }
    error = {
        "type": "object",
        "required": ["code", "category", "retryable", "message", "actions", "detail"],
        "additionalProperties": False,
        "properties": {
            "code": {"enum": [str(code) for code in EXPLANATIONS], "description": "Stable; see errors.md."},
            "category": {"enum": [str(category) for category in Category]},
            "retryable": {
                "type": "boolean",
                "description": "True if the same command may succeed without anything else being done.",
            },
            "message": {**text, "description": "What failed, on what, and why if known. For people: it may change."},
            "actions": {"type": "array", "items": action, "description": "What to try, most useful first."},
            "detail": {"type": "object", "description": "Facts: resource, port, pid, logPath, lastLines and so on."},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What every shop-dev command prints with --json",
        "type": "object",
        "required": ["schemaVersion", "command", "status", "data", "warnings", "error"],
        "additionalProperties": False,
        "properties": {
            "schemaVersion": {"const": SCHEMA_VERSION},
            "command": {**text, "description": "The command, with its group: `up`, `contracts check`."},
            "status": {"enum": ["ok", "failed"]},
            "data": {"description": "What the command is about; null where there is nothing to tell."},
            "warnings": {"type": "array", "items": text},
            "error": {"anyOf": [{"type": "null"}, error]},
        },
        "if": {"properties": {"status": {"const": "ok"}}},
        "then": {"properties": {"error": {"type": "null"}}},
        "else": {"properties": {"error": {"type": "object"}}},
    }


def _command_line() -> str:
    parts = [
        "# Commands",
        GENERATED,
        "Every command takes `--json` and then prints one document ([schema](envelope.schema.json)) and nothing else on stdout. "
        "Exit statuses and error codes are in [errors.md](errors.md), settings in [settings.md](settings.md). "
        "`shop-dev --install-completion` makes the shell complete commands, options and resource names.",
        *(_usage(words, command) for words, command in _commands()),
    ]
    return "\n\n".join(parts) + "\n"


def _commands() -> Iterator[tuple[str, LazyCommand]]:
    for name, entry in COMMANDS.items():
        if isinstance(entry, LazyGroup):
            yield from ((f"{name} {word}", command) for word, command in entry.commands.items())
        else:
            yield name, entry


def _usage(words: str, entry: LazyCommand) -> str:
    command = load(words.rpartition(" ")[2], entry)
    context = command.make_context(f"shop-dev {words}", [], resilient_parsing=True, max_content_width=100, terminal_width=100)
    return f"## shop-dev {words}\n\n```text\n{command.get_help(context).strip()}\n```"


def _errors() -> str:
    statuses = {
        ExitStatus.DONE: "Done.",
        ExitStatus.FAILED: "The thing asked about failed: a red suite, a sandbox that does not come up, a trace that is not there.",
        ExitStatus.WRONG_USE: "Wrong use: an unknown command, option or resource, or a wrong setting.",
        ExitStatus.NOT_RUNNING: "Nothing is running.",
        ExitStatus.TIMED_OUT: "Timed out.",
        ExitStatus.DIED: "A resource died.",
        ExitStatus.INTERNAL: "A fault of shop-dev itself; a file with the full traceback is named.",
        ExitStatus.INTERRUPTED: "Interrupted with Ctrl-C.",
    }
    rows = [
        f"| `{code}` | {told.exit_status.value} | {told.category} | {_cell(told.meaning)} | {_cell('<br>'.join(told.actions))} |"
        for code, told in EXPLANATIONS.items()
    ]
    return "\n".join(
        [
            "# Exit statuses and error codes",
            "",
            GENERATED,
            "",
            "| exit status | meaning |",
            "|---|---|",
            *(f"| {status.value} | {meaning} |" for status, meaning in statuses.items()),
            "",
            "Codes are stable: scripts may branch on them. With `--json` they are in `error.code`, else in brackets.",
            "",
            "| code | exit status | category | meaning | what to try |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _settings() -> str:
    rows = [f"| `{one.key}` | `{one.variable}` | {_cell(one.meaning)} | {_cell(one.default)} |" for one in SETTINGS]
    return "\n".join(
        [
            "# Settings",
            "",
            GENERATED,
            "",
            "A flag wins over a variable, and a variable over the project's table: `[tool.shop-dev]` in pyproject.toml, or",
            "shop-dev.toml where there is no Python, whose keys stand at its top. All wrong settings are reported together,",
            "before anything is done. The project is the nearest folder, from the working directory upwards, that has one of",
            "the two.",
            "",
            "Other variables that begin with `SHOP_` belong to somebody else (Kubernetes sets `SHOP_SERVICE_PORT` for a service",
            "named `shop-service`): they stop nothing, and `up` warns of those that look like a slip.",
            "",
            "| key | variable | meaning | default |",
            "|---|---|---|---|",
            *rows,
            "",
            "## Tables",
            "",
            "| key | meaning |",
            "|---|---|",
            *(f"| `{one.key}` | {_cell(one.meaning)} |" for one in SECTIONS),
            "",
        ]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(arguments: Sequence[str]) -> int:
    """Write, or check, the pages of the checkout this file is in, and what it made of its manifests."""
    checkout = Path(__file__).resolve().parents[2]
    folder, architecture = checkout / "docs" / "reference", checkout / "ARCHITECTURE.md"
    composed = compose(checkout, MANIFESTS)
    made = {
        architecture: refreshed(architecture.read_text("utf-8"), checkout),
        checkout / FILE: composed.text,
        checkout / TARGETS: composed.targets,
        checkout / dashboard.FILE: dashboard.dashboard(),
        checkout / chart.FILE: chart.values(checkout, MANIFESTS),
        checkout / sbom.FILE: sbom.sbom(checkout),
    }
    if "--check" not in arguments:
        write(folder)
        for file, text in made.items():
            file.write_text(text, encoding="utf-8")
        return 0
    old = [f"docs/reference/{name}" for name in stale(folder)]
    old += [file.name for file, text in made.items() if not file.exists() or file.read_text("utf-8") != text]
    for name in old:
        sys.stderr.write(f"{name} is stale; `just reference` writes it anew\n")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
