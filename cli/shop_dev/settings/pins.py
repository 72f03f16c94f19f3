"""Fixed ports: for which endpoint of which sandbox, and where that is said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shop_dev.settings.values import WrongValue, port
from shop_dev.settings.words import meant

_VARIABLE = re.compile(r"SHOP_[A-Z0-9_]+_PORT\Z")
_ADDRESS = re.compile(r"[a-z]+://")
"""What Kubernetes and Docker put into variables of this form for each of their services: `tcp://10.0.0.7:80`."""


@dataclass(frozen=True)
class Pin:
    """A port that somebody wants for an endpoint (`kafka`, `orders.grpc`) of the sandbox `name`; `where` they say so."""

    name: str
    endpoint: str
    where: str
    value: object


def pins_of_table(table: object, where: str, *, name: str) -> Iterator[Pin]:
    """Yield the pins of a table of ports; `orders.grpc = 1` and `"orders.grpc" = 1` are the same. Raises WrongValue."""
    if not isinstance(table, Mapping):
        raise WrongValue("takes a table of ports by endpoint")
    for key, value in table.items():
        if isinstance(value, Mapping):
            for part, inner in value.items():
                yield Pin(name, f"{key}.{part}", f"{where} {key}.{part}", inner)
        else:
            yield Pin(name, str(key), f"{where} {key}", value)


def are_wanted(environ: Mapping[str, str]) -> bool:
    """Return whether some variable may be a pin."""
    return any(_VARIABLE.match(variable) for variable in environ)


def pins_of_variables(environ: Mapping[str, str], endpoints: Sequence[str], *, name: str) -> Iterator[Pin | str]:
    """Yield the pins among the variables, and a sentence for each that is none and looks like a slip.

    Others use the prefix too (Kubernetes, for each service whose name begins with `shop-`): what is none of ours is left alone.
    """
    by_variable = {variable_of(endpoint): endpoint for endpoint in endpoints}
    for variable, value in sorted(environ.items()):
        if not _VARIABLE.match(variable):
            continue
        endpoint = by_variable.get(variable)
        if endpoint is None:
            if slip := meant(variable, list(by_variable), cutoff=0.85):
                yield f"{variable} is the port of no endpoint here{slip}"
        elif _ADDRESS.match(value):
            yield f"{variable} = {value!r} is no port, and left alone: another tool has set it"
        else:
            yield Pin(name, endpoint, variable, value)


def chosen(pins: Sequence[Pin], *, name: str, endpoints: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """Return the ports of the sandbox `name` by endpoint (a later pin wins), and what is wrong with pins of any sandbox."""
    found: dict[str, int] = {}
    faults = []
    for pin in pins:
        if pin.endpoint not in endpoints:
            faults.append(f"{pin.where}: no endpoint {pin.endpoint!r}{meant(pin.endpoint, endpoints)}")
            continue
        try:
            number = port(pin.value)
        except WrongValue as error:
            faults.append(f"{pin.where} = {pin.value!r}: {error}")
        else:
            if pin.name == name:
                found[pin.endpoint] = number
    return found, faults


def variable_of(endpoint: str) -> str:
    """Return the variable that pins an endpoint: `SHOP_ORDERS_GRPC_PORT` for `orders.grpc`."""
    return f"SHOP_{re.sub('[^A-Za-z0-9]', '_', endpoint).upper()}_PORT"
