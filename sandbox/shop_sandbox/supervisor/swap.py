"""The developer's own process in the place of a service: same ports, same environment, same consumer group."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from typing import Final

from shop_sandbox.engines.driver import ExecLaunch, ForkLaunch
from shop_sandbox.engines.external import ExternalHandle
from shop_sandbox.engines.handle import Host
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import Event, SandboxStopped
from shop_sandbox.supervisor.boot import Booted
from shop_sandbox.supervisor.fork_server.starting import NONCE_VARIABLE
from shop_sandbox.supervisor.protocol import ProcessDescription
from shop_sandbox.supervisor.resource_run import ResourceRun
from shop_sandbox.supervisor.start import Starts, Wish

_PORT_FREE_WITHIN_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05


class ExternalLaunch:
    """Start nothing, and let somebody else bind the ports. `has_begun` is set when the place is free."""

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()

    async def start(self, host: Host) -> ExternalHandle:
        host.let_bind()
        self.has_begun.set()
        return ExternalHandle()


def describe(booted: Booted, name: str) -> ProcessDescription:
    """Say how a resource's process is started. Raises SandboxError (RESOURCE_UNKNOWN, SWAP_REFUSED)."""
    booted.runs.closure((name,))
    run = booted.runs[name]
    launch = run.driver.launch(run.resource, booted.context.run)
    if run.resource.is_service and not isinstance(launch, ExecLaunch | ForkLaunch):
        raise SandboxError(
            ErrorCode.SWAP_REFUSED,
            f"{name} runs in a container, where others in containers find it: no process of this machine can take its place",
            actions=("shop-dev up --engine mixed: stores in containers, services as processes whose place yours can take",),
        )
    if not isinstance(launch, ExecLaunch | ForkLaunch) or not run.resource.is_service:
        raise SandboxError(
            ErrorCode.SWAP_REFUSED,
            f"{name} is no service whose place another process could take",
            actions=("name a service of a manifest",),
        )
    own = (sys.executable, "-m", "shop_sandbox.supervisor.call", launch.target) if isinstance(launch, ForkLaunch) else launch.argv
    return ProcessDescription(
        resource=name,
        environment={key: value for key, value in launch.environment.items() if key != NONCE_VARIABLE},
        cwd=str(launch.cwd),
        argv=own,
        ports={key: booted.context.ports.numbers[key] for key in run.resource.ports},
    )


async def swap(
    booted: Booted, starts: Starts, name: str, *, timeout_seconds: float
) -> AsyncGenerator[ProcessDescription | Event, None]:
    """Make room for another process; gives how to start it, then what becomes of the resource. Closing the iterator swaps back.

    Raises SandboxError (RESOURCE_UNKNOWN, SWAP_REFUSED, START_TIMED_OUT).
    """
    description = describe(booted, name)
    run = booted.runs[name]
    if run.instead is not None:
        raise SandboxError(ErrorCode.SWAP_REFUSED, f"another process is in the place of {name} already", retryable=True)
    place = ExternalLaunch()
    run.instead = place
    try:
        starts.decide(Wish(again=frozenset({name}), reason="another process takes its place"))
        await _until_free(place, run, timeout_seconds)
        with booted.context.announcements.subscribe(replay=False) as events:
            yield description
            async for event in events:
                if getattr(event, "resource", None) == name or isinstance(event, SandboxStopped):
                    yield event
                if isinstance(event, SandboxStopped):
                    return
    finally:
        run.instead = None
        if not booted.context.condition.is_stopping:
            booted.context.side_tasks.begin(_swap_back(booted, starts, run))


async def _until_free(place: ExternalLaunch, run: ResourceRun, seconds: float) -> None:
    try:
        await asyncio.wait_for(place.has_begun.wait(), seconds)
    except TimeoutError as error:
        raise SandboxError(
            ErrorCode.START_TIMED_OUT,
            f"the place of {run.name} is not free after {seconds:g} s: it is {run.state}"
            + (f" ({run.reason})" if run.reason else ""),
            retryable=True,
        ) from error


async def _swap_back(booted: Booted, starts: Starts, run: ResourceRun) -> None:
    """Start the resource itself again, once the other process has left its ports."""
    await run.stop(reason="the other process has gone")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PORT_FREE_WITHIN_SECONDS
    while not booted.context.ports.are_free(run.resource.ports) and loop.time() < deadline:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(_POLL_SECONDS)
    starts.decide(Wish(names=(run.name,)))
