"""`shop-dev load`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def load(
    profile: Annotated[
        str, typer.Argument(metavar="PROFILE", help="One of the project's profiles (smoke, peak, soak …), or a file (.yaml).")
    ] = "smoke",
    *,
    target: Annotated[str | None, typer.Option("--target", metavar="URL", help="What to load; else this sandbox.")] = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", metavar="PER_SECOND", min=0.01, help="Visits a second, in place of the profile's stages."),
    ] = None,
    duration: Annotated[
        float | None, typer.Option("--duration", metavar="SECONDS", min=0.1, help="How long, in place of the profile's stages.")
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
        float, typer.Option("--within", metavar="SHARE", min=0.001, max=1, help="A change that does not matter, with --compare.")
    ] = 0.05,
    budget: Annotated[
        float, typer.Option("--budget", metavar="SECONDS", min=1, help="How long --compare may measure at most.")
    ] = 300,
    own: Annotated[bool, typer.Option("--i-own-this-target", help="Allow a target that is not this machine.")] = False,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Load what the project runs as visitors do, and say whether the objectives hold.

    Visits begin when they are due, however slow the shop is, and count from then. Exit status 1: an objective is missed, or the
    figures are not to be believed, since the generator was at its end.
    """
    from shop_dev.loading.declared import declared_by
    from shop_dev.loading.run import Load
    from shop_dev.loading.target import allowed_target
    from shop_dev.output.load_report import load_answer, progress_line
    from shop_dev.project import open_project
    from shop_dev.sandbox.front_door import front_door

    def say(line: str) -> None:
        if not json:
            typer.echo(line, err=True)

    project = open_project(name=name)
    declared = declared_by(project)
    if compare is not None:
        from shop_dev.comparing.compare import SLICE_SECONDS, Terms, both_versions, comparing
        from shop_dev.output.comparison_report import comparison_answer, progress_of

        if target is not None:
            raise typer.BadParameter("--compare starts both versions itself: leave out --target.")
        slice_of = declared.profile(profile).paced(rate=rate, seconds=duration or SLICE_SECONDS)
        terms = Terms(slice_of, within=within, seconds=budget, seed=seed, workers=workers)
        with both_versions(declared, compare, say=say) as (before, after):
            for compared in comparing(declared, before, after, terms):
                say(progress_of(compared))
        return comparison_answer(compared, ref=compare, within=within)
    wanted = declared.profile(profile).paced(rate=rate, seconds=duration)
    if target is not None:
        aim = allowed_target(target, is_mine=own, allowed=declared.settings.targets)
    else:
        aim = front_door(project, declared.settings.door)
    run = Load(wanted, aim.url, declared.source, declared.data(aim), seed=seed, workers=workers)
    for measured in run.measuring():
        say(progress_line(measured, wanted))
    return load_answer(run, name=profile)
