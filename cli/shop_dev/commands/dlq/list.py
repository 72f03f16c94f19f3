"""`shop-dev dlq list`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def list_letters(
    of: Annotated[
        str | None,
        typer.Argument(metavar="[TOPIC]", help="A topic, a group, or a topic of dead letters.", show_default=False),
    ] = None,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """List dead letters: how many each group has, or with a topic or group each of them, with why it died."""
    from shop_dev.output.dead_letters import letters_data, letters_page, topics_data, topics_page
    from shop_dev.sandbox.dead_letters import office_of

    del json
    office = office_of(name)
    if of is None:
        letters = {topic: office.letters(topic) if records else [] for topic, records in office.topics(None).items()}
        return Answer(data=topics_data(letters), text=topics_page(letters))
    previews = office.preview([letter for topic in office.topics(of) for letter in office.letters(topic)])
    return Answer(data=letters_data(previews), text=letters_page(previews))
