"""How Compose writes what a container is: its image, ports, health check and limits, and the file as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from shop_sandbox.engines.docker.stores import StoreContainer
from shop_sandbox.manifest.names import variable
from shop_sandbox.resources.model import HttpHealth, PythonRuntime, Resource, TcpHealth

SERVICE_PORT = 8080
_DOLLAR = re.compile(r"\$(?!\{SHOP_)")


def image(name: str, build: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return an image of ours, and how `docker compose build` makes it."""
    return {"image": f"shop-dev/{name}:${{SHOP_TAG:-local}}", "build": build or {"context": ".", "args": {"SERVICE": name}}}


def stored(
    name: str,
    store: StoreContainer,
    *,
    profiles: Sequence[str],
    variable_of: str | None = None,
    default_port: int | None = None,
) -> dict[str, Any]:
    """Return a store as a container. Its port is chosen by the variable of `variable_of`, where that is not its own name."""
    return {
        "image": str(store.image),
        "profiles": list(profiles),
        **({"command": [literal(word) for word in store.command]} if store.command else {}),
        "environment": {key: literal(value) for key, value in store.environment.items()},
        "ports": [published(variable_of or name, store.published, default_port or store.port)],
        "volumes": [f"{name}:{store.data}"],
        "healthcheck": health(store.health, seconds=30),
        "stop_grace_period": f"{store.seconds_to_stop}s",
        "deploy": at_most(store.memory_mib),
        "restart": "unless-stopped",
    }


def literal(text: str) -> str:
    """Keep compose from reading other variables into a text than those of this file."""
    return _DOLLAR.sub("$$", text)


def published(key: str, inside: int, default: int | None) -> str:
    """Return where a port inside is on this machine: on its loopback."""
    return f"127.0.0.1:{chosen_port(key, default)}:{inside}"


def chosen_port(key: str, default: int | None) -> str:
    """Return what compose takes for a port that somebody may choose; without a default Docker finds a free one."""
    return f"${{{variable('SHOP', key)}_PORT:-{default or ''}}}"


def check_of(resource: Resource) -> tuple[str, ...] | None:
    """Return the command that checks a service in Python, as its manifest says; an image of another kind has a check of its own."""
    if not isinstance(resource.runtime, PythonRuntime):
        return None
    match resource.health:
        case HttpHealth(ready_path=ready):
            return asks_http(SERVICE_PORT, ready)
        case TcpHealth():
            return ("python", "-I", "-S", "-c", f"import socket; socket.create_connection(('127.0.0.1', {SERVICE_PORT}), 2)")
        case _:
            return None


def asks_http(port: int, path: str) -> tuple[str, ...]:
    """Return a command that succeeds when a path is answered with 200: Python alone, without its site packages."""
    connected = f"import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', {port}, timeout=2)"
    return ("python", "-I", "-S", "-c", f"{connected}; c.request('GET', '{path}'); sys.exit(c.getresponse().status != 200)")


def health(command: Sequence[str], *, seconds: int = 5) -> dict[str, Any]:
    """Return a check that comes soon, for others wait for it; a store or service has two minutes to come up."""
    test = ["CMD", *map(literal, command)]
    return {"test": test, "interval": "3s", "timeout": f"{seconds}s", "retries": 5, "start_period": "120s"}


def guarded(memory_mib: int) -> dict[str, Any]:
    """Return what holds for every image of ours: it can write nowhere but in its own /tmp, and may do nothing special."""
    return {
        "read_only": True,
        "tmpfs": ["/tmp"],  # noqa: S108  # nosec B108 # inside a container
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "deploy": at_most(memory_mib),
    }


def at_most(memory_mib: int) -> dict[str, Any]:
    """Return limits."""
    return {"resources": {"limits": {"memory": f"{memory_mib}M", "cpus": "2"}}}


class _Dumper(yaml.SafeDumper):
    """Writes programs of several lines as they stand."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(str, _Dumper.represent_str)


def as_yaml(document: Mapping[str, Any]) -> str:
    """Return the text of a file, in the order of its keys."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=1000)
