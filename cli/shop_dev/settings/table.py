"""The table of all settings: names, types, meanings, defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shop_dev.settings import values

DEFAULT_NAME = "default"
DEFAULT_ENGINE = "embedded"
DEFAULT_START_TIMEOUT_SECONDS = 120.0
DEFAULT_CONTRACTS_DIR = Path("contracts")
DEFAULT_KEYS = ("correlation_id",)


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
        """Name of its field in `Settings`."""
        return self.key.replace("-", "_")


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "services",
        "SHOP_SERVICES",
        values.globs,
        "Globs of service manifests, relative to the checkout (comma-separated in the variable).",
        "none",
    ),
    Setting("name", "SHOP_NAME", values.name, "Which sandbox of this checkout commands mean; the flag is --name.", DEFAULT_NAME),
    Setting(
        "branch-state",
        "SHOP_BRANCH_STATE",
        values.yes_or_no,
        "Whether each git branch has a sandbox with stores of its own, called `branch-<branch>`, in the place of the default one. "
        "They begin empty and are seeded; a branch that is checked out again finds what it left. A name that is given wins.",
        "false",
    ),
    Setting(
        "start-timeout-seconds",
        "SHOP_START_TIMEOUT_SECONDS",
        values.seconds,
        "How long `up` waits for everything to be ready, downloads not counted; the flag is --timeout.",
        f"{DEFAULT_START_TIMEOUT_SECONDS:g}",
    ),
    Setting(
        "contracts-dir",
        "SHOP_CONTRACTS_DIR",
        values.folder,
        "The folder of the contracts, relative to the checkout; imports in .proto files are written from the folder above it.",
        str(DEFAULT_CONTRACTS_DIR),
    ),
    Setting(
        "shared-code",
        "SHOP_SHARED_CODE",
        values.folders,
        "Folders whose code runs inside Python services, relative to the checkout: a change restarts them all.",
        "none",
    ),
    Setting(
        "preload",
        "SHOP_PRELOAD",
        values.modules,
        "Modules of that code that are imported once, before Python services are forked: each starts sooner and weighs less. "
        "What was edited since is imported anew. Importing them must start no thread and open nothing.",
        "none",
    ),
    Setting(
        "keys",
        "SHOP_KEYS",
        values.keys,
        "By what traces and logs are found beside their trace id: log fields of these names, and span attributes that end in them "
        "(`order_id` finds `shop.order_id`).",
        ", ".join(DEFAULT_KEYS),
    ),
    Setting(
        "viewers",
        "SHOP_VIEWERS",
        values.viewers,
        "Who reaches the sandbox beside this machine's processes: `container` gives Kafka a listener that is advertised as "
        "`host.docker.internal`.",
        "none",
    ),
    Setting(
        "engine",
        "SHOP_ENGINE",
        values.engine,
        "What the sandbox runs on: `embedded`, plain processes; `mixed`, with Kafka, PostgreSQL and Redis in containers; `docker`, "
        "everything in containers. The flag is --engine.",
        DEFAULT_ENGINE,
    ),
    Setting(
        "mtls",
        "SHOP_MTLS",
        values.yes_or_no,
        "Whether services know each other by certificates of the sandbox's own authority: over HTTP and gRPC each then answers "
        "nobody else (docs/adr/0022-mutual-tls-in-the-kit.md).",
        "false",
    ),
    Setting(
        "chaos",
        "SHOP_CHAOS",
        values.yes_or_no,
        "Whether services go through proxies to what they call, so that `load --chaos` can put faults in between; the flag is "
        "--chaos.",
        "false",
    ),
    Setting(
        "cache-dir",
        "SHOP_CACHE_DIR",
        values.folder,
        "Where downloads are kept, shared by all checkouts.",
        "`shop-dev` in the user's cache folder",
    ),
    Setting(
        "runtime-dir",
        "SHOP_RUNTIME_DIR",
        values.folder,
        "Where the control socket lives when the path of the checkout is too long for one; a short path.",
        "`shop-dev` in the user's runtime folder",
    ),
    Setting(
        "registry-from-auth",
        "SHOP_REGISTRY_FROM_AUTH",
        values.secret,
        "Credentials for the Schema Registry that `registry export` and `registry import` read: `user:password` or "
        "`Bearer <token>`. Keep them out of files under version control: use the variable.",
        "none",
    ),
    Setting(
        "registry-from-ca",
        "SHOP_REGISTRY_FROM_CA",
        values.file,
        "A file of PEM certificates to trust in place of the system's, for that registry.",
        "the system's",
    ),
    Setting(
        "registry-to-auth",
        "SHOP_REGISTRY_TO_AUTH",
        values.secret,
        "Credentials for the Schema Registry that `registry import` writes to.",
        "none",
    ),
    Setting(
        "registry-to-ca",
        "SHOP_REGISTRY_TO_CA",
        values.file,
        "A file of PEM certificates to trust in place of the system's, for that registry.",
        "the system's",
    ),
)
BY_KEY = {setting.key: setting for setting in SETTINGS}
BY_VARIABLE = {setting.variable: setting for setting in SETTINGS}


@dataclass(frozen=True)
class Section:
    """A table within the settings, with its row on the page."""

    key: str
    meaning: str


SECTIONS: tuple[Section, ...] = (
    Section(
        "ports",
        "Fixed ports by endpoint: `kafka = 9092`, `orders.grpc = 50051`; in a variable `SHOP_KAFKA_PORT`, `SHOP_ORDERS_GRPC_PORT`. "
        "They are those of the sandbox that `name` names; another one (`--name load`) chooses its own, or has its own in "
        "`sandbox.load.ports`. All others are chosen once, and kept.",
    ),
    Section(
        "limits",
        "The most that a resource may use, by its name: `kafka = { memory-mib = 512, cpus = 1.5 }`. They win over those of "
        "`service.yaml`. One that takes more memory is ended and started again; where the system cannot limit processors, `status` "
        "and `doctor` say so.",
    ),
    Section(
        "engines",
        "What single resources run on, whatever `engine` says: `embedded`, `docker` or `external` for `kafka`, `schema-registry`, "
        "`aws`, `postgres`, `redis`, and the first two for `telemetry` and `services`, which are all services together.",
    ),
    Section(
        "external",
        'Where stores are that run already: `kafka = "host:9092,other:9092"`, `schema-registry = "http://host:8081"`, '
        '`aws = "http://KEY-ID:SECRET@host:4566"`, `postgres = "postgresql://administrator:password@host/database"`, '
        '`redis = "redis://:password@host:6379"`. They are proved and used, and never stopped, emptied or removed. In a variable '
        "`SHOP_EXTERNAL_KAFKA` and so on: passwords belong there, not into a file under version control.",
    ),
    Section("sandbox", "By name of a sandbox, what is its own: `sandbox.load.ports`."),
    Section(
        "seed",
        "What fills an empty sandbox: `command`, a program and its arguments, run in the checkout with the variables of "
        "`shop-dev env`, and `needs`, the resources that must be ready. `up` runs it with `SHOP_SEED=if-empty`, `shop-dev seed "
        "ARGUMENTS…` with `SHOP_SEED=always` and the arguments. `${PYTHON}` is shop-dev's own interpreter. Lines that it prints "
        "are shown; a line of JSON holds facts for `first-try` and for scripts.",
    ),
    Section(
        "first-try",
        "What `up` suggests at its end: `say`, a line above; `command`, with `${…}` for variables of `shop-dev env`, facts of "
        "`seed` and `${UUID}`; `answer`, what it answers; `then`, commands to go on with. Shown when every variable is there.",
    ),
    Section(
        "load",
        "How `load` loads what the project runs: `journeys`, a package with a module for each journey; "
        "`door`, the endpoint of the sandbox that load goes to; `profiles`, a folder of profiles; `targets`, hosts beside this "
        "machine that may be loaded. docs/guides/load-the-shop.md shows all four.",
    ),
    Section(
        "books",
        "What says whether the project's data is right, for `load --chaos`: `command`, a program with its arguments, run with "
        "`open` before and `close` after. docs/guides/chaos-under-load.md shows what both say.",
    ),
)
