"""What AWS says that its operations take, for an estimate of what a run would be there. It is no measurement."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

SOURCES = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Introduction.html",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html",
    "https://aws.amazon.com/sqs/faqs/",
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html",
)
"""DynamoDB: single-digit milliseconds, and two reads or writes for each in a transaction. SQS: tens of milliseconds. S3: 100 to
200."""

_MILLISECONDS = {
    "Transact*": 10.0,
    "*Item": 5.0,
    "Query": 5.0,
    "Scan": 5.0,
    "*Message*": 20.0,
    "*Object": 150.0,
}


def seconds_of(operations: Mapping[str, int]) -> tuple[float, int]:
    """Return what these calls would take by what is published, and how many of them nothing is published for."""
    seconds, unknown = 0.0, 0
    for operation, count in operations.items():
        found = next((one for pattern, one in _MILLISECONDS.items() if fnmatchcase(operation, pattern)), None)
        if found is None:
            unknown += count
        else:
            seconds += found / 1e3 * count
    return seconds, unknown
