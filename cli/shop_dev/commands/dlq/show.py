"""`shop-dev dlq show`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def show(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic of dead letters, or the topic or group it belongs to.")],
    letter: Annotated[str, typer.Argument(metavar="ID", help="A letter of `shop-dev dlq list TOPIC`, such as 0-17.")],
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Show one dead letter, decoded with the schema that its topic has now, and what sending it back would meet."""
    from shop_kit.kafka.letters import read_letter_id

    from shop_dev.dead_letters.finding import chosen
    from shop_dev.errors import CliCode, ShopDevError
    from shop_dev.output.dead_letters import letter_page, letters_data
    from shop_dev.sandbox.dead_letters import office_of

    del json
    try:
        wanted = read_letter_id(letter)
    except ValueError:
        raise typer.BadParameter(f"{letter!r} is no letter's id; they look like 0-17.") from None
    office = office_of(name)
    where = office.the_one_topic(topic)
    found = chosen(office.letters(where), begin=wanted, end=wanted)
    if not found:
        raise ShopDevError(CliCode.DEAD_LETTER_NOT_FOUND, f"{where} has no letter {wanted}.")
    previews = office.preview(found)
    return Answer(data=letters_data(previews), text=letter_page(previews[0]))
