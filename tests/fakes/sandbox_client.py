"""A sandbox for tests of the command line: it says what it was told to say, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field

from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import AnyEvent, ResourceState, SandboxStopped
from shop_sandbox.supervisor.protocol import ProcessDescription, ResourceStatus, SandboxState, SandboxStatus

Script = Sequence[AnyEvent | BaseException]


@dataclass
class FakeSandboxClient:
    """Answers each request with its script; an exception in it is raised when its turn comes (KeyboardInterrupt: a Ctrl-C)."""

    attached: bool = False
    up_script: Script = ()
    follow_script: Script = ()
    restart_script: Script = ()
    stop_script: Script = ()
    events_script: Script = ()
    down_script: Script = (SandboxStopped(at=4e9, seconds=0.4),)
    forced_down_script: Script = (SandboxStopped(at=4e9, seconds=0.1),)
    reported: SandboxStatus | None = None
    described: ProcessDescription | None = None
    reports: list[SandboxStatus | SandboxError] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    terms: dict[str, object] = field(default_factory=dict)

    def up(self, resources: tuple[str, ...] = (), **terms: object) -> Iterator[AnyEvent]:
        self.terms = terms
        return self._play(" ".join(("up", *resources)), self.up_script)

    def follow(self) -> Iterator[AnyEvent]:
        return self._play("follow", self.follow_script)

    def restart(self, *names: str, timeout_seconds: float | None = None) -> Iterator[AnyEvent]:
        del timeout_seconds
        return self._play(f"restart {' '.join(names)}", self.restart_script)

    def down(self, *, purge: bool = False, force: bool = False) -> Iterator[AnyEvent]:
        asked = " ".join(word for word in ("down", "purge" if purge else "", "force" if force else "") if word)
        return self._play(asked, self.forced_down_script if force else self.down_script)

    def stop(self, *names: str, dependents: bool = False) -> Iterator[AnyEvent]:
        return self._play(" ".join(("stop", *names, *(("dependents",) if dependents else ()))), self.stop_script)

    def events(self, *, since: float = 0.0, follow: bool = False) -> Iterator[AnyEvent]:
        return self._play(f"events since {since:g}{' follow' if follow else ''}", self.events_script)

    def describe(self, name: str) -> ProcessDescription:
        self.asked.append(f"describe {name}")
        return self._described(name)

    def swap(self, name: str, *, timeout_seconds: float = 60.0) -> Generator[ProcessDescription | AnyEvent, None, None]:
        del timeout_seconds
        self.asked.append(f"swap {name}")
        try:
            yield self._described(name)
        finally:
            self.asked.append("swapped back")

    def _described(self, name: str) -> ProcessDescription:
        if self.described is None:
            raise SandboxError(ErrorCode.RESOURCE_UNKNOWN, f"There is no resource {name!r}.")
        return self.described

    def status(self, *, memory: bool = True) -> SandboxStatus:
        """What is reported now; each entry of `reports` is given once before."""
        self.asked.append("status" if memory else "status without memory")
        report = self.reports.pop(0) if self.reports else self.reported
        if report is None:
            raise SandboxError(ErrorCode.SUPERVISOR_UNREACHABLE, "The supervisor does not answer.")
        if isinstance(report, SandboxError):
            raise report
        return report

    def _play(self, asked: str, script: Script) -> Iterator[AnyEvent]:
        self.asked.append(asked)
        for event in script:
            if isinstance(event, BaseException):
                raise event
            yield event


def resource_status(name: str, state: ResourceState = ResourceState.READY, **facts: object) -> ResourceStatus:
    """A resource as `status` reports it."""
    given: dict[str, object] = {
        "kind": "service",
        "needs": (),
        "ports": {},
        "endpoint": None,
        "log_path": f"logs/{name}.log",
        **facts,
    }
    return ResourceStatus(name=name, state=state, **given)  # type: ignore[arg-type]  # facts are the struct's own fields


def sandbox_status(*resources: ResourceStatus, **facts: object) -> SandboxStatus:
    """A sandbox as `status` reports it."""
    given: dict[str, object] = {
        "name": "default",
        "checkout": "shop",
        "state": SandboxState.READY,
        "supervisor_pid": 4100,
        "started_at": 1_000.0,
        "generation": 1,
        "endpoints": {},
        "ports": {},
        "environment": {},
        "failure": None,
        "warnings": (),
        "supervisor_pss_bytes": 20 * 2**20,
        "total_pss_bytes": 420 * 2**20,
        **facts,
    }
    return SandboxStatus(resources=resources, **given)  # type: ignore[arg-type]  # as above
