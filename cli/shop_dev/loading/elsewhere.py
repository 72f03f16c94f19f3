"""Load by workers on other machines: `load --expect-workers N --bind ADDR` there, `load worker --join ADDR` here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
from shop_loadtests.plan import Source
from shop_loadtests.remote import JoinFailed, joined, work
from shop_loadtests.run import GeneratorLost, Measured, joined_crew

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.loading.derived import PACKAGE
from shop_dev.loading.run import Load
from shop_dev.loading.target import allowed_target

DEFAULT_PORT = 5557
JOIN_WITHIN_SECONDS = 300.0


@dataclass
class LoadByWorkers(Load):
    """A run whose visits are made by workers that join over the network."""

    bind: tuple[str, int] = ("127.0.0.1", DEFAULT_PORT)
    told: Callable[[str], None] = field(default=lambda _: None)

    def measuring(self) -> Iterator[Measured]:
        """Wait for the workers and let them make the visits. Raises ShopDevError (load_broken, workers_missing)."""
        try:
            with (
                joined(self.bind, self.workers, within_seconds=JOIN_WITHIN_SECONDS, told=self.told) as lines,
                joined_crew(
                    self.profile, target=self.target, source=self.source, data=self.data, workers=lines, users=self.users
                ) as crew,
            ):
                for measured in crew.visits(self.seed):
                    self.measured = measured
                    yield measured
        except GeneratorLost as error:
            raise ShopDevError(CliCode.LOAD_BROKEN, f"{error}: nothing of this run is believed.") from error
        except (JoinFailed, OSError) as error:
            raise ShopDevError(CliCode.WORKERS_MISSING, f"{self.bind[0]}:{self.bind[1]}: {error}") from error


def by_workers(load: Load, expected: int | None, bind: str, told: Callable[[str], None]) -> Load:
    """Return the run by as many workers as are expected; the same where none are. Raises ShopDevError (usage_invalid)."""
    if expected is None:
        return load
    return LoadByWorkers(
        load.profile,
        load.target,
        load.source,
        load.data,
        seed=load.seed,
        workers=expected,
        users=load.users,
        bind=address(bind),
        told=told,
    )


def address(text: str) -> tuple[str, int]:
    """Read HOST:PORT, or a host alone. Raises ShopDevError (usage_invalid)."""
    host, colon, port = text.rpartition(":")
    if not colon:
        return text, DEFAULT_PORT
    if not host or not port.isdigit():
        raise ShopDevError(CliCode.USAGE_INVALID, f"{text!r} is no address.", actions=(f"HOST:{DEFAULT_PORT}",))
    return host, int(port)


def work_for(master: str, own: Source | None, *, is_mine: bool) -> None:
    """Join a master and make its visits. Raises ShopDevError (workers_missing, target_refused, usage_invalid)."""
    place = address(master)
    try:
        work(place, own or Source(PACKAGE), allows=lambda url: _allowed(url, is_mine=is_mine))
    except (JoinFailed, OSError, msgspec.MsgspecError) as error:
        raise ShopDevError(CliCode.WORKERS_MISSING, f"{place[0]}:{place[1]}: {error}") from error


def _allowed(url: str, *, is_mine: bool) -> None:
    allowed_target(url, is_mine=is_mine)
