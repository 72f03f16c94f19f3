"""Bytes made with one schema and what another reads from them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """One message written and read: `written` and `read` are JSON (or what the runtime refused with), `hex` the bytes between."""

    message: str
    written: str
    hex: str
    read: str
