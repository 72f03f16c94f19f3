"""What an engine says of itself: what it has fetched, and what it finds missing on a machine."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from shop_sandbox.errors import SandboxError


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is in the cache now. `was_there` is True where nothing had to be downloaded or made for it."""

    name: str
    version: str
    bytes: int
    was_there: bool


class Verdict(StrEnum):
    """How a check ended: `warning` still runs, slower or with less; with `missing` the sandbox cannot run."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at: what was found, and what to do about it where it is not well."""

    check: str
    verdict: Verdict
    message: str
    fix: str | None = None


def ok(check: str, message: str) -> Finding:
    """Nothing to do."""
    return Finding(check=check, verdict=Verdict.OK, message=message)


def warn(check: str, message: str, fix: str) -> Finding:
    """It runs, slower or with less."""
    return Finding(check=check, verdict=Verdict.WARNING, message=message, fix=fix)


def fail(check: str, message: str, fix: str) -> Finding:
    """The sandbox cannot run."""
    return Finding(check=check, verdict=Verdict.MISSING, message=message, fix=fix)


def told(check: str, error: SandboxError) -> Finding:
    """As an error tells it."""
    return fail(check, error.message, "; ".join(error.actions))
