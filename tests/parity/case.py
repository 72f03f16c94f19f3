"""A case: what AWS documents of an operation, and calls that show whether an emulator does the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import ClientError

from parity.account import Account

_DOCS = "https://docs.aws.amazon.com"
_PAGES = {
    "apigatewayv2": f"{_DOCS}/apigatewayv2/latest/api-reference/apis.html",
    "cloudwatch": f"{_DOCS}/AmazonCloudWatch/latest/APIReference/API_%s.html",
    "cognito-idp": f"{_DOCS}/cognito-user-identity-pools/latest/APIReference/API_%s.html",
    "dynamodb": f"{_DOCS}/amazondynamodb/latest/APIReference/API_%s.html",
    "events": f"{_DOCS}/eventbridge/latest/APIReference/API_%s.html",
    "lambda": f"{_DOCS}/lambda/latest/api/API_%s.html",
    "s3": f"{_DOCS}/AmazonS3/latest/API/API_%s.html",
    "secretsmanager": f"{_DOCS}/secretsmanager/latest/apireference/API_%s.html",
    "sesv2": f"{_DOCS}/ses/latest/APIReference-V2/API_%s.html",
    "sns": f"{_DOCS}/sns/latest/api/API_%s.html",
    "sqs": f"{_DOCS}/AWSSimpleQueueService/latest/APIReference/API_%s.html",
    "ssm": f"{_DOCS}/systems-manager/latest/APIReference/API_%s.html",
}


class Differs(Exception):
    """The emulator does something else; the message says what, in words that go on after its name."""


@dataclass(frozen=True)
class Case:
    """`operations` are those that the calls are about (`dynamodb:PutItem`), `says` what AWS documents, `page` where."""

    name: str
    operations: tuple[str, ...]
    says: str
    page: str
    calls: Callable[[Account], None]


CASES: dict[str, Case] = {}
"""All cases by name, in the order of their modules."""


def case(*operations: str, says: str, page: str = "") -> Callable[[Callable[[Account], None]], Callable[[Account], None]]:
    """Keep a function as a case. Its page is that of the first operation, or `page` below AWS's documentation."""

    def keep(calls: Callable[[Account], None]) -> Callable[[Account], None]:
        service, _, operation = operations[0].partition(":")
        template = _PAGES[service]
        found = f"{_DOCS}/{page}" if page else template % operation if "%s" in template else template
        name = f"{service}/{calls.__name__}"
        if name in CASES:
            raise ValueError(f"two cases are called {name}")
        CASES[name] = Case(name, operations, says, found, calls)
        return calls

    return keep


def expect(holds: bool, otherwise: str) -> None:
    """Say what the emulator does instead, unless what was looked at holds. Raises Differs."""
    if not holds:
        raise Differs(otherwise)


def expect_equal(found: object, documented: object, what: str) -> None:
    """Compare a value. Raises Differs."""
    expect(found == documented, f"gives {found!r} for {what}, not {documented!r}")


@contextmanager
def refused(*codes: str) -> Iterator[list[ClientError]]:
    """Expect the calls inside to be refused with one of the codes, and give the refusal. Raises Differs."""
    caught: list[ClientError] = []
    try:
        yield caught
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in codes:
            if is_missing(error):
                raise
            raise Differs(f"refuses with {code}, not {codes[0]}") from error
        caught.append(error)
    else:
        raise Differs(f"accepts it, where AWS answers {codes[0]}")


_NOT_THERE: Sequence[str] = (
    "not implemented",
    "not yet implemented",
    "not yet been implemented",
    "not been implemented",
    "unknown operation",
    "not included in your",
    "not yet supported",
    "unsupported service",
    "unable to find operation",
)


def is_missing(error: ClientError) -> bool:
    """Return whether an emulator says with an error that it has no such operation."""
    said = error.response.get("Error", {})
    text = f"{said.get('Code', '')} {said.get('Message', '')}".lower()
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == 501 or "unknownoperation" in text or any(words in text for words in _NOT_THERE)
