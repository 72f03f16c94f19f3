"""`shop-dev up`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, ProgressOption, ResourceNames, SandboxName
from shop_dev.completion import complete_resources
from shop_dev.output.answer import Answer
from shop_dev.output.sinks import Progress


def up(
    *,
    resources: ResourceNames = None,
    name: SandboxName = None,
    attach: Annotated[
        bool, typer.Option("--attach", help="Stay in the foreground and show changes; Ctrl-C then stops what this command started.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="SECONDS", help="How long to wait until everything is ready.", show_default=False),
    ] = None,
    atomic: Annotated[
        bool, typer.Option("--atomic", help="Where something fails, stop again what this start has begun, for CI.")
    ] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            metavar="RESOURCE",
            help="Leave this one out: it runs under your debugger, say. May be repeated.",
            show_default=False,
            autocompletion=complete_resources,
        ),
    ] = None,
    reset: Annotated[
        bool,
        typer.Option(
            "--reset", help="Begin with empty stores; with names, empty only the databases and DynamoDB tables of these services."
        ),
    ] = False,
    lease: Annotated[
        int | None,
        typer.Option(
            "--lease",
            metavar="PID",
            help="A sandbox beside all others that ends with this process, and watches nothing.",
            show_default=False,
        ),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(
            "--evidence",
            metavar="FOLDER",
            help="Where a leased sandbox leaves its events, logs, traces, versions and the digests of its inputs.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            metavar="embedded|mixed|docker",
            help="What it runs on: plain processes, or Kafka, PostgreSQL and Redis in containers, or everything.",
            show_default=False,
        ),
    ] = None,
    chaos: Annotated[
        bool, typer.Option("--chaos", help="Put proxies between services and what they call, for `shop-dev load --chaos`.")
    ] = False,
    join: Annotated[
        str | None,
        typer.Option(
            "--join",
            metavar="SANDBOX",
            help="Run the services of this checkout in a sandbox of another one that runs, by its name, its checkout's folder, or "
            "FOLDER:NAME. `shop-dev down` here takes them out again.",
            show_default=False,
        ),
    ] = None,
    progress: ProgressOption = Progress.AUTO,
    json: JsonFlag = False,
) -> Answer:
    """Start the sandbox, or go on from where it was stopped.

    Without names everything starts; with names, those and what they need. A second `up` attaches to the sandbox that runs. Where a
    service fails, the rest runs on and the next save revives it. What is still empty is filled, where the project says how.
    """
    from shop_sandbox.lease import name_for

    from shop_dev.output.sinks import sink_for
    from shop_dev.output.start_report import StartReport
    from shop_dev.output.suggestion import suggestion
    from shop_dev.project import open_project
    from shop_dev.sandbox.branching import gone_told
    from shop_dev.sandbox.joining import joining
    from shop_dev.sandbox.starting import Lease, Wish, leaving_in_order, seed_if_empty, start, stay
    from shop_dev.sandbox.unused import unused
    from shop_dev.start_history import earlier_starts, resources_started

    if progress is Progress.JSON and not json:
        raise typer.BadParameter("--progress json goes with --json: lines of events, then the document.")
    if lease is not None and (reset or name is not None):
        raise typer.BadParameter("--lease takes a name and empty stores of its own: leave out --name and --reset.")
    if join is not None and (lease is not None or name is not None):
        raise typer.BadParameter("--join means a sandbox that runs: leave out --name and --lease.")
    project = open_project(
        name=name if lease is None else name_for(lease), start_timeout_seconds=timeout, engine=engine, chaos=chaos or None
    )
    if join is not None:
        project = joining(project, join)
    if project.joined is not None and reset and not resources:
        raise typer.BadParameter("--reset would empty the stores of another checkout: name services of this one with it.")
    held = Lease(lease, evidence) if lease is not None else None
    wish = Wish(tuple(resources or ()), without=tuple(without or ()), atomic=atomic or held is not None, lease=held)
    with sink_for(json=json, progress=progress) as sink, leaving_in_order(sink) as leave:
        started = start(project, wish, sink=sink, reset=reset, leave=leave)
        filled = seed_if_empty(started, project, sink=sink)
        report = StartReport(
            started.ready,
            attached=started.attached,
            earlier=earlier_starts(project.paths.history, before=started.ready.at - started.ready.seconds),
            resources=resources_started(project.paths.history, at=started.ready.at),
            joined=str(project.joined) if project.joined is not None else None,
            suggestion=suggestion(project.settings.first_try, environment=filled.environment, facts=filled.facts),
        )
        if attach:
            sink.say(report.text())
            stay(started, sink=sink)
    return Answer(
        data={**report.data(), "name": project.settings.name},
        text="" if attach else report.text(),
        warnings=(*unused(project, started.ready), *filled.warnings, *gone_told(project)),
    )
