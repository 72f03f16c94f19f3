"""What a fork becomes: a program that is executed, or a function that is called as a program of its own would call it."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TextIO

from shop_sandbox.platform import here
from shop_sandbox.supervisor.fork_server.shared_code import SharedCode

Request = dict[str, Any]
Program = Callable[[], int]


def become(request: Request, descriptors: list[int], parent: int, shared: SharedCode) -> Program:
    """Turn this fresh fork into the child that was asked for, up to its first own instruction.

    `descriptors` are its output, the gate, and the listening socket that is handed over, if there is one; `shared` is the project's
    own code that is here already.
    """
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    output, gate, *listeners = descriptors
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for descriptor in (nothing, output):
        os.close(descriptor)
    try:
        if request.get("low_priority"):
            here.yield_to_others()
        os.chdir(request["cwd"])
    except OSError as error:
        return _fails_to_start(request, error)
    here.name_process(request["name"])
    here.die_with_parent(request["death_signal"])
    if os.getppid() != parent or os.read(gate, 1) != b"g":
        os._exit(0)  # the supervisor or the server went away before this child was in the ledger
    os.close(gate)
    environment: dict[str, str] = request["environment"]
    if listeners:
        environment["SHOP_LISTEN_FD"] = str(listeners[0])
    if request["do"] == "exec":
        for listener in listeners:
            os.set_inheritable(listener, True)
        return lambda: _exec(request, environment)
    return lambda: call_target(request["target"], environment, request["cwd"], before_import=shared.forget_if_edited)


def call_target(target: str, environment: dict[str, str], cwd: str, *, before_import: Callable[[], None] = lambda: None) -> int:
    """Call `package.module:function` as a program of its own would run it, and give its exit status."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = [target]
    sys.path[:0] = own_path(cwd, environment)
    sys.stdout, sys.stderr = _as_text(1), _as_text(2)
    importlib.invalidate_caches()
    try:
        before_import()
        module, _, function = target.partition(":")
        getattr(importlib.import_module(module), function)()
    except SystemExit as request:
        if request.code is None or isinstance(request.code, int):
            return request.code or 0
        print(request.code, file=sys.stderr)  # noqa: T201 - what the interpreter does with such an exit
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BaseException as error:  # noqa: BLE001 - the outermost edge of a program
        trace = error.__traceback__
        traceback.print_exception(error.with_traceback(trace.tb_next if trace is not None else None))
        return 1
    return 0


def own_path(cwd: str, environment: Mapping[str, str]) -> list[str]:
    """Return where a child looks for modules first."""
    return [cwd, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]


def _as_text(descriptor: int) -> TextIO:
    """Return a stream of the child's own: the one it was forked with belongs to the supervisor's log."""
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _exec(request: Request, environment: dict[str, str]) -> int:
    argv: list[str] = request["argv"]
    try:
        os.execvpe(argv[0], argv, environment)  # noqa: S606  # nosec B606 # the argument list is a driver's, no shell is involved
    except OSError as error:
        print(f"cannot start {argv[0]}: {error.strerror}", file=sys.stderr, flush=True)  # noqa: T201 - standard error is the log
        return 127


def _fails_to_start(request: Request, error: OSError) -> Program:
    print(f"cannot start in {request['cwd']}: {error.strerror}", file=sys.stderr, flush=True)  # noqa: T201 - standard error is the log
    return lambda: 126


def leave(status: int) -> NoReturn:
    """Leave with what a program's end owes others (threads joined, exit functions, flushed output), without tearing down the
    interpreter."""
    with contextlib.suppress(Exception):
        threading._shutdown()  # type: ignore[attr-defined]  # what Py_FinalizeEx calls to join threads; there is no public name
    with contextlib.suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
