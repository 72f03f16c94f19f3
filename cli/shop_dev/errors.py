"""Every failure the command line can end with: one closed list of codes, and the exit status of each, decided only here.

docs/reference/errors.md is generated from `EXPLANATIONS`; a test holds it complete against the sandbox's codes and fresh.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from shop_sandbox.errors import ErrorCode, SandboxError

if TYPE_CHECKING:
    from shop_sandbox.events import SandboxFailed


class ExitStatus(IntEnum):
    """What a script can branch on."""

    DONE = 0
    FAILED = 1
    """The thing asked about failed: a red suite, a sandbox that does not come up, a trace that is not there."""
    WRONG_USE = 2
    NOT_RUNNING = 7
    TIMED_OUT = 17
    DIED = 18
    INTERNAL = 70
    """A fault of shop-dev itself (EX_SOFTWARE of sysexits.h)."""
    INTERRUPTED = 130
    """Ctrl-C, as shells report it: 128 + SIGINT."""


class Category(StrEnum):
    """Who can do something about a failure, and where."""

    USAGE = "usage"
    PROJECT = "project"
    MACHINE = "machine"
    NETWORK = "network"
    SANDBOX = "sandbox"
    STATE = "state"
    VERDICT = "verdict"
    INTERRUPTION = "interruption"
    INTERNAL = "internal"


class CliCode(StrEnum):
    """Codes of failures that arise in the command line itself; the sandbox's are in `shop_sandbox.errors`."""

    USAGE_INVALID = "usage_invalid"
    SETTINGS_INVALID = "settings_invalid"
    TESTS_FAILED = "tests_failed"
    SEED_FAILED = "seed_failed"
    SERVICE_UNREACHABLE = "service_unreachable"
    READ_MODEL_MISSING = "read_model_missing"
    REPLAY_TIMED_OUT = "replay_timed_out"
    LOAD_RED = "load_red"
    LOAD_INVALID = "load_invalid"
    LOAD_BROKEN = "load_broken"
    VERSION_WORSE = "version_worse"
    VERSION_NOT_STARTED = "version_not_started"
    COMPARISON_UNDECIDED = "comparison_undecided"
    PROFILE_INVALID = "profile_invalid"
    WORKERS_MISSING = "workers_missing"
    SCHEDULE_INVALID = "schedule_invalid"
    CHAOS_MISSING = "chaos_missing"
    BOOKS_UNREADABLE = "books_unreadable"
    BOOKS_WRONG = "books_wrong"
    JOURNEYS_UNUSABLE = "journeys_unusable"
    TARGET_REFUSED = "target_refused"
    MACHINE_NOT_READY = "machine_not_ready"
    PATH_UNUSABLE = "path_unusable"
    PROTO_INVALID = "proto_invalid"
    SCHEMA_INVALID = "schema_invalid"
    OPENAPI_INVALID = "openapi_invalid"
    OPENAPI_BREAKING = "openapi_breaking"
    CONTRACT_INCOMPATIBLE = "contract_incompatible"
    CONTRACT_LINT_FAILED = "contract_lint_failed"
    CONTRACTS_RED = "contracts_red"
    COMPOSE_STALE = "compose_stale"
    GIT_REF_UNKNOWN = "git_ref_unknown"
    DEAD_LETTER_NOT_FOUND = "dead_letter_not_found"
    LETTERS_NOT_REDRIVEN = "letters_not_redriven"
    TOPIC_UNKNOWN = "topic_unknown"
    MESSAGE_INVALID = "message_invalid"
    KAFKA_AWAY = "kafka_away"
    STORE_AWAY = "store_away"
    CLIENT_MISSING = "client_missing"
    REGISTRY_UNUSABLE = "registry_unusable"
    REGISTRY_CONFLICT = "registry_conflict"
    REGISTRY_IMPORT_INCOMPLETE = "registry_import_incomplete"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True)
class Explanation:
    """What a code means. `actions` are offered where the failure itself brings none."""

    category: Category
    exit_status: ExitStatus
    meaning: str
    actions: tuple[str, ...]


EXPLANATIONS: dict[str, Explanation] = {
    ErrorCode.PORT_TAKEN: Explanation(
        Category.MACHINE,
        ExitStatus.FAILED,
        "A port that a resource must have is held by another process; the message names the process.",
        ("Stop that process, or choose another port: SHOP_<RESOURCE>_PORT=<port>.",),
    ),
    ErrorCode.JAVA_MISSING: Explanation(
        Category.MACHINE,
        ExitStatus.FAILED,
        "Kafka needs a Java runtime 17 or newer; this platform has no bundled one, and none was found in JAVA_HOME or on PATH.",
        ("Install a Java runtime 17 or newer, or set JAVA_HOME.", "shop-dev doctor"),
    ),
    ErrorCode.PLATFORM_UNSUPPORTED: Explanation(
        Category.MACHINE,
        ExitStatus.FAILED,
        "A part of the sandbox does not run on this operating system or processor.",
        ("shop-dev doctor",),
    ),
    ErrorCode.DOCKER_AWAY: Explanation(
        Category.MACHINE,
        ExitStatus.FAILED,
        "Docker's daemon does not answer, or does not let this user in; the message says which, and where it was looked for.",
        (
            "Start Docker, or set DOCKER_HOST to where it listens.",
            "Without Docker: shop-dev up --engine embedded.",
        ),
    ),
    ErrorCode.IMAGE_MISSING: Explanation(
        Category.NETWORK,
        ExitStatus.FAILED,
        "An image is not there and cannot be pulled: there is no network, no such tag, or it wants an account.",
        ("docker pull IMAGE", "Without Docker: shop-dev up --engine embedded."),
    ),
    ErrorCode.IMAGE_NOT_BUILT: Explanation(
        Category.PROJECT,
        ExitStatus.FAILED,
        "A step of a Dockerfile failed; its last lines are told.",
        ("Correct what the lines name, and build again.",),
    ),
    ErrorCode.DOWNLOAD_FAILED: Explanation(
        Category.NETWORK,
        ExitStatus.FAILED,
        "A download broke off or was refused. What arrived is kept, and the next try goes on from there.",
        ("shop-dev fetch",),
    ),
    ErrorCode.DOWNLOAD_CORRUPT: Explanation(
        Category.NETWORK,
        ExitStatus.FAILED,
        "A downloaded file does not have the SHA-256 that the lock file names, and was put aside.",
        ("shop-dev fetch", "If it happens again, a proxy on the way changes files: ask its owner."),
    ),
    ErrorCode.OFFLINE_AND_NOT_FETCHED: Explanation(
        Category.NETWORK,
        ExitStatus.FAILED,
        "Something must be downloaded once, and there is no network.",
        ("With a network: shop-dev fetch. Everything works offline afterwards.",),
    ),
    ErrorCode.MANIFEST_INVALID: Explanation(
        Category.PROJECT,
        ExitStatus.FAILED,
        "A service.yaml breaks its schema; all faults are listed with file, line and a hint.",
        ("Correct the lines named; editors complete against the schema in the first line of each manifest.",),
    ),
    ErrorCode.RESOURCE_UNKNOWN: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "No resource of this project has that name.",
        ("shop-dev status",),
    ),
    ErrorCode.RESOURCE_DIED: Explanation(
        Category.SANDBOX,
        ExitStatus.DIED,
        "The process of a resource ended although it should run; its last lines and the path of its log are told.",
        ("shop-dev logs <resource>", "shop-dev restart <resource>"),
    ),
    ErrorCode.START_TIMED_OUT: Explanation(
        Category.SANDBOX,
        ExitStatus.TIMED_OUT,
        "A resource runs but did not become ready in time; the message says what its last probe saw.",
        ("shop-dev logs <resource>", "Allow more time: shop-dev up --timeout <seconds>."),
    ),
    ErrorCode.SWAP_REFUSED: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "Only the process of a service can be swapped for another one, and only once at a time.",
        ("Name a service of a manifest.",),
    ),
    ErrorCode.LEASE_REFUSED: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "A sandbox can be leased only to a process that runs.",
        ("Give the id of the process whose sandbox it is to be.",),
    ),
    ErrorCode.ENGINE_REFUSED: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "The sandbox runs with another engine than was asked for, or what was chosen for single resources cannot meet: containers "
        "do not see processes of this machine.",
        ("shop-dev status", "shop-dev up --engine docker --name docker"),
    ),
    ErrorCode.EXTERNAL_INVALID: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "A store is to be external, and its address is missing or cannot be read; it is not shown, for it may hold a password.",
        ("Set SHOP_EXTERNAL_KAFKA, or external.kafka in the project's settings.",),
    ),
    ErrorCode.JOIN_REFUSED: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "A checkout cannot join that sandbox, or leave it: it is its own, or several are called so, or it is leased.",
        ("shop-dev ls",),
    ),
    ErrorCode.WAIT_TIMED_OUT: Explanation(
        Category.SANDBOX,
        ExitStatus.TIMED_OUT,
        "`wait` saw its time pass before the resource was in the state asked for.",
        ("shop-dev status", "Allow more time: shop-dev wait --timeout <seconds>."),
    ),
    ErrorCode.PROVISION_FAILED: Explanation(
        Category.SANDBOX,
        ExitStatus.DIED,
        "A topic, schema, table, queue or migration that a manifest asks for could not be made.",
        ("shop-dev logs <provision-task>",),
    ),
    ErrorCode.STATE_INCOMPLETE: Explanation(
        Category.STATE,
        ExitStatus.FAILED,
        "State of one store is gone or damaged while another's is there. State is all or nothing: half of it is not started.",
        ("Start from empty stores: shop-dev up --reset --name <name>.", "Or put the missing folder back from your own copy."),
    ),
    ErrorCode.EMULATOR_STATE_LOST: Explanation(
        Category.STATE,
        ExitStatus.FAILED,
        "The AWS emulator was killed, and this one keeps everything in memory, so its tables are gone. The embedded one does not.",
        ("Start from empty stores: shop-dev up --reset --name <name>.",),
    ),
    ErrorCode.DISK_FULL: Explanation(
        Category.MACHINE,
        ExitStatus.FAILED,
        "The disk that holds the checkout or the cache is full.",
        ("Free some space.", "shop-dev down --purge --name <name> removes a sandbox's data."),
    ),
    ErrorCode.FOLDER_UNUSABLE: Explanation(
        Category.MACHINE,
        ExitStatus.FAILED,
        "A folder that shop-dev needs cannot be written, belongs to somebody else, or has too long a path; the message names it.",
        ("shop-dev doctor",),
    ),
    ErrorCode.LEDGER_UNREADABLE: Explanation(
        Category.STATE,
        ExitStatus.FAILED,
        "The list of processes that a dead sandbox has left cannot be read, so nothing proves which of them still run.",
        ("End what is left of it by hand, remove the file that the message names, and run the command again.",),
    ),
    ErrorCode.WRITTEN_BY_ANOTHER_VERSION: Explanation(
        Category.STATE,
        ExitStatus.FAILED,
        "A file of this sandbox has a form that this version of shop-dev does not read.",
        ("Use the version that wrote it.", "Start from empty stores: shop-dev up --reset --name <name>."),
    ),
    ErrorCode.SUPERVISOR_OF_ANOTHER_VERSION: Explanation(
        Category.SANDBOX,
        ExitStatus.FAILED,
        "The sandbox was started by another version of shop-dev than the command, as after `git pull`.",
        ("shop-dev down", "shop-dev up"),
    ),
    ErrorCode.NOT_RUNNING: Explanation(
        Category.SANDBOX,
        ExitStatus.NOT_RUNNING,
        "No sandbox of this name runs in this checkout.",
        ("shop-dev up",),
    ),
    ErrorCode.NOT_IN_A_PROJECT: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "Neither this folder nor one above it has a shop-dev.toml, or a pyproject.toml with a [tool.shop-dev] table.",
        ("Change into a checkout, or make this folder one with `shop-dev init`.",),
    ),
    ErrorCode.SUPERVISOR_UNREACHABLE: Explanation(
        Category.SANDBOX,
        ExitStatus.FAILED,
        "The supervisor's process is there but does not answer on its socket: it hangs, or was stopped.",
        ("Try again.", "shop-dev down --force"),
    ),
    ErrorCode.INTERRUPTED: Explanation(
        Category.INTERRUPTION,
        ExitStatus.INTERRUPTED,
        "Ctrl-C. An `up` that started the sandbox has stopped it again; one that attached has left it alone.",
        (),
    ),
    ErrorCode.TRACE_NOT_FOUND: Explanation(
        Category.SANDBOX,
        ExitStatus.FAILED,
        "No span of the sandbox's store carries that trace id, or that value of one of the project's `keys`.",
        ("Spans arrive within a second or two: try again.", "shop-dev logs --correlation <id>"),
    ),
    ErrorCode.CLOCK_REFUSED: Explanation(
        Category.STATE,
        ExitStatus.FAILED,
        "The sandbox's clock cannot be moved that far, or its file is broken.",
        ("shop-dev clock show", "shop-dev clock reset"),
    ),
    ErrorCode.LOG_UNREADABLE: Explanation(
        Category.MACHINE,
        ExitStatus.FAILED,
        "A log is there, and this user may not read it or the disk does not give it.",
        ("See to it that you may read the file named.",),
    ),
    CliCode.DEAD_LETTER_NOT_FOUND: Explanation(
        Category.SANDBOX,
        ExitStatus.FAILED,
        "There are no such dead letters: no topic of that name or group, or no letter with that id in it.",
        ("shop-dev dlq list",),
    ),
    CliCode.LETTERS_NOT_REDRIVEN: Explanation(
        Category.SANDBOX,
        ExitStatus.FAILED,
        "Kafka could not be read, or did not take all letters. What was sent back is marked so; nothing is handled twice.",
        ("shop-dev dlq list", "shop-dev status"),
    ),
    CliCode.TOPIC_UNKNOWN: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "Kafka has no topic of that name.",
        ("shop-dev topics",),
    ),
    CliCode.MESSAGE_INVALID: Explanation(
        Category.USAGE,
        ExitStatus.FAILED,
        "A message to be produced does not fit the schema that its topic has; nothing was sent.",
        ("See what messages of the topic look like: shop-dev peek TOPIC",),
    ),
    CliCode.KAFKA_AWAY: Explanation(
        Category.SANDBOX,
        ExitStatus.FAILED,
        "Kafka does not answer, or did not take a message.",
        ("shop-dev status", "shop-dev logs kafka"),
    ),
    CliCode.STORE_AWAY: Explanation(
        Category.SANDBOX,
        ExitStatus.FAILED,
        "PostgreSQL or the AWS emulator does not answer, or does not say what it holds.",
        ("shop-dev status",),
    ),
    CliCode.CLIENT_MISSING: Explanation(
        Category.MACHINE,
        ExitStatus.FAILED,
        "The program that a command would open is not installed; the message names it.",
        ("Install it, or give `shop-dev env` to another client.",),
    ),
    CliCode.REGISTRY_UNUSABLE: Explanation(
        Category.NETWORK,
        ExitStatus.FAILED,
        "A Schema Registry cannot be reached, lets nobody in, or answers with something else than Confluent's API has there.",
        ("Try its address with curl: curl <address>/subjects.",),
    ),
    CliCode.REGISTRY_CONFLICT: Explanation(
        Category.VERDICT,
        ExitStatus.FAILED,
        "The registry to import into has an id or a version that means another schema in the source. Nothing was written.",
        ("Import into an empty registry, or into a context of its own.", "shop-dev registry import SOURCE --dry-run"),
    ),
    CliCode.REGISTRY_IMPORT_INCOMPLETE: Explanation(
        Category.NETWORK,
        ExitStatus.FAILED,
        "An import did not get to its end; what is there stays, and the next one goes on from it.",
        ("Mend what was refused, and run the same command again.",),
    ),
    CliCode.USAGE_INVALID: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "The command line names a command, an option or a value that does not exist.",
        ("shop-dev --help",),
    ),
    CliCode.SETTINGS_INVALID: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "Settings in [tool.shop-dev] or in SHOP_* variables are wrong; all of them are listed together.",
        ("docs/reference/settings.md lists every setting.",),
    ),
    CliCode.TESTS_FAILED: Explanation(
        Category.VERDICT,
        ExitStatus.FAILED,
        "At least one test failed, or none was found.",
        ("Run the failed ones again: shop-dev test --last-failed.",),
    ),
    CliCode.SEED_FAILED: Explanation(
        Category.SANDBOX,
        ExitStatus.FAILED,
        "The project's own `seed` command ended badly, or cannot be run.",
        ("Look at what it said.", "shop-dev seed"),
    ),
    CliCode.SERVICE_UNREACHABLE: Explanation(
        Category.SANDBOX,
        ExitStatus.FAILED,
        "A service that the command needs does not run in this sandbox, or does not answer.",
        ("shop-dev status", "shop-dev up <service>"),
    ),
    CliCode.READ_MODEL_MISSING: Explanation(
        Category.USAGE,
        ExitStatus.FAILED,
        "The service keeps no read model that is live: it never had one, or builds its first one now.",
        ("shop-dev graph",),
    ),
    CliCode.REPLAY_TIMED_OUT: Explanation(
        Category.SANDBOX,
        ExitStatus.TIMED_OUT,
        "Read models are still being built anew. Those that were there go on answering until then.",
        ("shop-dev logs <service>",),
    ),
    CliCode.LOAD_RED: Explanation(
        Category.VERDICT,
        ExitStatus.FAILED,
        "A run of load has missed objectives of its profile; each is told with what was found.",
        ("shop-dev trace", "docs/guides/load-the-shop.md shows the way from a missed objective to its cause."),
    ),
    CliCode.LOAD_INVALID: Explanation(
        Category.VERDICT,
        ExitStatus.FAILED,
        "The figures of a run of load are not to be believed: the generator was at its end, or a journey has a fault.",
        ("Use more --workers, a lower --rate, or another machine.",),
    ),
    CliCode.LOAD_BROKEN: Explanation(
        Category.INTERNAL,
        ExitStatus.FAILED,
        "A generator ended in the middle of a run of load, so that a part of what was measured is missing.",
        ("Run it again; what the generator said stands above.",),
    ),
    CliCode.VERSION_WORSE: Explanation(
        Category.VERDICT,
        ExitStatus.FAILED,
        "`load --compare` found operations that take longer than before, or fail more often, beyond what noise explains.",
        ("docs/guides/load-the-shop.md says how to read the table.",),
    ),
    CliCode.VERSION_NOT_STARTED: Explanation(
        Category.SANDBOX,
        ExitStatus.FAILED,
        "A version that was to be compared could not be started in a sandbox of its own; the message has what it said.",
        ("Check that commit out and run `shop-dev up` there.",),
    ),
    CliCode.COMPARISON_UNDECIDED: Explanation(
        Category.VERDICT,
        ExitStatus.FAILED,
        "`load --compare` could not tell two versions apart, nor call them the same, within the time that it was given.",
        ("Give it more --budget, or a larger --within.",),
    ),
    CliCode.WORKERS_MISSING: Explanation(
        Category.NETWORK,
        ExitStatus.FAILED,
        "Too few workers have joined a run of load in time, or a worker was not taken; the message says why.",
        ("Start `shop-dev load worker --join HOST:PORT` on each machine, from the same commit.",),
    ),
    CliCode.SCHEDULE_INVALID: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "A schedule of faults cannot be read, or strikes what this sandbox does not have.",
        ("docs/guides/chaos-under-load.md lists the faults and what each takes.",),
    ),
    CliCode.CHAOS_MISSING: Explanation(
        Category.SANDBOX,
        ExitStatus.FAILED,
        "Faults between services were asked for, and the sandbox runs without proxies.",
        ("shop-dev down", "shop-dev up --chaos"),
    ),
    CliCode.BOOKS_UNREADABLE: Explanation(
        Category.SANDBOX,
        ExitStatus.FAILED,
        "The project's own `books` command ended badly, or cannot be run.",
        ("shop-dev status",),
    ),
    CliCode.BOOKS_WRONG: Explanation(
        Category.VERDICT,
        ExitStatus.FAILED,
        "After a storm something is not as it must be: stock, money, an order without an end. The shortest schedule that still "
        "does it is kept in a file.",
        ("Play it again: shop-dev load PROFILE --chaos FILE.",),
    ),
    CliCode.PROFILE_INVALID: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "A profile of load cannot be read or names what is not there; all its faults are told at once.",
        ("docs/guides/load-the-shop.md says what stands in a profile.",),
    ),
    CliCode.JOURNEYS_UNUSABLE: Explanation(
        Category.PROJECT,
        ExitStatus.WRONG_USE,
        "The package of journeys that the settings name cannot be imported, or has none.",
        ("Correct `journeys` of [tool.shop-dev.load]; docs/guides/load-the-shop.md says what a journey is.",),
    ),
    CliCode.TARGET_REFUSED: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "Load goes to this machine and to hosts that the settings allow, unless whoever asks says that they own the target.",
        ("--i-own-this-target",),
    ),
    CliCode.MACHINE_NOT_READY: Explanation(
        Category.MACHINE,
        ExitStatus.FAILED,
        "`doctor` found something missing or wrong that the sandbox cannot do without; each finding names its fix.",
        (),
    ),
    CliCode.PATH_UNUSABLE: Explanation(
        Category.MACHINE,
        ExitStatus.FAILED,
        "A file or folder that a setting, an option or the environment names cannot be used: it is of another kind, or not yours.",
        ("shop-dev doctor",),
    ),
    CliCode.PROTO_INVALID: Explanation(
        Category.PROJECT,
        ExitStatus.WRONG_USE,
        "A .proto file cannot be read or does not compile; every fault is told with file and line.",
        ("Correct the lines named.", "Where an import is not found, name its folder: --import-path <folder>."),
    ),
    CliCode.SCHEMA_INVALID: Explanation(
        Category.PROJECT,
        ExitStatus.WRONG_USE,
        "A file is no valid Avro or JSON Schema, or two that are compared are of different kinds.",
        ("Correct what is named.", "Avro ends in .avsc, a JSON Schema in .json; what they refer to lies in the same folder."),
    ),
    CliCode.OPENAPI_INVALID: Explanation(
        Category.PROJECT,
        ExitStatus.WRONG_USE,
        "An OpenAPI document, or a file it refers to, cannot be read; the fault is told with file and line.",
        ("Correct the line named.",),
    ),
    CliCode.OPENAPI_BREAKING: Explanation(
        Category.VERDICT,
        ExitStatus.FAILED,
        "A new version of an OpenAPI document breaks clients of the old one; each finding comes with its rule and its place.",
        ("docs/reference/openapi-rules.md says what each rule is for.", "Deprecate first, or start a v2 beside v1."),
    ),
    CliCode.CONTRACT_INCOMPATIBLE: Explanation(
        Category.VERDICT,
        ExitStatus.FAILED,
        "A new version of a schema breaks those who write or read an earlier one; each refusal comes with its rule and a proof.",
        ("docs/reference/contract-rules.md says what each rule is for.", "Reserve what you remove, or start a v2 beside v1."),
    ),
    CliCode.CONTRACT_LINT_FAILED: Explanation(
        Category.VERDICT,
        ExitStatus.FAILED,
        "A contract breaks the house's rules for names, folders and comments.",
        ("docs/reference/contract-rules.md says what each rule is for.",),
    ),
    CliCode.CONTRACTS_RED: Explanation(
        Category.VERDICT,
        ExitStatus.FAILED,
        "`contracts` found something that must not land; every finding is told with file, line, rule and a sentence.",
        ("docs/guides/change-a-contract.md shows how contracts change without breaking anybody.",),
    ),
    CliCode.COMPOSE_STALE: Explanation(
        Category.VERDICT,
        ExitStatus.FAILED,
        "`compose --check`: compose.yaml is not what the manifests say now.",
        ("shop-dev compose",),
    ),
    CliCode.GIT_REF_UNKNOWN: Explanation(
        Category.USAGE,
        ExitStatus.WRONG_USE,
        "`--against` names no commit of this repository, or the checkout is not under git.",
        ("git fetch", "Name a branch, tag or commit that `git log` shows."),
    ),
    CliCode.INTERNAL_ERROR: Explanation(
        Category.INTERNAL,
        ExitStatus.INTERNAL,
        "A fault of shop-dev itself. The message names the file with the full traceback.",
        ("Report it together with that file.",),
    ),
}


class ShopDevError(Exception):
    """An expected failure of the command line, told in full, like `SandboxError` for the sandbox."""

    def __init__(
        self,
        code: CliCode,
        message: str,
        *,
        actions: tuple[str, ...] = (),
        retryable: bool = False,
        detail: dict[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.actions = actions
        self.retryable = retryable
        self.detail = detail or {}


@dataclass(frozen=True)
class Failure:
    """A failure as it is told: the facts of the error, completed by what is known about its code."""

    code: str
    message: str
    actions: tuple[str, ...] = ()
    retryable: bool = False
    detail: dict[str, object] = field(default_factory=dict)

    @classmethod
    def from_error(cls, error: SandboxError | ShopDevError | SandboxFailed) -> Failure:
        return cls.told(error.code, error.message, actions=error.actions, retryable=error.retryable, detail=error.detail)

    @classmethod
    def told(
        cls,
        code: str,
        message: str,
        *,
        actions: tuple[str, ...] = (),
        retryable: bool = False,
        detail: dict[str, object] | None = None,
    ) -> Failure:
        """A failure whose missing `actions` are those of its code. A code that is not in the list counts as a fault of ours."""
        explanation = EXPLANATIONS.get(code, EXPLANATIONS[CliCode.INTERNAL_ERROR])
        return cls(str(code), message, actions or explanation.actions, retryable, detail or {})

    @property
    def category(self) -> Category:
        return EXPLANATIONS.get(self.code, EXPLANATIONS[CliCode.INTERNAL_ERROR]).category

    @property
    def exit_status(self) -> ExitStatus:
        return EXPLANATIONS.get(self.code, EXPLANATIONS[CliCode.INTERNAL_ERROR]).exit_status


class Failed(Exception):
    """Ends a command with a failure that came as a fact (an event of the supervisor), not as an exception."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure
