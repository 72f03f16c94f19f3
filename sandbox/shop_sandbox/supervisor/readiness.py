"""Whether one resource does its real work: asked often until it does, then now and then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from shop_sandbox.engines.driver import Driver
from shop_sandbox.engines.handle import Exit
from shop_sandbox.errors import SandboxError
from shop_sandbox.events import ProbeFailed
from shop_sandbox.health.not_ready import NotAlive, NotReady
from shop_sandbox.resources.model import Resource
from shop_sandbox.supervisor.context import SandboxContext
from shop_sandbox.supervisor.silence import Silence

PROBE_SECONDS: Final = 0.05
PROBE_WHEN_READY_SECONDS: Final = 5.0
PROBE_AGAIN_SECONDS: Final = 0.5
"""A ready resource counts as not ready any more after two failed probes this far apart: one may have met a garbage collection."""
_SAME_NEWS_SECONDS: Final = 5.0


class Readiness:
    """The probing of one resource during one life."""

    def __init__(self, resource: Resource, driver: Driver, context: SandboxContext) -> None:
        self._resource = resource
        self._driver = driver
        self._context = context
        self._told: dict[str, float] = {}
        self._is_silent = False
        self.last_error: str | None = None

    async def until_ready(self, ended: asyncio.Future[Exit]) -> Exit | None:
        """Probe until ready (None) or until the process has ended, whichever is first. Raises SandboxError when it holds other
        data."""
        while True:
            reason = await self._probe(ended, and_identity=True)
            if ended.done():
                return ended.result()
            if reason is None:
                return None
            await asyncio.wait({ended}, timeout=PROBE_SECONDS)

    async def while_ready(
        self, ended: asyncio.Future[Exit], *, silence: Silence, on_change: Callable[[bool, str], None]
    ) -> Exit | None:
        """Probe on, slowly, until the process has ended, or hangs (None): then it is to be ended. `on_change` hears when it is not
        ready any more, and when it is again."""
        failed = 0
        while not ended.done():
            await asyncio.wait({ended}, timeout=PROBE_AGAIN_SECONDS if failed else PROBE_WHEN_READY_SECONDS)
            if ended.done():
                break
            reason = await self._probe(ended)
            was_ready = failed < 2
            failed = 0 if reason is None else failed + 1
            silence.goes_on() if self._is_silent else silence.broken()
            if silence.is_hanging and not ended.done():
                return None
            if failed == 2:
                on_change(False, f"not ready any more: {reason}")
            elif reason is None and not was_ready:
                on_change(True, "ready again")
        return ended.result()

    async def _probe(self, ended: asyncio.Future[Exit], *, and_identity: bool = False) -> str | None:
        """Give why it is not ready. Returns at once when the process ends meanwhile."""
        probe = asyncio.ensure_future(asyncio.to_thread(self._probe_once, and_identity=and_identity))
        either: set[asyncio.Future[Any]] = {probe, ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not probe.done():
            probe.add_done_callback(look_at)
            return "ended"
        reason = probe.result()
        if reason is not None and reason != self.last_error:
            self._tell(reason)
        self.last_error = reason
        return reason

    def _tell(self, reason: str) -> None:
        """Tell a new reason; one that was told a moment ago and comes back is no news."""
        now = time.monotonic()
        if now - self._told.get(reason, -_SAME_NEWS_SECONDS) >= _SAME_NEWS_SECONDS:
            self._told[reason] = now
            self._context.announcements.announce(ProbeFailed(at=time.time(), resource=self._resource.name, reason=reason))

    def _probe_once(self, *, and_identity: bool) -> str | None:
        self._is_silent = False
        try:
            self._driver.probe(self._resource, self._context.run)
            if and_identity:
                self._context.identity.check(self._resource, self._driver, self._context.run)
        except NotReady as error:
            self._is_silent = isinstance(error, NotAlive)
            return str(error)
        except SandboxError:
            raise
        except Exception as error:  # noqa: BLE001 - a faulty probe is a reason not to be ready, which is shown
            return f"the probe itself fails: {type(error).__name__}: {error}"
        return None


def look_at(task: asyncio.Future[Any]) -> None:
    """Take the outcome of something nobody waits for any more, so that asyncio does not report it as forgotten."""
    if not task.cancelled():
        task.exception()
