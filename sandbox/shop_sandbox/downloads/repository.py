"""Where archives come from: the user's own repositories first, then the public one that jgo knows."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Repositories:
    """Base addresses without a trailing slash, in the order to be asked, and the user's local Maven repository, which may not
    exist."""

    addresses: tuple[str, ...]
    local: Path


def user_repositories(inherited: Mapping[str, str]) -> Repositories:
    """Find the repositories as jgo does: `[repositories]` of the user's jgo settings file, then jgo's default.

    So a company's mirror is named once, in `~/.config/jgo.conf`, and asked before the public repository.
    """
    from jgo.constants import MAVEN_CENTRAL_URL

    home = Path(inherited.get("HOME") or Path.home())
    local = Path(inherited["M2_REPO"]) if inherited.get("M2_REPO") else home / ".m2" / "repository"
    addresses = [address.rstrip("/") for address in (*_configured(_settings_file(inherited, home)), MAVEN_CENTRAL_URL)]
    return Repositories(tuple(dict.fromkeys(addresses)), local)


def _settings_file(inherited: Mapping[str, str], home: Path) -> Path:
    """jgo's own order, see its documentation of the configuration file."""
    if inherited.get("JGO_CONFIG_FILE"):
        return Path(inherited["JGO_CONFIG_FILE"])
    base = Path(inherited["XDG_CONFIG_HOME"]) if inherited.get("XDG_CONFIG_HOME") else home / ".config"
    current = base / "jgo.conf"
    return current if current.exists() else home / ".jgorc"


def _configured(settings: Path) -> tuple[str, ...]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(settings)
    return tuple(parser["repositories"].values()) if parser.has_section("repositories") else ()
