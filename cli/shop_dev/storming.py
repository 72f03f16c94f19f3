"""`load --chaos` and `load --chaos-seed`: one run under a storm, told with the books beside the latencies."""

from __future__ import annotations

from pathlib import Path

import typer
from shop_loadtests.run import Measured
from shop_sandbox.chaos.control import Control

from shop_dev import sandbox
from shop_dev.chaos.books import BookKeeper
from shop_dev.chaos.parts import Parts
from shop_dev.chaos.run import CHAOS, Chaos
from shop_dev.chaos.schedule import Schedule
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.loading.insight import Watching
from shop_dev.loading.origin import origin_of
from shop_dev.loading.run import Load
from shop_dev.output.answer import Answer
from shop_dev.output.chaos_report import chaos_answer
from shop_dev.output.load_report import progress_line
from shop_dev.project import Project


def under_chaos(
    project: Project, load: Load, *, profile: str, schedule: Path | None, seed: int | None, tries: int, quiet: bool
) -> Answer:
    """Run, and where the books are wrong look for the shortest schedule. Raises ShopDevError, SandboxError (not_running)."""

    def say(line: str) -> None:
        if not quiet:
            typer.echo(line, err=True)

    def show(measured: Measured) -> None:
        say(progress_line(measured, load.profile))

    chaos, origin = _chaos(project), origin_of(project.checkout)
    outcome = chaos.run(load, chaos.schedule(schedule, seed, load.profile.seconds), show=show)
    kept = _write(project, outcome.schedule, "whole")
    if outcome.verdict.wrong and tries and len(outcome.schedule.faults) > 1:
        say("The books are wrong. Looking for the shortest schedule that does it.")
        shortest = chaos.shortest(outcome, most_tries=tries, show=say)
        return chaos_answer(outcome, name=profile, origin=origin, kept=_write(project, shortest, "shortest"), shortest=shortest)
    return chaos_answer(outcome, name=profile, origin=origin, kept=kept)


def _chaos(project: Project) -> Chaos:
    books = project.settings.books
    if books is None:
        raise ShopDevError(
            CliCode.USAGE_INVALID,
            "This project does not say how its books are read.",
            actions=('Add `books = {command = ["PROGRAM", …]}` to the settings; see docs/guides/chaos-under-load.md.',),
        )
    client = sandbox.connect(project)
    status = client.status(memory=False)
    control = Control(status.endpoints[CHAOS]) if CHAOS in status.endpoints else None
    keeper = BookKeeper(books, project.checkout, {**project.inherited, **status.environment})
    return Chaos(Parts(client), control, keeper, lambda: Watching(client))


def _write(project: Project, schedule: Schedule, what: str) -> Path:
    """Keep a schedule for a replay, in the place of the last one of this sandbox."""
    path = project.paths.root / "chaos" / f"{what}.yaml"
    try:
        schedule.write(path)
    except OSError as error:
        raise ShopDevError(CliCode.PATH_UNUSABLE, f"{path}: {error.strerror or error}") from error
    return path
