"""Reading logs that are there: all of it, from a time on, or the newest records."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from shop_sandbox.logs.files import Stretch, last_of, open_log, unreadable
from shop_sandbox.logs.record import LogRecord, records
from shop_sandbox.paths import SandboxPaths

Keep = Callable[[LogRecord], bool]
_FIRST_LOOK_BYTES = 1 << 16


def read(
    paths: SandboxPaths,
    *,
    resources: Iterable[str] = (),
    since: float | None = None,
    newest: int | None = None,
    keep: Keep | None = None,
) -> Iterator[LogRecord]:
    """Give whole records, oldest first across resources: of all resources or the named ones.

    `since` is seconds since the epoch; `newest` bounds the records of each resource; `keep` chooses among them. What lies before is
    not read. The files are opened before this returns. Raises SandboxError (LOG_UNREADABLE).
    """
    opened = ExitStack()
    try:
        logs = {name: open_log(path, opened) for name, path in logs_of(paths, tuple(resources)).items()}
    except BaseException:
        opened.close()
        raise
    return _read(logs, opened, since=since, newest=newest, keep=keep)


def _read(
    logs: Mapping[str, Sequence[Stretch]], opened: ExitStack, *, since: float | None, newest: int | None, keep: Keep | None
) -> Iterator[LogRecord]:
    with opened:
        yield from merged(logs, since=since, newest=newest, keep=keep)


def merged(
    logs: Mapping[str, Sequence[Stretch]], *, since: float | None, newest: int | None, keep: Keep | None
) -> Iterator[LogRecord]:
    """Give the records of open logs in the order of time."""
    each = [_of_one(name, stretches, since=since, newest=newest, keep=keep) for name, stretches in logs.items()]
    return heapq.merge(*each, key=lambda record: record.at)


def logs_of(paths: SandboxPaths, resources: tuple[str, ...]) -> dict[str, Path]:
    """Return the newest file of each resource, of those named or of all that have ever logged."""
    if resources:
        return {name: paths.log(name) for name in resources}
    names = {path.name.rpartition(".log")[0] for path in paths.logs.glob("*.log*")} if paths.logs.is_dir() else set()
    return {name: paths.log(name) for name in sorted(names)}


def _of_one(
    resource: str, stretches: Sequence[Stretch], *, since: float | None, newest: int | None, keep: Keep | None
) -> Iterator[LogRecord]:
    chosen = stretches if since is None else [stretch.since(since) for stretch in stretches]
    found = _newest(resource, chosen, newest, since, keep) if newest is not None else _kept(resource, chosen, since, keep)
    try:
        yield from found
    except OSError as error:
        raise unreadable(Path(stretches[-1].file.name), error) from error


def _kept(resource: str, stretches: Sequence[Stretch], since: float | None, keep: Keep | None) -> Iterator[LogRecord]:
    lines = (line for stretch in stretches for line in stretch.lines())
    unstamped_at = stretches[-1].changed_at if stretches else 0.0
    for record in records(lines, resource, unstamped_at=unstamped_at):
        if (since is None or record.at >= since) and (keep is None or keep(record)):
            yield record


def _newest(resource: str, stretches: Sequence[Stretch], count: int, since: float | None, keep: Keep | None) -> Iterable[LogRecord]:
    """Give the last `count` records: looks at ever more of the end, until there is one more, which may have been cut."""
    whole = sum(stretch.end - stretch.begin for stretch in stretches)
    size = _FIRST_LOOK_BYTES
    while True:
        found = deque(_kept(resource, last_of(stretches, size), since, keep), maxlen=count + 1)
        if len(found) > count:
            found.popleft()
            return found
        if size >= whole:
            return found
        size *= 4
