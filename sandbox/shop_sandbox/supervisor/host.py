"""What the supervisor offers to the launch of one resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shop_sandbox.engines.handle import Handle, Launch, Output, ProcessLaunch
from shop_sandbox.resources.limits import NO_LIMITS, Limits
from shop_sandbox.supervisor.ledger import Foreign
from shop_sandbox.supervisor.ports import Ports
from shop_sandbox.supervisor.processes import Processes


@dataclass(frozen=True)
class SupervisorHost:
    """The means to start something for `name`: a resource, or its work in the background, which has no ports."""

    name: str
    ports: tuple[str, ...]
    output: Output
    processes: Processes
    held: Ports
    low_priority: bool = False
    limits: Limits = NO_LIMITS

    @property
    def resource(self) -> str:
        return self.name

    async def start_process(self, launch: ProcessLaunch, *, hand_over: str | None = None) -> Handle:
        self.held.take_back(self.ports)
        self.held.release_for_use(key for key in self.ports if key != hand_over)
        return await self.processes.start(
            self.name,
            launch,
            self.output,
            ports=tuple(self.held.numbers[key] for key in self.ports),
            listener=self.held.listener(hand_over) if hand_over is not None else None,
            low_priority=self.low_priority,
            limits=self.limits,
        )

    def record(self, sweeper: str, proof: Mapping[str, str]) -> None:
        self.processes.record_foreign(Foreign(resource=self.name, sweeper=sweeper, proof=dict(proof)))

    def let_bind(self) -> None:
        self.held.give_away(self.ports)


async def bring_to_life(launch: Launch, host: SupervisorHost) -> Handle:
    """Start what a launch describes; when it has ended it is struck out of the ledger."""
    handle = await launch.start(host)
    handle.ended.add_done_callback(lambda _: host.processes.forget_foreign(host.name))
    return handle
