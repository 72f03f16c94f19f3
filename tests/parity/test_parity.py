"""The table of emulators is complete and true: each operation that the code uses has a grade, and MiniStack still earns its own."""

from __future__ import annotations

from pathlib import Path

import pytest

import parity.cases  # noqa: F401 - they are kept as they are imported
from parity.account import Account
from parity.case import CASES, Differs, case, expect, refused
from parity.emulators import running
from parity.grading import Grade, graded, graded_all
from parity.results import faults, kept
from parity.used import operations_of, used


def test_every_operation_that_is_used_has_a_grade_and_the_page_is_what_was_found() -> None:
    assert list(faults(kept())) == []


@pytest.mark.integration
def test_ministack_is_as_the_table_says(tmp_path: Path) -> None:
    known = kept().runs["ministack"].grades
    with running("ministack", tmp_path) as address:
        account = Account(address)
        found = graded_all(CASES.values(), account, {}, lambda line: None)
        others = [name for name, grade in found.items() if grade.grade != known[name].grade]
        again = {name: graded(CASES[name], account) for name in others}  # time-outs of a second are short on a busy machine
    assert {name: grade for name, grade in again.items() if grade.grade != known[name].grade} == {}


# --- what is used, read from code -----------------------------------------------------------------------------------------------


def test_an_operation_is_followed_through_the_functions_that_pass_it_on() -> None:
    source = """
class Pools:
    async def settle(self, aws):
        await self._pages("ListUserPools", {})
        await self._call("CreateUserPool", {})
    async def _pages(self, operation, body):
        return await self._call(operation, body)
    async def _call(self, operation, body):
        return await self._aws.json("cognito-idp", operation, body)
"""
    assert operations_of(source, "pools.py") == {"cognito-idp:ListUserPools", "cognito-idp:CreateUserPool"}


def test_a_rest_request_is_named_by_its_method_path_and_query() -> None:
    source = """
_LAMBDA = "/2015-03-31"
async def settle(aws, bucket, name):
    await aws.rest("s3", "PUT", f"/{bucket}?versioning", b"")
    await aws.rest("s3", "GET", f"/{bucket}?list-type=2&prefix={name}")
    await aws.rest_json("lambda", "PUT", f"{_LAMBDA}/functions/{name}/code", {})
"""
    assert operations_of(source, "x.py") == {"s3:PutBucketVersioning", "s3:ListObjectsV2", "lambda:UpdateFunctionCode"}


def test_a_name_that_is_put_together_stands_for_all_that_fit() -> None:
    source = """
async def write(aws, kind):
    operation, request = made(kind)
    await aws.call("dynamodb", "DynamoDB_20120810", f"Transact{operation}Items", request)
"""
    assert operations_of(source, "x.py") == {"dynamodb:TransactGetItems", "dynamodb:TransactWriteItems"}


def test_an_operation_that_is_named_in_a_header_is_found() -> None:
    source = """
def probe(address):  # of AWS
    _call(address, "PutItem", {})
def _call(address, operation, body):
    send(address, {"X-Amz-Target": f"DynamoDB_20120810.{operation}"}, body)
"""
    assert operations_of(source, "x.py") == {"dynamodb:PutItem"}


def test_a_call_that_cannot_be_named_is_no_silence() -> None:
    with pytest.raises(ValueError, match="names no operation"):
        operations_of('async def f(aws, x):\n    await aws.json("sqs", x["operation"], {})\n', "x.py")


def test_what_services_and_provisioning_call_is_found() -> None:
    assert {"dynamodb:TransactWriteItems", "s3:CopyObject", "cognito-idp:AdminDeleteUser", "apigatewayv2:UpdateRoute"} <= set(
        used()
    )


# --- grades -------------------------------------------------------------------------------------------------------------------


def test_grades_tell_a_difference_from_what_is_missing() -> None:
    account = Account("http://127.0.0.1:9")

    def grade(calls: object) -> Grade:
        return graded(CASES["ssm/parameter_is_kept"].__class__("x", (), "", "", calls), account)  # type: ignore[arg-type]

    assert grade(lambda account: None) == Grade("same")
    assert grade(lambda account: expect(False, "does it not")) == Grade("differs", "does it not")
    assert grade(lambda account: account.client("ssm").get_parameter(Name="a")).grade == "differs"


def test_a_refusal_with_another_code_is_a_difference() -> None:
    from botocore.exceptions import ClientError

    error = ClientError({"Error": {"Code": "InternalFailure", "Message": ""}}, "GetItem")
    with (
        pytest.raises(Differs, match="refuses with InternalFailure, not ResourceNotFoundException"),
        refused("ResourceNotFoundException"),
    ):
        raise error
    with pytest.raises(Differs, match="accepts it"), refused("ResourceNotFoundException"):
        pass


def test_two_cases_of_one_name_are_refused() -> None:
    def parameter_is_kept(account: Account) -> None:
        """Never called."""

    with pytest.raises(ValueError, match="two cases"):
        case("ssm:GetParameter", says="")(parameter_is_kept)
