"""What can go wrong in the sandbox, as one closed list of codes and one root class."""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """Stable codes for scripts. Each is documented in docs/reference/errors.md, and a test holds that list complete."""

    PORT_TAKEN = "port_taken"
    JAVA_MISSING = "java_missing"
    PLATFORM_UNSUPPORTED = "platform_unsupported"
    DOWNLOAD_FAILED = "download_failed"
    DOWNLOAD_CORRUPT = "download_corrupt"
    OFFLINE_AND_NOT_FETCHED = "offline_and_not_fetched"
    MANIFEST_INVALID = "manifest_invalid"
    RESOURCE_UNKNOWN = "resource_unknown"
    RESOURCE_DIED = "resource_died"
    START_TIMED_OUT = "start_timed_out"
    SWAP_REFUSED = "swap_refused"
    LEASE_REFUSED = "lease_refused"
    JOIN_REFUSED = "join_refused"
    WAIT_TIMED_OUT = "wait_timed_out"
    PROVISION_FAILED = "provision_failed"
    STATE_INCOMPLETE = "state_incomplete"
    EMULATOR_STATE_LOST = "emulator_state_lost"
    DISK_FULL = "disk_full"
    FOLDER_UNUSABLE = "folder_unusable"
    LEDGER_UNREADABLE = "ledger_unreadable"
    WRITTEN_BY_ANOTHER_VERSION = "written_by_another_version"
    SUPERVISOR_OF_ANOTHER_VERSION = "supervisor_of_another_version"
    NOT_RUNNING = "not_running"
    NOT_IN_A_PROJECT = "not_in_a_project"
    SUPERVISOR_UNREACHABLE = "supervisor_unreachable"
    INTERRUPTED = "interrupted"
    TRACE_NOT_FOUND = "trace_not_found"
    CLOCK_REFUSED = "clock_refused"
    LOG_UNREADABLE = "log_unreadable"
    DOCKER_AWAY = "docker_away"
    IMAGE_MISSING = "image_missing"
    IMAGE_NOT_BUILT = "image_not_built"
    ENGINE_REFUSED = "engine_refused"
    EXTERNAL_INVALID = "external_invalid"


class SandboxError(Exception):
    """An expected failure, told in full: what failed, on what, why if known, and what to try.

    `actions` are things the reader can do, most useful first, each a sentence or a command.
    `detail` carries facts for `--json` readers (resource, port, pid, log path, last lines…); values are JSON types.
    """

    def __init__(
        self,
        code: ErrorCode,
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
