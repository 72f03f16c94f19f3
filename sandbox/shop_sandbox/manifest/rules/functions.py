"""Functions and their triggers: what Lambda would refuse, and things that must be there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from shop_sandbox.manifest.faults import Path, did_you_mean
from shop_sandbox.manifest.form import (
    BucketTrigger,
    Function,
    QueueTrigger,
    ScheduleTrigger,
    TableTrigger,
    TopicTrigger,
    Trigger,
)
from shop_sandbox.manifest.rules.view import Finding, View


def _functions(view: View) -> Iterator[Finding]:
    for position, function in enumerate(view.service.functions):
        place: Path = ("functions", position)
        yield from _package(view, place, function)
        for number, trigger in enumerate(function.triggers):
            yield from _trigger(view, (*place, "triggers", number), function, trigger)


def _package(view: View, place: Path, function: Function) -> Iterator[Finding]:
    """A package is there or is made; without one the function is checked, and runs in AWS only."""
    if function.package is None:
        if function.build is not None:
            yield (*place, "build"), "makes a package, and none is named", "name it: `package: dist/function.zip`"
        return
    made = [posixpath.normpath(one) for one in function.build.outputs] if function.build else []
    if function.build and posixpath.normpath(function.package) not in made:
        yield (*place, "package"), f"`build.outputs` does not list {function.package!r}", "list it there"
    elif not function.build and not (view.folder / function.package).is_file():
        hint = "make it, or say under `build` how it is made; the path is relative to the folder of service.yaml"
        yield (*place, "package"), f"there is no file {function.package!r}", hint


def _trigger(view: View, place: Path, function: Function, trigger: Trigger) -> Iterator[Finding]:
    match trigger:
        case QueueTrigger():
            yield from _queue(view, place, function, trigger)
        case TopicTrigger():
            consumed = {topic.name for topic in view.service.needs.topics.consumes}
            if trigger.topic not in consumed:
                hint = did_you_mean(trigger.topic, consumed) if consumed else "declare it under needs.topics.consumes, with a group"
                yield (*place, "topic"), f"the service does not consume the topic {trigger.topic!r}", hint
        case TableTrigger():
            yield from _table(view, place, trigger)
        case BucketTrigger():
            mine = {bucket.name for bucket in view.service.needs.buckets}
            if trigger.bucket not in mine:
                hint = did_you_mean(trigger.bucket, mine) or "declare it under needs.buckets"
                yield (*place, "bucket"), f"the service has no bucket {trigger.bucket!r}", hint
        case ScheduleTrigger():
            yield from _schedule(place, trigger)
        case _:
            pass  # routes are looked at together, in `deployment`


def _queue(view: View, place: Path, function: Function, trigger: QueueTrigger) -> Iterator[Finding]:
    """Lambda, "Using Lambda with Amazon SQS": sizes of batches, and how long a message must stay hidden."""
    queues = {queue.name: queue for queue in view.service.needs.queues}
    queue = queues.get(trigger.queue)
    if queue is None:
        hint = did_you_mean(trigger.queue, queues) or "declare it under needs.queues"
        yield (*place, "queue"), f"the service has no queue {trigger.queue!r}", hint
        return
    is_fifo = queue.name.endswith(".fifo")
    if is_fifo and trigger.batch_size > 10:
        yield (*place, "batchSize"), "a FIFO queue gives 10 messages at a time", "take 10 or fewer"
    elif is_fifo and trigger.window_seconds:
        yield (*place, "windowSeconds"), "there is none for FIFO queues", "leave it out"
    elif trigger.batch_size > 10 and not trigger.window_seconds:
        yield (*place, "batchSize"), "more than 10 messages need time to gather", "add `windowSeconds: 1` or more"
    if queue.visibility_timeout_seconds < function.timeout_seconds:
        hidden, taken = queue.visibility_timeout_seconds, function.timeout_seconds
        why = f"a message of {queue.name!r} is hidden for {hidden} s, and the function may take {taken} s"
        yield (*place, "queue"), why, "raise its visibilityTimeoutSeconds; AWS advises six times the function's timeout"


def _table(view: View, place: Path, trigger: TableTrigger) -> Iterator[Finding]:
    tables = {table.name: table for table in view.service.needs.tables}
    table = tables.get(trigger.table)
    if table is None:
        hint = did_you_mean(trigger.table, tables) or "declare it under needs.tables"
        yield (*place, "table"), f"the service has no table {trigger.table!r}", hint
    elif table.stream is None:
        yield (*place, "table"), f"the table {trigger.table!r} has no stream", "add `stream: NEW_AND_OLD_IMAGES` to it"


def _schedule(place: Path, trigger: ScheduleTrigger) -> Iterator[Finding]:
    """EventBridge, "Schedule expressions": one of a unit is singular, and a cron line has six fields, one of them `?`."""
    kind, _, inside = trigger.every.rstrip(")").partition("(")
    if kind == "rate":
        number, unit = inside.split()
        if (int(number) == 1) == unit.endswith("s"):
            right = f"rate({number} {unit.removesuffix('s') + ('s' if int(number) != 1 else '')})"
            yield (*place, "every"), f"EventBridge refuses {trigger.every!r}", f"write `{right}`"
        return
    fields = inside.split()
    if len(fields) != 6:
        yield (*place, "every"), f"a cron line has six fields, and this has {len(fields)}", "minutes hours day month weekday year"
    elif not re.fullmatch(r"\?", fields[2]) and not re.fullmatch(r"\?", fields[4]):
        yield (*place, "every"), "day of month and weekday exclude each other", "put `?` for one of the two"


RULES = (_functions,)
