"""The outline of a `.proto` file: package, imports and messages, without compiling it.

Enough to see that a manifest names a message that is there, and in which order files must be registered. Whether the file is
right is for the registry and `contracts check`, which compile it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')', re.DOTALL)
_WORD = re.compile(r'"((?:\\.|[^"\\\n])*)"|\'((?:\\.|[^\'\\\n])*)\'|[A-Za-z_][\w.]*|[{};=]')


@dataclass(frozen=True)
class ProtoOutline:
    """What a file declares. `messages` are full names, nested ones included; `imports` are as written."""

    package: str
    imports: tuple[str, ...]
    messages: tuple[str, ...]


def outline(source: str) -> ProtoOutline:
    """Read the outline of Protobuf source text. Text that is no Protobuf gives an outline with little in it, never an error."""
    words = [match.group(0) for match in _WORD.finditer(_NOISE.sub(lambda match: match.group(1) or " ", source))]
    package, imports, messages = "", [], []
    scopes: list[str] = []
    statement: list[str] = []
    for word in words:
        if word == "{":
            is_message = len(statement) == 2 and statement[0] == "message"
            scopes.append(statement[1] if is_message else "")
            if is_message and all(scopes):
                messages.append(".".join(scopes))
            statement = []
        elif word == "}":
            scopes = scopes[:-1]
            statement = []
        elif word == ";":
            if statement[:1] == ["package"] and len(statement) == 2:
                package = statement[1]
            elif statement[:1] == ["import"] and len(statement) >= 2:
                imports.append(statement[-1][1:-1])
            statement = []
        else:
            statement.append(word)
    prefix = f"{package}." if package else ""
    return ProtoOutline(package, tuple(imports), tuple(prefix + name for name in messages))
