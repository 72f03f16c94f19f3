"""Signatures are those that botocore makes."""

from __future__ import annotations

import calendar
import datetime as dt
from unittest.mock import patch

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_kit.aws.credentials import Credentials
from shop_kit.aws.sigv4 import signed_headers

HOST = "dynamodb.eu-west-1.amazonaws.com"


@given(st.binary(max_size=200), st.sampled_from([None, "session-token"]), st.text("abcXYZ09/+", min_size=1, max_size=40))
@settings(max_examples=30, deadline=None)
def test_a_call_is_signed_as_botocore_signs_it(body: bytes, token: str | None, secret: str) -> None:
    moment = dt.datetime(2026, 3, 2, 12, 30, 15)
    ours = signed_headers(
        Credentials("AKIA1", secret, token),
        region="eu-west-1",
        service="dynamodb",
        host=HOST,
        target="DynamoDB_20120810.PutItem",
        content_type="application/x-amz-json-1.0",
        body=body,
        now=calendar.timegm(moment.timetuple()),
    )
    headers = {"Host": HOST, "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.PutItem"}
    request = AWSRequest("POST", f"https://{HOST}/", data=body, headers=headers)
    with patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(BotoCredentials("AKIA1", secret, token), "dynamodb", "eu-west-1").add_auth(request)

    assert ours["authorization"] == request.headers["Authorization"]
