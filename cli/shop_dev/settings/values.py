"""Readers of single values: each takes what a table or a variable holds, and says what it takes where that is something else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

VIEWERS = ("container",)
ENGINES = ("embedded", "mixed", "docker")
CHOSEN = ("embedded", "docker", "external")
STORES = ("kafka", "schema-registry", "aws", "postgres", "redis")
"""What may run elsewhere."""
OF_ONE = (*STORES, "telemetry", "services")
"""What may run on another engine than the rest."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class WrongValue(Exception):
    """A value that its setting does not take; the text says what it takes."""


def texts(value: object, wanted: str) -> tuple[str, ...]:
    """Take a list of texts, or one text with commas; `wanted` says what for."""
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(text, str) and text.strip() for text in found):
        raise WrongValue(f"takes {wanted}")
    return tuple(text.strip() for text in found)


def keys(value: object) -> tuple[str, ...]:
    """Take a list of keys."""
    return texts(value, "a list of keys, like shop.order_id")


def globs(value: object) -> tuple[str, ...]:
    """Take a list of globs."""
    return texts(value, "a list of globs, like services/*/service.yaml")


def folders(value: object) -> tuple[Path, ...]:
    """Take a list of folders."""
    return tuple(folder(text) for text in texts(value, "a list of folders"))


def modules(value: object) -> tuple[str, ...]:
    """Take a list of modules."""
    found = texts(value, "a list of modules, like our_kit.service")
    if wrong := [one for one in found if not all(part.isidentifier() for part in one.split("."))]:
        raise WrongValue(f"takes a list of modules, like our_kit.service, and {wrong[0]!r} is none")
    return found


def viewers(value: object) -> tuple[str, ...]:
    """Take a list of those who look at the sandbox from outside this machine."""
    found = texts(value, f"a list of {', '.join(VIEWERS)}")
    if unknown := [one for one in found if one not in VIEWERS]:
        raise WrongValue(f"takes a list of {', '.join(VIEWERS)}, and {unknown[0]!r} is none of them")
    return found


def engines(value: object) -> Mapping[str, str]:
    """Take the table `engines`: what single resources run on, by name."""
    if not isinstance(value, Mapping) or not all(name in OF_ONE and word in CHOSEN for name, word in value.items()):
        raise WrongValue(f"takes {' or '.join(CHOSEN)} for each of {', '.join(OF_ONE)}")
    if value.get("services") == "external" or value.get("telemetry") == "external":
        raise WrongValue("takes `external` for stores only")
    return {str(name): str(word) for name, word in value.items()}


def external(value: object) -> Mapping[str, Secret]:
    """Take the table `external`: where stores are that run already, by name. They hold passwords, so none is shown."""
    if not isinstance(value, Mapping) or not all(name in STORES and isinstance(url, str) for name, url in value.items()):
        raise WrongValue(f"takes an address for each of {', '.join(STORES)}")
    return {str(name): secret(url) for name, url in value.items()}


def engine(value: object) -> str:
    """Take the name of an engine."""
    if value not in ENGINES:
        raise WrongValue(f"takes {' or '.join(ENGINES)}")
    return str(value)


def name(value: object) -> str:
    """Take the name of a sandbox."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise WrongValue("takes up to 32 of a-z, 0-9 and -, beginning with a letter or digit")
    return value


def yes_or_no(value: object) -> bool:
    """Take true or false, in a variable by name."""
    known = {"true": True, "false": False}
    found = value if isinstance(value, bool) else known.get(value) if isinstance(value, str) else None
    if found is None:
        raise WrongValue("takes true or false")
    return found


def seconds(value: object) -> float:
    """Take a number of seconds above 0."""
    try:
        seconds = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise WrongValue("takes a number of seconds above 0")
    return seconds


def folder(value: object) -> Path:
    """Take the path of a folder; `~` is the home folder."""
    if not isinstance(value, str) or not value.strip():
        raise WrongValue("takes the path of a folder")
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise WrongValue("takes the path of a folder, and nobody here has the home folder it begins with") from error


@dataclass(frozen=True)
class Secret:
    """A text that is shown nowhere."""

    text: str = field(repr=False)


def secret(value: object) -> Secret:
    """Take credentials, whatever they look like: a fault would be told with the value."""
    return Secret(str(value).strip())


def file(value: object) -> Path:
    """Take the path of a file; `~` is the home folder."""
    try:
        return folder(value)
    except WrongValue as error:
        raise WrongValue(str(error).replace("a folder", "a file")) from error


def port(value: object) -> int:
    """Take a port number."""
    port = int(value) if isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdigit()) else 0
    if isinstance(value, bool) or not 1 <= port <= 65535:
        raise WrongValue("takes a port number, 1 to 65535")
    return port
