"""Keys that the emulator itself gives out: of users and roles that were made in it, and to the functions that it runs."""

from __future__ import annotations

import os

from ministack.core import lambda_runtime
from ministack.core.iam_evaluator import find_iam_access_key_account
from ministack.services import sts


def is_issued(key_id: str) -> bool:
    """Return whether this key belongs to a user of the emulator's IAM, or to a session of its STS."""
    return key_id in sts._sessions or find_iam_access_key_account(key_id) is not None


def give_to_functions() -> None:
    """Let functions call the emulator with this sandbox's keys; MiniStack gives them their account's number, no secret at all."""
    lambda_runtime.execution_credentials = lambda _config: {
        "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
        "AWS_SESSION_TOKEN": "",  # nosec B105 # no token at all
    }
