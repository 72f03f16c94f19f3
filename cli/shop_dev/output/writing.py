"""The only place that writes a command's end to stdout and stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from shop_dev.errors import Failure
from shop_dev.output.answer import Answer, Text
from shop_dev.output.envelope import envelope

PIPED_WIDTH = 250
"""Columns where nobody knows the terminal: wide enough that nothing is cut."""


def write(command: str, answer: Answer, *, json: bool) -> None:
    """Print the answer: with `json` the envelope and nothing else, else text on stdout, and warnings and the failure on stderr."""
    if json:
        print(envelope(command, answer))  # noqa: T201 - stdout is this function's job
        return
    _print_text(answer.text)
    for warning in answer.warnings:
        print(f"warning: {warning}", file=sys.stderr)  # noqa: T201 - as above
    if answer.failure:
        print(failure_text(answer.failure), file=sys.stderr)  # noqa: T201 - as above


def failure_text(failure: Failure) -> str:
    """Return what failed, then one hint a line. Colour would carry no meaning here, so there is none."""
    lines = [f"error: {failure.message} [{failure.code}]"]
    lines += [f"  hint: {action}" for action in failure.actions]
    return "\n".join(lines)


def _print_text(text: Text) -> None:
    if isinstance(text, str):
        if text:
            print(text)  # noqa: T201 - as above
    elif isinstance(text, Iterator):
        for line in text:
            print(line, flush=True)  # noqa: T201 - as above
    else:
        from rich.console import Console

        Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False).print(text())
