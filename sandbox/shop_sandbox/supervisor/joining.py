"""Services of other checkouts in this sandbox: they come with `up --join` over there, and leave with `down`."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import Event, SandboxFailed
from shop_sandbox.supervisor.boot import Booted
from shop_sandbox.supervisor.protocol import Join
from shop_sandbox.supervisor.reload import Reload
from shop_sandbox.supervisor.settings import Guest
from shop_sandbox.supervisor.start import Starts, Wish

_LOOK_AGAIN_SECONDS = 0.2


@dataclass(frozen=True)
class Household:
    """What a guest comes into."""

    booted: Booted
    reload: Reload
    starts: Starts

    @property
    def guests(self) -> list[Guest]:
        return self.reload.settings.guests

    def without(self, checkout: str) -> list[Guest]:
        """Return the other guests."""
        return [guest for guest in self.guests if guest.checkout != checkout]


async def join(household: Household, request: Join) -> AsyncGenerator[Event, None]:
    """Start a guest's services beside what runs, once that has started; the last event is SandboxReady or SandboxFailed.

    Raises SandboxError (JOIN_REFUSED, INTERRUPTED, MANIFEST_INVALID, PORT_TAKEN, RESOURCE_UNKNOWN); nothing has changed then.
    """
    guest, settings = request.guest, household.reload.settings
    if settings.lease is not None:
        raise SandboxError(ErrorCode.JOIN_REFUSED, f"sandbox {settings.name} is leased: it keeps to what it was started with")
    await _until_started(household.booted)
    before = list(household.guests)
    again = await household.reload.with_guests([*household.without(guest.checkout), guest], reason="its manifest is gone")
    household.booted.context.run.guests_variables[Path(guest.checkout)] = guest.shell_variables
    wish = Wish(
        names=request.resources or tuple(guest.services),
        without=frozenset(request.without),
        again=again,
        reason=f"{guest.checkout} joined",
        timeout_seconds=request.timeout_seconds or settings.start_timeout_seconds,
        atomic=request.atomic,
    )
    try:
        start = household.starts.begin(wish)
    except SandboxError:
        await household.reload.with_guests(before, reason="its checkout could not join")
        raise
    last: Event | None = None
    async with contextlib.aclosing(start.events()) as events:
        async for last in events:
            if not isinstance(last, SandboxFailed):
                yield last
    if isinstance(last, SandboxFailed):
        if request.atomic:
            await household.reload.with_guests(before, reason="its checkout could not join")
        yield last


async def leave(household: Household, checkout: str) -> AsyncGenerator[Event, None]:
    """Stop what runs for a guest alone; gives the events of that. Raises SandboxError (JOIN_REFUSED)."""
    guest = next((one for one in household.guests if one.checkout == checkout), None)
    if guest is None:
        raise SandboxError(ErrorCode.JOIN_REFUSED, f"{checkout} has not joined sandbox {household.reload.settings.name}")
    runs = household.booted.runs
    with household.booted.context.announcements.subscribe(replay=False) as events:
        there = set(runs)
        try:
            await household.reload.with_guests(household.without(checkout), reason="its checkout has left")
        except SandboxError:  # manifests of others are broken just now: what is left is compared when they are mended
            household.reload.forget_guest(checkout)
            runs.wanted -= set(guest.services)
            await runs.stop(guest.services, reason="its checkout has left")
            there = {*runs, *guest.services}
        gone = there - runs.wanted
        for event in events.waiting():
            if getattr(event, "resource", None) in gone:
                yield event


async def _until_started(booted: Booted) -> None:
    """Wait for the end of the sandbox's own start. Raises SandboxError (INTERRUPTED) where it stops."""
    condition = booted.context.condition
    while not condition.has_started and not condition.is_stopping:
        await booted.context.changes.next(within_seconds=_LOOK_AGAIN_SECONDS)
    if condition.is_stopping:
        raise SandboxError(ErrorCode.INTERRUPTED, "the sandbox is being stopped", retryable=True)
