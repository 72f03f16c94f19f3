"""What the processes of a sandbox use while it is loaded."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from shop_loadtests.profile import Behind
from shop_sandbox.errors import SandboxError
from shop_sandbox.supervisor.protocol import ResourceStatus

from shop_dev.errors import ShopDevError

EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Used:
    """What a process used at a moment: seconds since the begin, bytes (proportional), processors; None at the first look."""

    at: float
    pss_bytes: int
    cpus: float | None


@dataclass
class Resources:
    """What was used so far, by name of the resource."""

    used: dict[str, list[Used]] = field(default_factory=lambda: defaultdict(list))
    behind: Behind | None = None
    """The farthest that consumers of events were behind at a look; None where nobody looked."""

    def growth(self, name: str) -> float | None:
        """How much larger a process is at the end than a quarter into the run, as a share; None where too little was seen."""
        seen = self.used.get(name, [])
        early = seen[len(seen) // 4 :]
        if len(early) < 4 or not early[0].pss_bytes:
            return None
        return early[-1].pss_bytes / early[0].pss_bytes - 1


Look = Callable[[], Sequence[ResourceStatus]]
LookBehind = Callable[[], Behind]


@contextmanager
def watched(look: Look, *, look_behind: LookBehind | None = None, every: float = EVERY_SECONDS) -> Iterator[Resources]:
    """Look every few seconds, in the background, as long as the block lasts. A sandbox that does not answer has no figures then."""
    resources, is_over = Resources(), threading.Event()
    thread = threading.Thread(target=_watch, args=(look, look_behind, every, resources, is_over), daemon=True)
    thread.start()
    try:
        yield resources
    finally:
        is_over.set()
        thread.join()


@contextmanager
def nothing_watched() -> Iterator[Resources]:
    """Look at nothing: what is loaded is no sandbox of ours."""
    yield Resources()


def _watch(look: Look, look_behind: LookBehind | None, every: float, resources: Resources, is_over: threading.Event) -> None:
    began = time.monotonic()
    while True:
        try:
            for one in look():
                if one.pss_bytes is not None:
                    resources.used[one.name].append(Used(time.monotonic() - began, one.pss_bytes, one.cpus))
            if look_behind is not None:
                seen = look_behind()
                resources.behind = seen if resources.behind is None else resources.behind.worst(seen)
        except (SandboxError, ShopDevError):
            pass  # it is busy, or was stopped: the visits say what that means
        if is_over.wait(every):
            return
