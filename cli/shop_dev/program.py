"""The outermost edge of the command line: arguments in, one answer out, one exit status."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from itertools import takewhile

from shop_sandbox.errors import ErrorCode, SandboxError
from typer import TyperException

from shop_dev import __version__
from shop_dev.app import tree
from shop_dev.command_table import PROGRAM, command_named, with_json_behind_the_command
from shop_dev.errors import CliCode, ExitStatus, Failed, Failure, ShopDevError
from shop_dev.output.answer import Answer
from shop_dev.output.writing import write


def run(arguments: list[str]) -> int:
    """Run one command to its end and return the exit status. Nothing escapes from here but the operating system's own doing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a sign is no reason to fail
    arguments = with_json_behind_the_command(arguments)
    try:
        answer = _answer(arguments)
        status = write(command_named(arguments), answer, json=_wants_json(arguments), failure_of=_failure_of)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`head`, `less`) left. Python would complain once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.FAILED
    return status


def _answer(arguments: list[str]) -> Answer:
    """Return what the command said. Help is printed by typer; for scripts it is caught and told as data."""
    if "--version" in takewhile(lambda word: word.startswith("-"), arguments):
        return Answer(data={"version": __version__}, text=f"{PROGRAM} {__version__}")
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed) if _wants_help_as_json(arguments) else contextlib.nullcontext():
            said = tree().main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - the outermost edge
        return Answer(failure=_failure_of(error))
    if isinstance(said, Answer):
        return said
    if said == ExitStatus.INTERRUPTED:  # typer turns Ctrl-C into this number
        return Answer(failure=_failure_of(KeyboardInterrupt()))
    return Answer(data={"help": printed.getvalue()}) if printed.getvalue() else Answer()


def _failure_of(error: BaseException) -> Failure:
    match error:
        case SandboxError() | ShopDevError():
            failure = Failure.from_error(error)
        case Failed():
            failure = error.failure
        case TyperException():
            failure = _wrong_use(error)
        case KeyboardInterrupt():
            failure = Failure.told(ErrorCode.INTERRUPTED, "Interrupted.")
        case PermissionError() | NotADirectoryError() | IsADirectoryError() if error.filename is not None:
            failure = _not_usable(error)
        case _:
            failure = _crashed(error)
    return failure


def _wrong_use(error: TyperException) -> Failure:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else PROGRAM
    told = error.format_message().replace(": Value error, ", ": ")  # a word of the library that checks values
    return Failure.told(CliCode.USAGE_INVALID, told, actions=(f"{path} --help",))


def _not_usable(error: OSError) -> Failure:
    """A place on this machine that somebody chose (a cache folder, a file to write) and that does not serve."""
    return Failure.told(
        CliCode.PATH_UNUSABLE,
        f"{error.filename} cannot be used: {error.strerror}.",
        actions=(f"See to it that you may use {error.filename}, or name another place.", "shop-dev doctor"),
        detail={"path": str(error.filename)},
    )


def _crashed(error: BaseException) -> Failure:
    path = _keep_traceback(error)
    return Failure.told(
        CliCode.INTERNAL_ERROR,
        f"Sorry, this is a fault of shop-dev: {type(error).__name__}: {error}. The full traceback is in {path}.",
        detail={"traceback": path},
    )


def _keep_traceback(error: BaseException) -> str:
    import tempfile

    with tempfile.NamedTemporaryFile("w", prefix="shop-dev-traceback-", suffix=".txt", delete=False, encoding="utf-8") as file:
        file.write(f"{PROGRAM} {' '.join(sys.argv[1:])}\nPython {sys.version}\n\n")
        file.write("".join(traceback.format_exception(error)))
    return file.name


def _wants_json(arguments: list[str]) -> bool:
    """True if `--json` stands before a `--`. Read from the raw arguments, since wrong use must be told as JSON as well."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in own


def _wants_help_as_json(arguments: list[str]) -> bool:
    return _wants_json(arguments) and (command_named(arguments) == PROGRAM or bool({"--help", "-h"} & set(arguments)))
