"""Addresses in Kafka's answers are rewritten in every version, and nothing else is."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as some
from shop_sandbox.chaos.kafka.answers import NEVER_OFFERED, NEWEST_KNOWN, rewritten
from shop_sandbox.chaos.kafka.requests import Api, request_of, with_correlation
from shop_sandbox.chaos.kafka.wire import as_varint


def _here(host: str, port: int) -> tuple[str, int]:
    return f"here-{host}", port + 1


def _string(text: str | None, *, flexible: bool) -> bytes:
    encoded = (text or "").encode()
    if flexible:
        return as_varint(0 if text is None else len(encoded) + 1) + encoded
    return struct.pack(">h", -1 if text is None else len(encoded)) + encoded


def _count(number: int, *, flexible: bool) -> bytes:
    return as_varint(number + 1) if flexible else struct.pack(">i", number)


def _metadata(version: int, brokers: list[tuple[str, int]], rest: bytes) -> bytes:
    flexible = version >= 9
    tags = b"\0" if flexible else b""
    answer = struct.pack(">i", 7) + tags + (struct.pack(">i", 0) if version >= 3 else b"") + _count(len(brokers), flexible=flexible)
    for number, (host, port) in enumerate(brokers):
        rack = _string("rack" if number % 2 else None, flexible=flexible) if version >= 1 else b""
        answer += struct.pack(">i", number) + _string(host, flexible=flexible) + struct.pack(">i", port) + rack + tags
    return answer + rest


@given(
    version=some.integers(0, NEWEST_KNOWN[Api.METADATA]),
    brokers=some.lists(some.tuples(some.text(max_size=200), some.integers(0, 65_000)), max_size=150),
    rest=some.binary(max_size=50),
)
def test_metadata(version: int, brokers: list[tuple[str, int]], rest: bytes) -> None:
    answer = _metadata(version, brokers, rest)

    assert rewritten(answer, Api.METADATA, version, _here) == _metadata(version, [_here(*one) for one in brokers], rest)


def _coordinator(version: int, host: str, port: int) -> bytes:
    flexible = version >= 3
    address = struct.pack(">i", 1) + _string(host, flexible=flexible) + struct.pack(">i", port)
    if version >= 4:
        one = _string("group", flexible=True) + address + struct.pack(">h", 0) + _string(None, flexible=True) + b"\0"
        return struct.pack(">i", 7) + b"\0" + struct.pack(">i", 0) + as_varint(2) + one + b"\0"
    throttle, message = (struct.pack(">i", 0), _string("", flexible=flexible)) if version >= 1 else (b"", b"")
    tags = b"\0" if flexible else b""
    return struct.pack(">i", 7) + tags + throttle + struct.pack(">h", 0) + message + address + tags


@pytest.mark.parametrize("version", range(NEWEST_KNOWN[Api.FIND_COORDINATOR] + 1))
def test_find_coordinator(version: int) -> None:
    assert rewritten(_coordinator(version, "kafka", 9092), Api.FIND_COORDINATOR, version, _here) == _coordinator(
        version, "here-kafka", 9093
    )
    nobody = _coordinator(version, "", -1)
    assert rewritten(nobody, Api.FIND_COORDINATOR, version, _here) == nobody


@pytest.mark.parametrize("version", [0, 3])
def test_no_newer_version_is_offered_than_is_understood(version: int) -> None:
    flexible = version >= 3
    tags = b"\0" if flexible else b""

    def answer(newest: int, keys: list[int]) -> bytes:
        each = b"".join(struct.pack(">hhh", key, 0, min(newest, NEWEST_KNOWN.get(key, newest))) + tags for key in keys)
        return struct.pack(">ih", 7, 0) + _count(len(keys), flexible=flexible) + each + b"rest"

    keys = [*NEWEST_KNOWN, 22, *NEVER_OFFERED]
    raw = struct.pack(">ih", 7, 0) + _count(len(keys), flexible=flexible)
    raw += b"".join(struct.pack(">hhh", key, 0, 99) + tags for key in keys) + b"rest"

    assert rewritten(raw, Api.API_VERSIONS, version, _here) == answer(99, [key for key in keys if key not in NEVER_OFFERED])


def test_a_broker_that_knows_no_such_version_answers_in_the_oldest_form() -> None:
    raw = struct.pack(">ih", 7, 35) + struct.pack(">i", 1) + struct.pack(">hhh", Api.METADATA, 0, 99)

    assert rewritten(raw, Api.API_VERSIONS, 4, _here)[-2:] == struct.pack(">h", NEWEST_KNOWN[Api.METADATA])


def test_an_answer_that_is_cut_short_is_an_error() -> None:
    with pytest.raises(ValueError, match="ends before its time"):
        rewritten(_metadata(9, [("kafka", 9092)], b"")[:-5], Api.METADATA, 9, _here)


@pytest.mark.parametrize(("version", "acks", "wanted"), [(2, 0, False), (2, 1, True), (8, -1, True), (9, 0, False), (9, -1, True)])
def test_a_produce_request_says_whether_it_wants_an_answer(version: int, acks: int, wanted: bool) -> None:
    flexible = version >= 9
    header = struct.pack(">hhi", Api.PRODUCE, version, 7) + _string("client", flexible=False) + (b"\0" if flexible else b"")
    transactional = _string(None, flexible=flexible) if version >= 3 else b""
    frame = header + transactional + struct.pack(">h", acks) + b"rest"

    assert request_of(frame).wants_answer is wanted
    assert request_of(with_correlation(frame, -3)).correlation == -3
