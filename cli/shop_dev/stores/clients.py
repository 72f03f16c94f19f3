"""The programs people look into stores with: how each is called, so that no password stands among the words of a command line."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from shop_dev.errors import CliCode, ShopDevError

_OF_TASTE = frozenset({"AWS_PAGER", "AWS_DEFAULT_OUTPUT", "AWS_CLI_AUTO_PROMPT", "AWS_CLI_HISTORY_FILE"})
"""Variables of the AWS CLI that lead to no account."""
_HOW_TO_GET = {
    "redis-cli": ("apt install redis-tools, or brew install redis",),
    "aws": ("uv tool install awscli, or apt install awscli, or brew install awscli",),
}


@dataclass(frozen=True)
class Client:
    """A program, what it is called with, and its whole environment. `own` are the variables that lead into the sandbox."""

    program: str
    arguments: tuple[str, ...]
    own: Mapping[str, str]
    shell: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        return {**self.shell, **self.own}


def psql(program: str, url: str, arguments: Sequence[str], shell: Mapping[str, str]) -> Client:
    """Return psql on the database at `url`, as the role that the URL names."""
    parts = urlsplit(url)
    own = {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path[1:]),
    }
    return Client(program, tuple(arguments), own, {name: shell[name] for name in shell if not name.startswith("PG")})


def redis_cli(url: str, arguments: Sequence[str], shell: Mapping[str, str]) -> Client:
    """Return redis-cli, or Valkey's, on the server at `url`. Raises ShopDevError (client_missing)."""
    parts = urlsplit(url)
    place = ("-h", parts.hostname or "", "-p", str(parts.port), "-n", parts.path[1:] or "0")
    return Client(
        installed("redis-cli", "valkey-cli", path=shell.get("PATH")),
        (*place, *arguments),
        {"REDISCLI_AUTH": unquote(parts.password or "")},
        shell,
    )


def aws_cli(environment: Mapping[str, str], arguments: Sequence[str], shell: Mapping[str, str]) -> Client:
    """Return the AWS CLI on the sandbox's account, and on no other whatever profile the shell has chosen.

    The address stands among its words as well: older versions do not take it from the environment for every service. Raises
    ShopDevError (client_missing).
    """
    own = {name: value for name, value in environment.items() if name.startswith("AWS_")}
    kept = {name: value for name, value in shell.items() if name in _OF_TASTE or not name.startswith("AWS_")}
    without_proxy = {name: value for name, value in kept.items() if name.lower() not in {"http_proxy", "https_proxy", "all_proxy"}}
    return Client(
        installed("aws", path=shell.get("PATH")),
        ("--endpoint-url", own["AWS_ENDPOINT_URL"], *arguments),
        {**own, "AWS_EC2_METADATA_DISABLED": "true"},
        without_proxy,
    )


def installed(*names: str, path: str | None) -> str:
    """Return the first of these programs that is on PATH. Raises ShopDevError (client_missing), which says how to get it."""
    found = next((place for name in names if (place := shutil.which(name, path=path))), None)
    if found is None:
        raise ShopDevError(
            CliCode.CLIENT_MISSING,
            f"There is no {' and no '.join(names)} on PATH.",
            actions=(*_HOW_TO_GET.get(names[0], ()), "shop-dev env prints what any other client needs"),
            detail={"programs": list(names)},
        )
    return found


def become(client: Client) -> NoReturn:
    """Go on as this program: terminal, signals and exit status are its own."""
    sys.stdout.flush()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and that would be inherited
    os.execve(client.program, [client.program, *client.arguments], client.environment)  # noqa: S606  # nosec B606 # no shell is wanted
