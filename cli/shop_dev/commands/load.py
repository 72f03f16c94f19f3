"""`shop-dev load`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def load(
    profile: Annotated[
        str, typer.Argument(metavar="PROFILE", help="smoke, baseline, peak, spike, soak, stress, or a file of your own (.yaml).")
    ] = "smoke",
    *,
    target: Annotated[str | None, typer.Option("--target", metavar="URL", help="Where the shop is; else this sandbox.")] = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", metavar="PER_SECOND", min=0.01, help="Visits a second, in place of the profile's stages."),
    ] = None,
    duration: Annotated[
        float | None, typer.Option("--duration", metavar="SECONDS", min=0.1, help="How long, in place of the profile's stages.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, max=64, help="Processes that make the visits.")] = 1,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same number makes the same visits.")] = 1,
    own: Annotated[bool, typer.Option("--i-own-this-target", help="Allow a target that is not this machine.")] = False,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Load the shop as visitors do, and say whether the objectives hold.

    Visits begin when they are due, however slow the shop is, and count from then. Exit status 1: an objective is missed, or the
    figures are not to be believed, since the generator was at its end.
    """
    from shop_dev.loading import Load, allowed_target, articles_in_stock, profile_of
    from shop_dev.output.load_report import load_answer, progress_line
    from shop_dev.sandbox.front_door import front_door_of

    wanted = profile_of(profile).paced(rate=rate, seconds=duration)
    base = allowed_target(target or front_door_of(name), is_mine=own)
    run = Load(wanted, base, articles_in_stock(base), seed=seed, workers=workers)
    for measured in run.measuring():
        if not json:
            typer.echo(progress_line(measured, wanted), err=True)
    return load_answer(run, name=profile)
