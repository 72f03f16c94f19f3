"""What to try first, as the project words it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

from shop_dev.settings import FirstTry


@dataclass(frozen=True)
class Suggestion:
    """A command line to try, with all that it needs filled in."""

    command: str
    say: str
    answer: str
    then: tuple[str, ...]

    def text(self) -> str:
        """Return it for people."""
        answer = [f"  {line}" for line in self.answer.splitlines()]
        then = ["and then:", *(f"  $ {command}" for command in self.then)] if self.then else []
        return "\n".join([self.say, f"  $ {self.command}", *answer, *then])


def suggestion(first_try: FirstTry | None, *, environment: Mapping[str, str], facts: Mapping[str, object]) -> Suggestion | None:
    """Fill in variables of the sandbox, facts of the `seed` command and `${UUID}`; None where one of them is not there."""
    if first_try is None:
        return None
    values = {**environment, **{name.upper(): str(value) for name, value in facts.items()}, "UUID": str(uuid.uuid4())}
    try:
        command = Template(first_try.command).substitute(values)
    except (KeyError, ValueError):
        return None
    return Suggestion(command, first_try.say, first_try.answer, first_try.then)
