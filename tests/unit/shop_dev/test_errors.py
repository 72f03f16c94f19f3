"""The closed list of error codes."""

from __future__ import annotations

import pytest
from shop_dev.errors import EXPLANATIONS, CliCode, ExitStatus, Failure
from shop_sandbox.errors import ErrorCode, SandboxError

STATUSES = {
    ErrorCode.NOT_RUNNING: 7,
    ErrorCode.WAIT_TIMED_OUT: 17,
    ErrorCode.START_TIMED_OUT: 17,
    ErrorCode.RESOURCE_DIED: 18,
    ErrorCode.RESOURCE_UNKNOWN: 2,
    CliCode.USAGE_INVALID: 2,
    CliCode.TESTS_FAILED: 1,
}


def test_every_code_is_explained_and_no_other() -> None:
    assert set(EXPLANATIONS) == {*ErrorCode, *CliCode}


@pytest.mark.parametrize(("code", "status"), STATUSES.items())
def test_scripts_can_rely_on_the_exit_statuses(code: str, status: int) -> None:
    assert EXPLANATIONS[code].exit_status == status


def test_a_failure_never_ends_with_status_0() -> None:
    assert all(explanation.exit_status is not ExitStatus.DONE for explanation in EXPLANATIONS.values())


def test_a_failure_without_actions_offers_those_of_its_code() -> None:
    failure = Failure.from_error(SandboxError(ErrorCode.NOT_RUNNING, "Nothing runs."))

    assert failure.actions == ("shop-dev up",)


def test_actions_of_the_failure_itself_come_instead() -> None:
    failure = Failure.from_error(SandboxError(ErrorCode.NOT_RUNNING, "Nothing runs.", actions=("look around",)))

    assert failure.actions == ("look around",)


def test_a_code_that_is_not_in_the_list_counts_as_our_fault() -> None:
    assert Failure.told("no_such_code", "?").exit_status is ExitStatus.INTERNAL
