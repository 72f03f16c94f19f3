"""Every setting: its name, where it may be set, its type and its default. Read once, at the root, into one frozen value.

A flag wins over a `SHOP_*` variable, and that over `[tool.shop-dev]` in pyproject.toml. All wrong settings are reported together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from shop_dev.errors import CliCode, ShopDevError

DEFAULT_NAME = "default"
DEFAULT_START_TIMEOUT_SECONDS = 120.0
DEFAULT_CONTRACTS_DIR = Path("contracts")
_VIEWERS = ("container",)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_EXPORTED = ("SHOP_EDGE_URL", "SHOP_CHECKOUT", "SHOP_SERVICE", "SHOP_SERVICE_GLOBS", "SHOP_LISTEN_FD", "SHOP_TELEMETRY_DB")


@dataclass(frozen=True)
class Settings:
    """What the project and its user decided."""

    services: tuple[str, ...] = ()
    """Globs of service manifests, relative to the checkout."""
    name: str = DEFAULT_NAME
    start_timeout_seconds: float = DEFAULT_START_TIMEOUT_SECONDS
    contracts_dir: Path = DEFAULT_CONTRACTS_DIR
    """The folder of the contracts, relative to the checkout: `proto/`, `baselines/`, `asyncapi/` lie in it."""
    shared_code: tuple[Path, ...] = ()
    """Folders whose code runs inside Python services, relative to the checkout."""
    viewers: tuple[str, ...] = ()
    """Who reaches the sandbox beside the processes of this machine."""
    cache_dir: Path | None = None
    """None: the user's cache folder."""
    runtime_dir: Path | None = None
    """None: the user's runtime folder."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Fixed ports by resource; all others are chosen once per sandbox and kept."""


class WrongValue(Exception):
    """A value that its setting does not take; the text says what it takes."""


@dataclass(frozen=True)
class Setting:
    """One row of the table that docs/reference/settings.md shows."""

    key: str
    variable: str
    read: Callable[[object], object]
    meaning: str
    default: str

    @property
    def field_name(self) -> str:
        return self.key.replace("-", "_")


def _texts(value: object, wanted: str) -> tuple[str, ...]:
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(text, str) and text.strip() for text in found):
        raise WrongValue(f"takes {wanted}")
    return tuple(text.strip() for text in found)


def _globs(value: object) -> tuple[str, ...]:
    return _texts(value, "a list of globs, like services/*/service.yaml")


def _folders(value: object) -> tuple[Path, ...]:
    return tuple(_folder(text) for text in _texts(value, "a list of folders"))


def _viewers(value: object) -> tuple[str, ...]:
    found = _texts(value, f"a list of {', '.join(_VIEWERS)}")
    if unknown := [one for one in found if one not in _VIEWERS]:
        raise WrongValue(f"takes a list of {', '.join(_VIEWERS)}, and {unknown[0]!r} is none of them")
    return found


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise WrongValue("takes up to 32 of a-z, 0-9 and -, beginning with a letter or digit")
    return value


def _seconds(value: object) -> float:
    try:
        seconds = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise WrongValue("takes a number of seconds above 0")
    return seconds


def _folder(value: object) -> Path:
    if not isinstance(value, str) or not value.strip():
        raise WrongValue("takes the path of a folder")
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise WrongValue("takes the path of a folder, and nobody here has the home folder it begins with") from error


def _port(value: object) -> int:
    port = int(value) if isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdigit()) else 0
    if isinstance(value, bool) or not 1 <= port <= 65535:
        raise WrongValue("takes a port number, 1 to 65535")
    return port


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "services",
        "SHOP_SERVICES",
        _globs,
        "Globs of service manifests, relative to the checkout (comma-separated in the variable).",
        "none",
    ),
    Setting("name", "SHOP_NAME", _name, "Which sandbox of this checkout commands mean; the flag is --name.", DEFAULT_NAME),
    Setting(
        "start-timeout-seconds",
        "SHOP_START_TIMEOUT_SECONDS",
        _seconds,
        "How long `up` waits for everything to be ready, downloads not counted; the flag is --timeout.",
        f"{DEFAULT_START_TIMEOUT_SECONDS:g}",
    ),
    Setting(
        "contracts-dir",
        "SHOP_CONTRACTS_DIR",
        _folder,
        "The folder of the contracts, relative to the checkout; imports in .proto files are written from the folder above it.",
        str(DEFAULT_CONTRACTS_DIR),
    ),
    Setting(
        "shared-code",
        "SHOP_SHARED_CODE",
        _folders,
        "Folders whose code runs inside Python services, relative to the checkout: a change restarts them all.",
        "none",
    ),
    Setting(
        "viewers",
        "SHOP_VIEWERS",
        _viewers,
        "Who reaches the sandbox beside this machine's processes: `container` gives Kafka a listener that is advertised as "
        "`host.docker.internal`.",
        "none",
    ),
    Setting(
        "cache-dir",
        "SHOP_CACHE_DIR",
        _folder,
        "Where downloads are kept, shared by all checkouts.",
        "`shop-dev` in the user's cache folder",
    ),
    Setting(
        "runtime-dir",
        "SHOP_RUNTIME_DIR",
        _folder,
        "Where the control socket lives when the path of the checkout is too long for one; a short path.",
        "`shop-dev` in the user's runtime folder",
    ),
)
_BY_KEY = {setting.key: setting for setting in SETTINGS}
_BY_VARIABLE = {setting.variable: setting for setting in SETTINGS}


def read_settings(
    *,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    table: Mapping[str, object],
    resources: Callable[[Sequence[str]], Sequence[str]],
) -> Settings:
    """Return the settings of one command. `table` is [tool.shop-dev]; `flags` holds those that were given, by key.

    `resources` gives the names that may have a fixed port, for the globs that were decided on. Raises ShopDevError
    (settings_invalid) that lists every fault.
    """
    reading = _Reading()
    reading.from_table(table)
    reading.from_environment(environ)
    for key, value in flags.items():
        reading.take(_BY_KEY[key], f"--{'timeout' if key == 'start-timeout-seconds' else key}", value)
    reading.check_ports(resources(reading.globs()))
    if reading.faults:
        count = f"{len(reading.faults)} settings are wrong" if len(reading.faults) > 1 else "A setting is wrong"
        listed = "\n".join(f"  {fault}" for fault in reading.faults)
        raise ShopDevError(CliCode.SETTINGS_INVALID, f"{count}:\n{listed}", detail={"faults": list(reading.faults)})
    return Settings(**reading.values, ports={name: port for name, (_, port) in reading.ports.items()})  # type: ignore[arg-type]  # each value went through its setting's reader


class _Reading:
    """Values and faults as they are found, source after source; a later source overrides."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.ports: dict[str, tuple[str, int]] = {}
        self.faults: list[str] = []

    def globs(self) -> Sequence[str]:
        globs = self.values.get("services", ())
        return globs if isinstance(globs, tuple) else ()

    def take(self, setting: Setting, where: str, value: object) -> None:
        try:
            self.values[setting.field_name] = setting.read(value)
        except WrongValue as error:
            self.faults.append(f"{where} = {value!r}: {error}")

    def take_port(self, resource: str, where: str, value: object) -> None:
        try:
            self.ports[resource] = (where, _port(value))
        except WrongValue as error:
            self.faults.append(f"{where} = {value!r}: {error}")

    def from_table(self, table: Mapping[str, object]) -> None:
        for key, value in table.items():
            where = f"pyproject.toml [tool.shop-dev] {key}"
            if key in _BY_KEY:
                self.take(_BY_KEY[key], where, value)
            elif key == "ports" and isinstance(value, dict):
                for resource, port in value.items():
                    self.take_port(str(resource), f"pyproject.toml [tool.shop-dev.ports] {resource}", port)
            else:
                self.faults.append(f"{where}: no such setting{_meant(key, [*_BY_KEY, 'ports'])}")

    def from_environment(self, environ: Mapping[str, str]) -> None:
        """Read `SHOP_*`. An unknown variable is a fault only where it looks like a slip: others' tools may use the prefix too."""
        for variable, value in sorted(environ.items()):
            if variable in _BY_VARIABLE:
                self.take(_BY_VARIABLE[variable], variable, value)
            elif port := re.fullmatch(r"SHOP_([A-Z0-9_]+)_PORT", variable):
                self.take_port(port[1].lower().replace("_", "-"), variable, value)
            elif _is_slip(variable):
                self.faults.append(f"{variable}: no such setting{_meant(variable, list(_BY_VARIABLE), cutoff=0.85)}")

    def check_ports(self, resources: Sequence[str]) -> None:
        for resource, (where, _) in self.ports.items():
            if resource not in resources:
                self.faults.append(f"{where}: no resource {resource!r}{_meant(resource, resources)}")


def _is_slip(variable: str) -> bool:
    foreign = not variable.startswith("SHOP_") or variable in _EXPORTED
    return not foreign and bool(_meant(variable, list(_BY_VARIABLE), cutoff=0.85))


def _meant(word: str, known: Sequence[str], *, cutoff: float = 0.6) -> str:
    close = get_close_matches(word, known, n=1, cutoff=cutoff)
    return f"; did you mean {close[0]}?" if close else ""
