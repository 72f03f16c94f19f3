"""Takes up what is due, for as long as a service runs: timers that ran out, requests that nobody finished.

Each one is taken up by itself, in a transaction of its own. One that cannot be taken up is passed by and tried again ever later;
it stops none of the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from shop_kit import context
from shop_kit.clock import Clock
from shop_kit.errors import Transient

_log = logging.getLogger(__name__)

K = TypeVar("K", bound=object)
AT_ONCE = 8
FIRST_PUT_OFF_SECONDS, LONGEST_PUT_OFF_SECONDS = 2.0, 300.0


@dataclass(frozen=True, slots=True)
class _PutOff:
    until: float
    seconds: float


_NEVER = _PutOff(0.0, 0.0)


class Sweeper(Generic[K]):
    """Takes up all that is due.

    `due` gives the keys of what is due now, page after page until there is no more; `take_up` reads one and does what is to be
    done, or nothing when it was done meanwhile. Up to `at_once` are taken up side by side.
    """

    def __init__(
        self,
        name: str,
        *,
        due: Callable[[], AsyncIterator[K]],
        take_up: Callable[[K], Awaitable[object]],
        clock: Clock,
        at_once: int = AT_ONCE,
    ) -> None:
        self._name = name
        self._due = due
        self._take_up = take_up
        self._clock = clock
        self._at_once = at_once
        self._put_off: dict[K, _PutOff] = {}

    async def sweep(self) -> int:
        """Take up all that is due. Returns how many were. Raises what `due` raises."""
        taken_up = 0
        seen: set[K] = set()
        batch: list[K] = []
        with context.bind(correlation_id=f"sweep-{context.new_id()}"):
            async for key in self._due():
                seen.add(key)
                if self._clock.now() >= self._put_off.get(key, _NEVER).until:
                    batch.append(key)
                if len(batch) == self._at_once:
                    taken_up += await self._take_up_all(batch)
                    batch.clear()
            taken_up += await self._take_up_all(batch)
        self._put_off = {key: one for key, one in self._put_off.items() if key in seen}
        if taken_up:
            _log.info("taken up", extra={"work": self._name, "count": taken_up})
        return taken_up

    async def _take_up_all(self, keys: list[K]) -> int:
        return sum(await asyncio.gather(*map(self._take_up_one, keys)))

    async def _take_up_one(self, key: K) -> bool:
        try:
            await self._take_up(key)
        except Transient as error:
            # It passes by itself, and soon: no reason to come back ever later.
            self._put_off[key] = _PutOff(self._clock.now() + FIRST_PUT_OFF_SECONDS, FIRST_PUT_OFF_SECONDS)
            _log.warning("put off", extra={"work": self._name, "key": str(key), "reason": str(error)})
            return False
        except Exception:  # noqa: BLE001 - the edge of a worker: one that cannot be read must not stop the others
            seconds = min(max(FIRST_PUT_OFF_SECONDS, self._put_off.get(key, _NEVER).seconds * 2), LONGEST_PUT_OFF_SECONDS)
            self._put_off[key] = _PutOff(self._clock.now() + seconds, seconds)
            _log.exception("passed by", extra={"work": self._name, "key": str(key), "again_in_seconds": seconds})
            return False
        return True
