"""Empty stores for some services in a sandbox that keeps everybody else's: their databases and DynamoDB tables are made anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shop_sandbox.manifest.names import part_name

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.near import nearest
from shop_dev.output.sinks import Sink
from shop_dev.project import Project
from shop_dev.sandbox.following import until_ready
from shop_dev.sandbox.stores import SandboxStores

if TYPE_CHECKING:
    from shop_sandbox.client import SandboxClient
    from shop_sandbox.events import AnyEvent
    from shop_sandbox.manifest.form import Service

_MAKES = {"postgres": "provision-databases", "aws": "provision-aws"}
"""By store the task that makes what services have in it."""


@dataclass(frozen=True)
class Held:
    """What some services have in the stores, by name."""

    services: tuple[str, ...]
    processes: tuple[str, ...]
    databases: tuple[str, ...]
    tables: tuple[str, ...]

    @property
    def stores(self) -> tuple[str, ...]:
        return tuple(store for store, names in (("postgres", self.databases), ("aws", self.tables)) if names)


@dataclass(frozen=True)
class Lost:
    """A table that is no more, and how many rows were in it."""

    store: str
    name: str
    rows: int


def held_by(services: Sequence[Service], names: Iterable[str]) -> Held:
    """Return what these services own. Raises ShopDevError (usage_invalid) for one that is not there, or owns neither."""
    known = {one.service: one for one in services}
    chosen: list[Service] = []
    for name in names:
        if name not in known:
            near = nearest(name, known)
            raise _refused(f"There is no service {name!r}.{f' Did you mean {near}?' if near else ''}")
        if not known[name].needs.databases and not known[name].needs.tables:
            raise _refused(f"{name} owns no database and no table: there is nothing to empty.")
        chosen.append(known[name])
    return Held(
        services=tuple(one.service for one in chosen),
        processes=tuple(
            name
            for one in chosen
            for name in (
                *((one.service,) if one.runtime is not None else ()),
                *(part_name(one.service, worker.name) for worker in one.workers),
            )
        ),
        databases=tuple(database.name for one in chosen for database in one.needs.databases),
        tables=tuple(table.name for one in chosen for table in one.needs.tables),
    )


def empty(project: Project, client: SandboxClient, held: Held, *, sink: Sink) -> tuple[Lost, ...]:
    """Stop these services, drop what they have and have it made anew; starting them is left to the caller.

    Says what is lost before it is. Raises Failed, SandboxError, ShopDevError (store_away).
    """
    from shop_dev.stores.aws import drop_tables
    from shop_dev.stores.postgres import drop_databases

    until_ready(client.up(held.stores), sink)
    status = client.status(memory=False)
    if external := [one.name for one in status.resources if one.engine == "external" and one.name in held.stores]:
        raise _refused(f"{' and '.join(external)} ran already when this sandbox began: nothing in there is emptied.")
    stores = SandboxStores(project, status)
    lost = _counted(stores, held)
    rows = sum(one.rows for one in lost)
    sink.say(f"Emptying {', '.join(held.services)}: {len(lost)} tables with {rows:,} rows are lost; all other stores stay.")
    _announce(client.stop(*held.processes), sink)
    if held.databases:
        drop_databases(stores.required("postgres"), held.databases)
    if held.tables:
        drop_tables(stores.environment, held.tables)
    until_ready(client.restart(*(_MAKES[store] for store in held.stores)), sink)
    return lost


def _counted(stores: SandboxStores, held: Held) -> tuple[Lost, ...]:
    from shop_dev.stores.aws import dynamo_tables
    from shop_dev.stores.postgres import existing_databases, sql_tables

    there = existing_databases(stores.required("postgres")) if held.databases else frozenset[str]()
    urls = {name: url for name, url in stores.database_urls().items() if name in held.databases and name in there} if there else {}
    dynamo = dynamo_tables(stores.environment) if held.tables else []
    return (
        *(Lost("postgres", f"{one.database}.{one.name}", one.rows) for one in sql_tables(urls)),
        *(Lost("dynamodb", one.name, one.items) for one in dynamo if one.name in held.tables),
    )


def _announce(events: Iterable[AnyEvent], sink: Sink) -> None:
    for event in events:
        sink.announce(event)


def _refused(message: str) -> ShopDevError:
    return ShopDevError(CliCode.USAGE_INVALID, message, actions=("shop-dev tables says what each service owns.",))
