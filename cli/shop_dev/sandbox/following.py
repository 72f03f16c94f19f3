"""Following what a request to the sandbox sets off, to its end."""

from __future__ import annotations

from collections.abc import Iterable

from shop_sandbox.errors import ErrorCode
from shop_sandbox.events import AnyEvent, SandboxFailed, SandboxReady, SandboxStopped

from shop_dev.errors import Failed, Failure
from shop_dev.output.sinks import Sink


def until_ready(events: Iterable[AnyEvent], sink: Sink) -> SandboxReady:
    """Follow a start to its end. Raises Failed where something does not become ready, or the sandbox is stopped meanwhile."""
    for event in events:
        sink.announce(event)
        match event:
            case SandboxReady():
                return event
            case SandboxFailed():
                raise Failed(Failure.from_error(event))
            case SandboxStopped():
                break
            case _:
                pass
    raise Failed(
        Failure.told(
            ErrorCode.INTERRUPTED,
            "The sandbox was stopped by somebody else while it started.",
            actions=("shop-dev up",),
            retryable=True,
        )
    )
