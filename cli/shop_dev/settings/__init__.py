"""Every setting: its name, where it may be set, its type and its default. Read once, at the root, into one frozen value.

A flag wins over a `SHOP_*` variable, and that over the project's table: `[tool.shop-dev]` in pyproject.toml, or shop-dev.toml. All
wrong settings are reported together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.settings import hooks, limits, pins, values
from shop_dev.settings.hooks import Books, FirstTry, LoadTests, Seed
from shop_dev.settings.limits import Limit
from shop_dev.settings.table import (
    BY_KEY,
    BY_VARIABLE,
    DEFAULT_CONTRACTS_DIR,
    DEFAULT_KEYS,
    DEFAULT_NAME,
    DEFAULT_START_TIMEOUT_SECONDS,
    SECTIONS,
    SETTINGS,
    Setting,
)
from shop_dev.settings.values import Secret, WrongValue
from shop_dev.settings.words import meant

__all__ = [
    "DEFAULT_START_TIMEOUT_SECONDS",
    "SECTIONS",
    "SETTINGS",
    "Books",
    "FirstTry",
    "Limit",
    "LoadTests",
    "Seed",
    "Setting",
    "Settings",
    "read_settings",
]

_TABLES: Mapping[str, Callable[[object], object]] = {
    "seed": hooks.seed,
    "first-try": hooks.first_try,
    "load": hooks.load,
    "books": hooks.books,
    "limits": limits.limits,
    "engines": values.engines,
    "external": values.external,
}
_EXTERNAL = {f"SHOP_EXTERNAL_{name.upper().replace('-', '_')}": name for name in values.STORES}
"""Variables that say where a store is that runs already."""


@dataclass(frozen=True)
class Settings:
    """What the project and its user decided."""

    services: tuple[str, ...] = ()
    """Globs of service manifests, relative to the checkout or absolute."""
    name: str = DEFAULT_NAME
    branch_state: bool = False
    """Whether the default sandbox is one for each git branch."""
    start_timeout_seconds: float = DEFAULT_START_TIMEOUT_SECONDS
    contracts_dir: Path = DEFAULT_CONTRACTS_DIR
    """The folder of the contracts, relative to the checkout: `proto/`, `baselines/`, `asyncapi/` lie in it."""
    shared_code: tuple[Path, ...] = ()
    """Folders whose code runs inside Python services, relative to the checkout."""
    preload: tuple[str, ...] = ()
    """Modules of shared code to import before Python services are forked."""
    keys: tuple[str, ...] = DEFAULT_KEYS
    """Names of log fields, and ends of names of span attributes, by which logs and traces are found."""
    viewers: tuple[str, ...] = ()
    """Who reaches the sandbox beside the processes of this machine."""
    engine: str | None = None
    """What the sandbox runs on; None: what it runs on already, else `embedded`."""
    engines: Mapping[str, str] = field(default_factory=dict)
    """What single resources run on, by name."""
    external: Mapping[str, Secret] = field(default_factory=dict)
    """Where stores are that run already, by name."""
    mtls: bool = False
    """Whether services answer only certificates of the sandbox's own authority."""
    chaos: bool = False
    """Whether services go through proxies to what they call."""
    cache_dir: Path | None = None
    """None: the user's cache folder."""
    runtime_dir: Path | None = None
    """None: the user's runtime folder."""
    registry_from_auth: Secret | None = None
    registry_from_ca: Path | None = None
    registry_to_auth: Secret | None = None
    registry_to_ca: Path | None = None
    seed: Seed | None = None
    first_try: FirstTry | None = None
    load: LoadTests | None = None
    books: Books | None = None
    limits: Mapping[str, Limit] = field(default_factory=dict)
    """What resources may use at most, by name."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Fixed ports of this sandbox by endpoint; all others are chosen once and kept."""
    warnings: tuple[str, ...] = ()
    """Variables that look like slips. They may be another tool's, so they stop nothing."""


def read_settings(
    *,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    table: Mapping[str, object],
    endpoints: Callable[[Sequence[str]], Sequence[str]],
    source: str = "pyproject.toml [tool.shop-dev]",
) -> Settings:
    """Return the settings of one command. `table` is the project's, from `source`; `flags` holds those that were given, by key.

    `endpoints` gives what may have a fixed port, for the globs that were decided on; it is asked only where somebody wants one.
    Raises ShopDevError (settings_invalid) that lists every fault.
    """
    reading = _Reading(source)
    reading.from_table(table)
    reading.from_environment(environ)
    own_name = reading.name
    for key, value in flags.items():
        reading.take(BY_KEY[key], f"--{'timeout' if key == 'start-timeout-seconds' else key}", value)
    if reading.pins or pins.are_wanted(environ):
        reading.choose_ports(environ, endpoints(reading.globs), own_name=own_name)
    if reading.faults:
        count = f"{len(reading.faults)} settings are wrong" if len(reading.faults) > 1 else "A setting is wrong"
        listed = "\n".join(f"  {fault}" for fault in reading.faults)
        raise ShopDevError(CliCode.SETTINGS_INVALID, f"{count}:\n{listed}", detail={"faults": list(reading.faults)})
    return Settings(**reading.values, ports=reading.ports, warnings=tuple(reading.warnings))  # type: ignore[arg-type]  # each value went through its setting's reader


class _Reading:
    """Values and faults as they are found, source after source; a later source overrides."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.values: dict[str, object] = {}
        self.pins: list[pins.Pin] = []
        self.ports: dict[str, int] = {}
        self.faults: list[str] = []
        self.warnings: list[str] = []

    @property
    def globs(self) -> Sequence[str]:
        found = self.values.get("services", ())
        return found if isinstance(found, tuple) else ()

    @property
    def name(self) -> str:
        return str(self.values.get("name", DEFAULT_NAME))

    def take(self, setting: Setting, where: str, value: object) -> None:
        self._try(setting.field_name, setting.read, where, value)

    def from_table(self, table: Mapping[str, object]) -> None:
        for key, value in table.items():
            where = f"{self.source} {key}"
            if key in BY_KEY:
                self.take(BY_KEY[key], where, value)
            elif key in _TABLES:
                self._try(key.replace("-", "_"), _TABLES[key], where, value)
            elif key not in ("ports", "sandbox"):
                known = [*BY_KEY, *(section.key for section in SECTIONS)]
                self.faults.append(f"{where}: no such setting{meant(key, known)}")
        if "ports" in table:
            self._take_pins(table["ports"], f"{self.source} ports", name=self.name)
        if "sandbox" in table:
            self._from_sandboxes(table["sandbox"])

    def from_environment(self, environ: Mapping[str, str]) -> None:
        """Read `SHOP_*`. What is none of ours may be another tool's: it is a warning at most."""
        for variable, value in sorted(environ.items()):
            if variable in BY_VARIABLE:
                self.take(BY_VARIABLE[variable], variable, value)
            elif variable in _EXTERNAL:
                there = self.values.get("external")
                found = {_EXTERNAL[variable]: values.secret(value)}
                self.values["external"] = {**there, **found} if isinstance(there, Mapping) else found
            elif variable.startswith("SHOP_") and variable not in _GIVEN_TO_SERVICES and not variable.endswith("_PORT"):
                slip = meant(variable, list(BY_VARIABLE), cutoff=0.85)
                self.warnings += [f"{variable} is no setting{slip}"] if slip else []

    def choose_ports(self, environ: Mapping[str, str], endpoints: Sequence[str], *, own_name: str) -> None:
        """Pins of the table and of variables belong to the sandbox that these name, not to one that only a flag names."""
        for found in pins.pins_of_variables(environ, endpoints, name=own_name):
            if isinstance(found, str):
                self.warnings.append(found)
            else:
                self.pins.append(found)
        self.ports, faults = pins.chosen(self.pins, name=self.name, endpoints=endpoints)
        self.faults += faults

    def _from_sandboxes(self, table: object) -> None:
        where = f"{self.source} sandbox"
        if not isinstance(table, Mapping):
            self.faults.append(f"{where} = {table!r}: takes a table by name of a sandbox")
            return
        for name, own in table.items():
            if not isinstance(own, Mapping) or set(own) - {"ports"}:
                self.faults.append(f"{where}.{name}: takes `ports`, and nothing else")
            else:
                self._take_pins(own.get("ports", {}), f"{where}.{name}.ports", name=str(name))

    def _take_pins(self, table: object, where: str, *, name: str) -> None:
        try:
            self.pins += pins.pins_of_table(table, where, name=name)
        except WrongValue as error:
            self.faults.append(f"{where} = {table!r}: {error}")

    def _try(self, name: str, read: Callable[[object], object], where: str, value: object) -> None:
        try:
            self.values[name] = read(value)
        except WrongValue as error:
            self.faults.append(f"{where} = {value!r}: {error}")


_GIVEN_TO_SERVICES = frozenset({"SHOP_CHECKOUT", "SHOP_SERVICE", "SHOP_SERVICE_GLOBS", "SHOP_LISTEN_FD", "SHOP_TELEMETRY_DB"})
"""Set by the sandbox for what runs in it: there when a service calls shop-dev."""
