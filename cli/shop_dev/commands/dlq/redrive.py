"""`shop-dev dlq redrive`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def redrive(  # noqa: PLR0917 - one parameter an option
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic of dead letters, or the topic or group it belongs to.")],
    begin: Annotated[str | None, typer.Option("--from", metavar="ID", help="The first letter to send.", show_default=False)] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="ID", help="The last letter to send.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All letters that were not sent back before.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send them; without it you only see what would be sent.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also those of which something speaks against it: the key has moved on, for one.")
    ] = False,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Send dead letters back to the group that could not handle them, and to no other.

    Without --yes it is a preview: each letter with whether it fits the schema of now and whether its key has moved on since.
    Letters with a doubt stay where they are unless --force is given. A message that had its effect meanwhile has it no second time.
    """
    from shop_kit.errors import Unavailable
    from shop_kit.kafka.letters import read_letter_id, send_back

    from shop_dev.dead_letters.finding import chosen
    from shop_dev.errors import CliCode, ShopDevError
    from shop_dev.output.dead_letters import redrive_data, redrive_page
    from shop_dev.sandbox.dead_letters import office_of

    del json
    if everything == bool(begin or end):
        raise typer.BadParameter("say which letters: --all, or a range with --from and --to.")
    try:
        bounds = [read_letter_id(text) if text else None for text in (begin, end)]
    except ValueError:
        raise typer.BadParameter("letters' ids look like 0-17.") from None
    office = office_of(name)
    where = office.the_one_topic(topic)
    found = chosen(office.letters(where), begin=bounds[0], end=bounds[1])
    if not found and not everything:
        raise ShopDevError(CliCode.DEAD_LETTER_NOT_FOUND, f"{where} has no letters in this range.")
    previews = office.preview([letter for letter in found if not (everything and letter.times_sent_back)])
    good = [preview for preview in previews if preview.letter.origin and (force or not preview.doubts)]
    if yes and good:
        try:
            send_back(office.servers, [preview.letter for preview in good])
        except Unavailable as error:
            raise ShopDevError(CliCode.LETTERS_NOT_REDRIVEN, f"{error}.") from error
    kept = [preview for preview in previews if preview not in good]
    return Answer(data=redrive_data(good, kept, is_sent=yes), text=redrive_page(where, good, kept, is_sent=yes))
