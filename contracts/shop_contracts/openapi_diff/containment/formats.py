"""Formats whose texts can be told from others, after JSON Schema's vocabulary and the OpenAPI format registry."""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, time

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_HOST = re.compile(r"(?=.{1,253}\Z)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\Z")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S*\Z")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")
_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?\Z")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")

RANGES: Mapping[str, tuple[int, int]] = {
    "int8": (-(2**7), 2**7 - 1),
    "uint8": (0, 2**8 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
"""The least and the greatest number of each format of whole numbers."""
NUMERIC = frozenset((*RANGES, "float", "double", "decimal", "double-int"))
"""Formats that speak of numbers and leave texts alone."""

SAMPLES: Mapping[str, str] = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "PT1M",
    "uuid": "7d444840-9dc0-41d1-b245-5ffdce74fad2",
    "email": "ann@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/a",
    "byte": "YWJj",
}
"""A text of each format."""


def has_format(text: str, form: str) -> bool | None:
    """Return whether a text is of a format; None for a format that is not known here, or that restricts no text."""
    check = _CHECKS.get(form)
    return None if check is None else check(text)


def is_opaque(form: str) -> bool:
    """Return whether nothing is known of which texts a format lets through."""
    return form not in _CHECKS and form not in NUMERIC and form not in {"binary", "password"}


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return check


_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "date": lambda text: bool(_DATE.match(text)) and _parses(date.fromisoformat)(text),
    "date-time": lambda text: bool(_DATE_TIME.match(text)) and _parses(datetime.fromisoformat)(text.upper()),
    "time": lambda text: (
        "+" in text[8:] or "-" in text[8:] or text[8:].endswith(("Z", "z")) if _parses(time.fromisoformat)(text) else False
    ),
    "duration": lambda text: bool(_DURATION.match(text)),
    "uuid": lambda text: len(text) == 36 and _parses(uuid.UUID)(text),
    "email": lambda text: bool(_EMAIL.fullmatch(text)),
    "hostname": lambda text: bool(_HOST.match(text)),
    "ipv4": _parses(ipaddress.IPv4Address),
    "ipv6": _parses(ipaddress.IPv6Address),
    "uri": lambda text: bool(_URI.match(text)),
    "byte": lambda text: bool(_BASE64.match(text)),
}
