"""Variables in the form in which a shell, a tool or an editor takes them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from shop_dev.errors import CliCode, ShopDevError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def sh(variables: Mapping[str, str]) -> str:
    """One export a line, right for sh, bash and zsh; values are quoted so that the shell takes them as they are."""
    return "\n".join(f"export {key}={shlex.quote(value)}" for key, value in _named(variables))


def fish(variables: Mapping[str, str]) -> str:
    """The same for fish."""
    return "\n".join(f"set -gx {key} {_fish_quoted(value)};" for key, value in _named(variables))


def dotenv(variables: Mapping[str, str]) -> str:
    """A `.env` file as docker compose, python-dotenv, Node and IDEs read it."""
    return "\n".join(f"{key}={_dotenv_quoted(value)}" for key, value in _named(variables))


def vscode(service: str, variables: Mapping[str, str], *, argv: Sequence[str], cwd: str) -> str:
    """A launch configuration for `.vscode/launch.json` that starts the service under the debugger of its language.

    Raises ShopDevError (usage_invalid) for a language whose debugger is not known.
    """
    configuration = {
        "name": f"{service} (shop-dev)",
        "request": "launch",
        **_program(service, argv, cwd),
        "cwd": cwd,
        "env": dict(variables),
    }
    return json.dumps({"version": "0.2.0", "configurations": [configuration]}, indent=4)


def _program(service: str, argv: Sequence[str], cwd: str) -> dict[str, object]:
    program, *arguments = argv
    match Path(program).name, arguments:
        case str(name), ["-m", module, *rest] if name.startswith("python"):
            return {"type": "debugpy", "python": program, "module": module, "args": rest, "justMyCode": False}
        case str(name), [script, *rest] if name.startswith("python"):
            return {"type": "debugpy", "python": program, "program": script, "args": rest, "justMyCode": False}
        case "node", [script, *rest]:
            return {"type": "node", "program": f"{cwd}/{script}", "args": rest}
        case "go", ["run", package, *rest]:
            return {"type": "go", "mode": "auto", "program": f"{cwd}/{package}", "args": rest}
        case _ if (Path(cwd) / "go.mod").is_file():  # it runs what a build has made; the debugger makes its own
            return {"type": "go", "mode": "auto", "program": cwd, "args": arguments}
        case _:
            raise ShopDevError(
                CliCode.USAGE_INVALID,
                f"{service} runs as `{shlex.join(argv)}`, and only Python, Node and `go run` are known to have a VS Code debugger.",
                actions=(f"shop-dev env --service {service} --format dotenv",),
            )


def _named(variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Only what is a name: what is printed here is run by a shell."""
    return ((key, value) for key, value in variables.items() if _NAME.fullmatch(key))


def _fish_quoted(value: str) -> str:
    r"""Fish knows two escapes inside single quotes: \\ and \'."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _dotenv_quoted(value: str) -> str:
    """Single quotes keep everything as it is in every reader; where the value has one itself, double quotes with escapes."""
    if value and all(sign.isalnum() or sign in "_-.:/@,+=%" for sign in value) and value.isascii():
        return value
    if "'" not in value and "\n" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", "\\n")
    return f'"{escaped}"'
