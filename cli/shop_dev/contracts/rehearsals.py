"""Brings the services' rehearsals and the proofs of their contracts together: the one place that knows both."""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys
import traceback
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from shop_contracts.checking.proofs import Cast, Sent
from shop_contracts.tree.declared import Service
from shop_contracts.tree.finding import Finding, Group
from shop_kit import wire
from shop_kit.errors import Transient
from shop_kit.kafka.receiving import receive
from shop_kit.messages import OutgoingMessage
from shop_kit.rehearsal import Rehearsal

T = TypeVar("T")
_HEADERS = {"ce_id": "rehearsal", "ce_type": "rehearsal", "ce_source": "/rehearsal", "ce_sequence": "1"}


@contextmanager
def rehearsing(services: Sequence[Service], checkout: str) -> Iterator[tuple[dict[str, Cast], list[Finding]]]:
    """The services that can be rehearsed, by name, for as long as the block lasts; and what is wrong with those that cannot."""
    casts: dict[str, Cast] = {}
    faults: list[Finding] = []
    with asyncio.Runner() as runner, _importable(checkout), _quiet():
        for service in services:
            if service.rehearsal is None:
                continue
            try:
                rehearsal = _rehearsal(service.rehearsal)
                casts[service.name] = _listening(service.name, rehearsal, runner)
                casts[service.name] = replace(casts[service.name], sent=_sent_by(rehearsal, runner), speaks=True)
            except Exception as error:  # noqa: BLE001 - the service's own code: whatever it raises, the check goes on and tells
                faults.append(_broken(service, error, checkout))
        yield casts, faults


def _broken(service: Service, error: Exception, checkout: str) -> Finding:
    """Return the finding, at the line that was reached last of the service, else of the checkout, else at the manifest's."""
    home = Path(checkout, service.place.file).parent
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    chosen = [
        *(frame for frame in frames if _is_of(frame.filename, Path(checkout))),
        *(frame for frame in frames if _is_of(frame.filename, home)),
    ]
    reason = f"{type(error).__name__}: {error}".rstrip(". ")
    message = f"{service.rehearsal} of {service.name} does not run: {reason}."
    file, line = service.place.file, service.place.line
    if chosen:
        file, line = Path(chosen[-1].filename).relative_to(checkout).as_posix(), chosen[-1].lineno or 0
    return Finding(Group.CONSUMERS, "rehearsal-broken", file, line, message)


def _is_of(file: str, folder: Path) -> bool:
    """Return whether a file lies below a folder, and is no installed package's."""
    return Path(file).is_relative_to(folder) and "site-packages" not in file


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the services' log lines out of a check's output."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _importable(checkout: str) -> Iterator[None]:
    """A project's modules are found from its root as well."""
    sys.path.append(checkout)
    try:
        yield
    finally:
        sys.path.remove(checkout)


def _rehearsal(target: str) -> Rehearsal:
    module, _, function = target.partition(":")
    rehearsal = getattr(importlib.import_module(module), function)()
    if not isinstance(rehearsal, Rehearsal):
        raise TypeError(f"it returns a {type(rehearsal).__name__}, not a shop_kit.rehearsal.Rehearsal")
    return rehearsal


def _listening(name: str, rehearsal: Rehearsal, runner: asyncio.Runner) -> Cast:
    topics = frozenset(subscription.topic for subscription in rehearsal.hears(""))
    ears = _Ears(rehearsal, runner)
    return Cast(name, topics, ears, (), speaks=False, takes=frozenset(rehearsal.takes()), take=ears.take)


def _sent_by(rehearsal: Rehearsal, runner: asyncio.Runner) -> tuple[Sent, ...]:
    return tuple(_sent(message) for message in runner.run(_awaited(rehearsal.sends())))


async def _awaited(work: Awaitable[T]) -> T:
    return await work


def _sent(message: OutgoingMessage) -> Sent:
    """What a consumer would get: through the bytes of the wire."""
    _, _, content = wire.unframe(wire.frame(1, message.body))
    return Sent(message.topic, message.headers["ce_type"], content)


class _Ears:
    """Hands records to a service's real handlers, through the real wire format."""

    def __init__(self, rehearsal: Rehearsal, runner: asyncio.Runner) -> None:
        self._rehearsal = rehearsal
        self._runner = runner

    def __call__(self, kind: str, topic: str, path: Sequence[int], content: bytes) -> None:
        subscriptions: Mapping[str, Any] = {one.topic: one for one in self._rehearsal.hears(kind)}
        subscription = subscriptions[topic]
        value = wire.frame(1, wire.encode_path(tuple(path)) + content)
        received = receive(subscription, value=value, headers=_HEADERS, key=b"rehearsal")
        self._run(subscription.handle(received))

    def take(self, topic: str, content: Any) -> None:
        """Hand the content of a record in Avro or JSON Schema to its handler."""
        self._run(self._rehearsal.takes()[topic](content))

    def _run(self, handling: Awaitable[None]) -> None:
        try:
            self._runner.run(_awaited(handling))
        except Transient as error:
            raise RuntimeError(f"the rehearsal has no stand-in for {error}") from error
