"""AWS keys: renewed in time, used to their end when they cannot be, and signatures as botocore makes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from unittest.mock import patch

import pytest
from awscrt.auth import AwsCredentials
from awscrt.exceptions import AwsCrtError
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from fakes.virtual_time import in_virtual_time
from shop_kit.aws.credentials import REFRESH_BEFORE_SECONDS, Keys, signed
from shop_kit.errors import Unavailable

HOUR = 3600.0
HOST = "dynamodb.eu-west-1.amazonaws.com"


class Role:
    """Issues keys for an hour, unless it is away."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0
        self.issued = 0
        self.is_away = False

    async def fetch(self) -> AwsCredentials:
        if self.is_away:
            raise AwsCrtError(0, "AWS_AUTH_CREDENTIALS_PROVIDER_ECS_SOURCE_FAILURE", "no answer")
        self.issued += 1
        return AwsCredentials(f"AK{self.issued}", "secret", None, dt.datetime.fromtimestamp(self.seconds + HOUR, dt.UTC))

    def keys(self) -> Keys:
        return Keys(self.fetch, now=lambda: self.seconds)


def current(keys: Keys) -> Callable[[], str]:
    return lambda: in_virtual_time(keys.current()).access_key_id


def test_keys_are_fetched_once_and_renewed_minutes_before_they_expire() -> None:
    role = Role()
    ask = current(role.keys())

    seen = [ask(), ask()]
    role.seconds += HOUR - REFRESH_BEFORE_SECONDS
    seen.append(ask())

    assert seen == ["AK1", "AK1", "AK2"]


def test_keys_that_cannot_be_renewed_are_used_to_their_end() -> None:
    role = Role()
    ask = current(role.keys())
    ask()
    role.is_away = True

    role.seconds += HOUR - 1
    assert ask() == "AK1"
    role.seconds += 1
    with pytest.raises(Unavailable, match="aws credentials"):
        ask()
    role.is_away = False
    assert ask() == "AK2"


def test_without_any_keys_aws_is_unavailable_and_not_broken() -> None:
    role = Role()
    role.is_away = True

    with pytest.raises(Unavailable):
        current(role.keys())()


@pytest.mark.parametrize("token", [None, "session-token"])
def test_a_call_is_signed_as_botocore_signs_it(token: str | None) -> None:
    moment = dt.datetime(2026, 3, 2, 12, 30, 15)
    headers = {"host": HOST, "content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.PutItem"}
    with patch("shop_kit.aws.credentials.time.time", return_value=moment.replace(tzinfo=dt.UTC).timestamp()):
        ours = signed(AwsCredentials("AKIA1", "secret", token), headers, b"{}", region="eu-west-1", service="dynamodb")

    request = AWSRequest("POST", f"https://{HOST}/", data=b"{}", headers=headers)
    with patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(BotoCredentials("AKIA1", "secret", token), "dynamodb", "eu-west-1").add_auth(request)
    assert ours["Authorization"] == request.headers["Authorization"]
