"""Asking a program whether a service can do its work."""

from __future__ import annotations

import os
import signal
import subprocess  # nosec B404 # runs the command that a manifest names as a health check
from collections.abc import Mapping
from pathlib import Path

from shop_sandbox.health.not_ready import NotReady

_SECONDS = 2.0
_SHOWN_CHARACTERS = 200


def expect_success(argv: tuple[str, ...], *, cwd: Path, environment: Mapping[str, str]) -> None:
    """Return if the program ends with status 0 within 2 s, else raise NotReady with the end of what it said."""
    try:
        process = subprocess.Popen(  # nosec B603 # what the manifest names, as the service itself
            argv,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise NotReady(f"{argv[0]} cannot be run: {error.strerror}") from error
    try:
        said, _ = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise NotReady(f"{argv[0]} has not ended after {_SECONDS:g} s") from error
    finally:
        _end(process)
    if process.returncode != 0:
        end = said.decode(errors="replace").strip()[-_SHOWN_CHARACTERS:]
        raise NotReady(f"{argv[0]} exited with status {process.returncode}: {end}".rstrip(": "))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with all it has started: its group is its own, and while it is not waited for the number is nobody else's."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
