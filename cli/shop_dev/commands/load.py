"""`shop-dev load`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer

if TYPE_CHECKING:
    from shop_dev.comparing.compare import Terms
    from shop_dev.loading.declared import Declared
    from shop_dev.loading.derived import FromDocument
    from shop_dev.loading.run import Load
    from shop_dev.project import Project

_DEFAULT, _WORKER = "smoke", "worker"
SLICE_SECONDS = 4.0
LEAST_STEP = 0.05
ReportPath = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write a page with charts; it needs no network.", show_default=False),
]


def load(  # noqa: PLR0911 - one for each thing that it can do
    profile: Annotated[
        str, typer.Argument(metavar="PROFILE", help="One of the project's profiles (smoke, peak, soak …), or a file (.yaml).")
    ] = _DEFAULT,
    *,
    target: Annotated[str | None, typer.Option("--target", metavar="URL", help="What to load; else this sandbox.")] = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", metavar="PER_SECOND", min=0.01, help="Visits a second, in place of the profile's stages."),
    ] = None,
    duration: Annotated[
        float | None, typer.Option("--duration", metavar="SECONDS", min=0.1, help="How long, in place of the profile's stages.")
    ] = None,
    users: Annotated[
        int | None,
        typer.Option(
            "--users",
            metavar="N",
            min=1,
            help="A closed model: so many, who come again when their visit has ended. It hides what a slow shop costs.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, max=64, help="Processes that make the visits.")] = 1,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same number makes the same visits.")] = 1,
    compare: Annotated[
        str | None,
        typer.Option(
            "--compare",
            metavar="REF",
            help="Compare this checkout with another commit: both are started, and loaded in turn.",
            show_default=False,
        ),
    ] = None,
    within: Annotated[
        float,
        typer.Option(
            "--within",
            metavar="SHARE",
            min=0.001,
            max=1,
            help="With --compare, a change that does not matter; with --find-capacity, how exactly.",
        ),
    ] = 0.05,
    budget: Annotated[
        float, typer.Option("--budget", metavar="SECONDS", min=1, help="How long --compare may measure at most.")
    ] = 300,
    find_capacity: Annotated[
        bool,
        typer.Option("--find-capacity", help="Search the highest rate at which the objectives hold, beginning at --rate."),
    ] = False,
    expect_workers: Annotated[
        int | None,
        typer.Option("--expect-workers", metavar="N", min=1, help="Let workers on other machines make the visits."),
    ] = None,
    bind: Annotated[str, typer.Option("--bind", metavar="HOST:PORT", help="Where they join.")] = "127.0.0.1:5557",
    join: Annotated[
        str | None,
        typer.Option("--join", metavar="HOST:PORT", help="`load worker --join` makes visits for a master.", show_default=False),
    ] = None,
    openapi: Annotated[
        Path | None,
        typer.Option("--openapi", metavar="DOCUMENT", help="Call what this OpenAPI document has examples for."),
    ] = None,
    chaos: Annotated[
        Path | None,
        typer.Option("--chaos", metavar="SCHEDULE", help="Strike the sandbox as this file says, then read its books."),
    ] = None,
    chaos_seed: Annotated[
        int | None, typer.Option("--chaos-seed", metavar="N", help="The same with faults that this number makes.")
    ] = None,
    tries: Annotated[
        int,
        typer.Option(
            "--shrink-tries", metavar="N", min=0, help="Runs that may look for the shortest schedule that breaks the books."
        ),
    ] = 12,
    own: Annotated[bool, typer.Option("--i-own-this-target", help="Allow a target that is not this machine.")] = False,
    html: ReportPath = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write the objectives as JUnit's XML.", show_default=False)
    ] = None,
    hlog: Annotated[
        Path | None,
        typer.Option("--hlog", metavar="FILE", help="Write all histograms by second (HdrHistogram log).", show_default=False),
    ] = None,
    history: Annotated[bool, typer.Option("--history", help="Load nothing: show earlier runs of this profile.")] = False,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Load what the project runs as visitors do, and say whether the objectives hold.

    Visits begin when they are due, however slow the shop is, and count from then. Exit status 1: an objective is missed, or the
    figures are not to be believed, since the generator was at its end.
    """
    from shop_dev.loading.declared import declared_by
    from shop_dev.loading.derived import from_document
    from shop_dev.loading.elsewhere import by_workers
    from shop_dev.loading.history import history_file, remembered
    from shop_dev.loading.run import Load
    from shop_dev.loading.target import allowed_target
    from shop_dev.output.load_history import history_answer
    from shop_dev.project import open_project
    from shop_dev.sandbox.front_door import front_door
    from shop_dev.storming import under_chaos

    def say(line: str) -> None:
        if not json:
            typer.echo(line, err=True)

    _refuse_contradictions(profile, target, chaos, chaos_seed, openapi=openapi, join=join)
    if join is not None:
        return _worker(join, is_mine=own)
    if openapi is not None and target is not None:
        found = from_document(openapi)
        paced = found.profile(None if profile == _DEFAULT else profile).paced(rate=rate, seconds=duration)
        run = Load(paced, allowed_target(target, is_mine=own).url, found.source, found.data, seed=seed, workers=workers)
        return _by_document(by_workers(run, expect_workers, bind, say), found, say, name=str(openapi))
    project = open_project(name=name)
    if history:
        return history_answer(remembered(history_file(project.checkout), profile=profile), profile=profile)
    if users is not None and (rate is not None or compare is not None or find_capacity):
        raise typer.BadParameter("--users come when they like: leave out --rate, --compare and --find-capacity.")
    declared = declared_by(project)
    wanted = declared.profile(profile)
    if compare is not None:
        from shop_dev.comparing.compare import Terms

        if target is not None:
            raise typer.BadParameter("--compare starts both versions itself: leave out --target.")
        paced = wanted.paced(rate=rate, seconds=duration or SLICE_SECONDS)
        terms = Terms(compare, paced, within=within, seconds=budget, seed=seed, workers=workers)
        return _compared(declared, terms, name=profile, html=html, say=say)
    if target is not None:
        allowed = allowed_target(target, is_mine=own, allowed=declared.settings.targets)
        aim = replace(allowed, environment=project.shell_variables)
    else:
        aim = front_door(project, declared.settings.door)
    if find_capacity:
        run = Load(wanted, aim.url, declared.source, declared.data(aim, wanted), seed=seed, workers=workers)
        return _capacity(project, run, profile, html, say, begin=rate, seconds=duration, within=within)
    paced = wanted.paced(rate=rate, seconds=duration)
    run = Load(paced, aim.url, declared.source, declared.data(aim, wanted), seed=seed, workers=workers, users=users or 0)
    run = by_workers(run, expect_workers, bind, say)
    if chaos is None and chaos_seed is None:
        return _loaded(project, run, profile, Files(html, junit, hlog), show=not json, is_sandbox=target is None)
    return under_chaos(project, run, profile=profile, schedule=chaos, seed=chaos_seed, tries=tries, quiet=json)


def _refuse_contradictions(
    profile: str, target: str | None, chaos: Path | None, chaos_seed: int | None, *, openapi: Path | None, join: str | None
) -> None:
    """Raises typer.BadParameter."""
    if join is not None and profile != _WORKER:
        raise typer.BadParameter("--join makes a worker: shop-dev load worker --join HOST:PORT.")
    if (chaos is not None or chaos_seed is not None) and target is not None:
        raise typer.BadParameter("--chaos strikes the sandbox of this checkout: leave out --target.")
    if chaos is not None and chaos_seed is not None:
        raise typer.BadParameter("Faults come from a file or from a seed: leave out --chaos or --chaos-seed.")
    if openapi is not None and target is None:
        raise typer.BadParameter("--openapi wants --target: where the service is that the document describes.")


def _worker(master: str, *, is_mine: bool) -> Answer:
    from shop_dev.loading.declared import own_journeys
    from shop_dev.loading.elsewhere import work_for

    work_for(master, own_journeys(), is_mine=is_mine)
    return Answer(data={"master": master}, text="The master has no more to do.")


def _by_document(run: Load, found: FromDocument, say: Callable[[str], None], *, name: str) -> Answer:
    from shop_dev.loading.origin import origin_of
    from shop_dev.loading.resources import Resources
    from shop_dev.output.load_report import load_answer, progress_line

    for measured in run.measuring():
        say(progress_line(measured, run.profile))
    answer = load_answer(run, name=name, origin=origin_of(Path.cwd()), resources=Resources())
    return replace(answer, warnings=found.left_out)


@dataclass(frozen=True)
class Files:
    """Where reports go."""

    html: Path | None
    junit: Path | None
    hlog: Path | None


def _loaded(project: Project, run: Load, name: str, files: Files, *, show: bool, is_sandbox: bool) -> Answer:
    from shop_dev.loading.history import history_file, remember
    from shop_dev.loading.insight import Watching
    from shop_dev.loading.origin import origin_of
    from shop_dev.loading.resources import nothing_watched, watched
    from shop_dev.output import load_files
    from shop_dev.output.load_history import ran
    from shop_dev.output.load_html import load_page
    from shop_dev.output.load_live import shown
    from shop_dev.output.load_report import load_answer
    from shop_dev.sandbox import connect
    from shop_dev.sandbox.front_door import behind_of
    from shop_dev.sandbox.kafka import kafka_of

    origin = origin_of(project.checkout)
    look_behind = (lambda: behind_of(kafka_of(project.settings.name).lags())) if run.profile.behind is not None else None
    looking = Watching(connect(project)) if is_sandbox else None
    watching = watched(lambda: connect(project).status().resources, look_behind=look_behind) if is_sandbox else nothing_watched()
    with watching as resources, shown(run.profile, sys.stderr) if show else nullcontext(lambda _: None) as draw:
        for measured in run.measuring():
            draw(measured)
    run.measured.behind = resources.behind
    insight = looking.insight() if looking is not None else None
    remember(history_file(project.checkout), ran(run, name=name, origin=origin))
    if files.html is not None:
        load_files.write(files.html, load_page(run, name=name, origin=origin, resources=resources))
    if files.junit is not None:
        load_files.write(files.junit, load_files.junit(run, name=name, origin=origin))
    if files.hlog is not None:
        load_files.write(files.hlog, load_files.hlog(run, origin=origin))
    return load_answer(run, name=name, origin=origin, resources=resources, insight=insight)


def _compared(declared: Declared, terms: Terms, *, name: str, html: Path | None, say: Callable[[str], None]) -> Answer:
    from shop_dev.comparing.compare import both_versions, comparing
    from shop_dev.loading.origin import origin_of
    from shop_dev.output import load_files
    from shop_dev.output.comparison_report import comparison_answer, progress_of
    from shop_dev.output.load_html import comparison_page

    origin = origin_of(declared.checkout)
    with both_versions(declared, terms.ref, say=say) as (before, after):
        for compared in comparing(declared, before, after, terms):
            say(progress_of(compared))
    if html is not None:
        load_files.write(html, comparison_page(compared, terms, name=name, origin=origin))
    return comparison_answer(compared, ref=terms.ref, within=terms.within)


def _capacity(
    project: Project,
    run: Load,
    name: str,
    html: Path | None,
    say: Callable[[str], None],
    *,
    begin: float | None,
    seconds: float | None,
    within: float,
) -> Answer:
    from shop_dev.loading.capacity import ATTEMPT_SECONDS, FIRST_RATE, finding_capacity
    from shop_dev.loading.origin import origin_of
    from shop_dev.output import load_files
    from shop_dev.output.capacity_report import capacity_answer, capacity_page, tried_line

    origin, length = origin_of(project.checkout), seconds or ATTEMPT_SECONDS
    runs = 0
    for capacity in finding_capacity(run, begin=begin or FIRST_RATE, seconds=length, to_within=max(within, LEAST_STEP)):
        if len(capacity.tried) > runs:
            runs = len(capacity.tried)
            say(tried_line(capacity))
    if html is not None:
        settings: dict[str, object] = {"seconds a run": length, "seed": run.seed, "workers": run.workers, "target": run.target}
        load_files.write(html, capacity_page(capacity, name=name, origin=origin, settings=settings))
    return capacity_answer(capacity, name=name, origin=origin)
