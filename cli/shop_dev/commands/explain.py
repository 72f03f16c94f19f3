"""`shop-dev explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def explain(
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="A value of one of the project's keys (an order id), or a trace id.")
    ],
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Tell what became of an order or a request, in sentences: what happened, what it waits for, since when, and why.

    From its traces, its messages in Kafka, and what was logged about it. Works after `down` as well, without the messages.
    """
    from shop_sandbox.paths import flag

    from shop_dev.output.story import story_data, story_page
    from shop_dev.project import open_project
    from shop_dev.sandbox.story import facts_about
    from shop_dev.story.telling import story_of

    del json
    if not identity.strip():
        raise typer.BadParameter("a trace id, or a value of one of the project's keys, is needed, and this is empty.")
    project = open_project(name=name)
    story = story_of(facts_about(project, identity))
    return Answer(data=story_data(story), text=story_page(story, flag=flag(project.settings.name)))
