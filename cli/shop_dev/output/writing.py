"""The only place that writes a command's end to stdout and stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TextIO

from shop_dev.errors import ExitStatus, Failure
from shop_dev.output.answer import Answer, Listing, Stream, Text
from shop_dev.output.columns import Page
from shop_dev.output.envelope import envelope, envelope_around, json_line, outcome

PIPED_WIDTH = 250
"""Columns where nobody knows the terminal: wide enough that nothing is cut."""

FailureOf = Callable[[BaseException], Failure]


def write(command: str, answer: Answer, *, json: bool, failure_of: FailureOf) -> ExitStatus:
    """Print the answer and return the exit status, also of what fails only while it is printed (logs are read meanwhile).

    With `json` the envelope and nothing else, else text on stdout, and warnings and the failure on stderr.
    """
    end = _write_json(command, answer, failure_of) if json else _write_text(answer, failure_of)
    return end.exit_status


def _write_json(command: str, answer: Answer, failure_of: FailureOf) -> Answer:
    match answer.data:
        case Stream(entries):
            end = replace(answer, data=None, failure=_each(entries, _say_line, failure_of) or answer.failure)
            print(envelope(command, end))  # noqa: T201 - stdout is this module's job
        case Listing(name, entries):
            head, tail = envelope_around(command, name)
            sys.stdout.write(head)
            end = replace(answer, data=None, failure=_each(_separated(entries), sys.stdout.write, failure_of) or answer.failure)
            print(tail + outcome(end.warnings, end.failure))  # noqa: T201 - as above
        case _:
            end = answer
            print(envelope(command, answer))  # noqa: T201 - as above
    return end


def _write_text(answer: Answer, failure_of: FailureOf) -> Answer:
    try:
        _print_text(answer.text)
        end = answer
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - the outermost edge: what it is, failure_of decides
        end = replace(answer, failure=failure_of(error))
    for warning in end.warnings:
        print(f"warning: {warning}", file=sys.stderr)  # noqa: T201 - as above
    if end.failure:
        print(failure_text(end.failure), file=sys.stderr)  # noqa: T201 - as above
    return end


def failure_text(failure: Failure) -> str:
    """Return what failed, then one hint a line. Colour would carry no meaning here, so there is none."""
    lines = [f"error: {failure.message} [{failure.code}]"]
    lines += [f"  hint: {action}" for action in failure.actions]
    return "\n".join(lines)


def _each(entries: Iterable[object], say: Callable[[str], object], failure_of: FailureOf) -> Failure | None:
    """Say each entry as JSON; give what ended this before its time."""
    try:
        for entry in entries:
            say(entry if isinstance(entry, str) else json_line(entry))
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - as above
        return failure_of(error)
    return None


def _separated(entries: Iterable[object]) -> Iterator[str]:
    for number, entry in enumerate(entries):
        yield (", " if number else "") + json_line(entry)


def _say_line(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - as above


def _print_text(text: Text) -> None:
    if isinstance(text, str):
        if text:
            print(text)  # noqa: T201 - as above
    elif isinstance(text, Stream):
        for line in text.entries:
            print(line, flush=True)  # noqa: T201 - as above
    elif isinstance(text, Iterator):
        sys.stdout.writelines(f"{line}\n" for line in text)
    elif isinstance(text, Page):
        print(text.text(colours=_takes_colours(sys.stdout)))  # noqa: T201 - as above
    else:
        from rich.console import Console

        Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False).print(text())


def _takes_colours(stream: TextIO) -> bool:
    """True on a terminal whose user has not asked for none, see https://no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
