"""The stores of a running sandbox, as the commands find them: where each is, and which service owns what in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from shop_dev import sandbox
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.near import nearest
from shop_dev.project import Project, open_project
from shop_dev.stores.owners import Owners

if TYPE_CHECKING:
    from shop_sandbox.supervisor.protocol import SandboxStatus

_VARIABLES = {"postgres": "DATABASE_URL", "redis": "REDIS_URL", "aws": "AWS_ENDPOINT_URL"}


@dataclass(frozen=True)
class SandboxStores:
    """Where the stores of a sandbox are, and which services have something in them."""

    project: Project
    status: SandboxStatus

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables through which programs find it."""
        return self.status.environment

    @cached_property
    def owners(self) -> Owners:
        return Owners(self.status.belongings)

    def runs(self, store: str) -> bool:
        """Return whether this sandbox runs a store: postgres, redis or aws."""
        return _VARIABLES[store] in self.environment

    def required(self, store: str) -> str:
        """Return the address of a store. Raises ShopDevError (service_unreachable) where this sandbox does not run it."""
        if not self.runs(store):
            raise ShopDevError(
                CliCode.SERVICE_UNREACHABLE, f"This sandbox runs no {store}.", actions=(f"shop-dev up {store}", "shop-dev status")
            )
        return self.environment[_VARIABLES[store]]

    def database_urls(self) -> dict[str, str]:
        """Return the address of each database as its owner, by its name. Raises as `database_url`."""
        return {name: self._url(name, owner) for name, owner in self.owners.databases.items()}

    def database_url(self, service: str | None) -> str:
        """Return the address of a service's database, as that service; without a name, of the only one there is.

        Raises SandboxError, ShopDevError (service_unreachable, usage_invalid).
        """
        owned = {owner: name for name, owner in self.owners.databases.items()}
        chosen = service or (next(iter(owned)) if len(owned) == 1 else None)
        if chosen is None or chosen not in owned:
            raise _no_database_of(chosen, owned, (one.service for one in self.owners.services))
        return self._url(owned[chosen], chosen)

    def _url(self, database: str, owner: str) -> str:
        from shop_sandbox.credentials import credentials_of, database_account, database_role

        parts = urlsplit(self.required("postgres"))
        role = database_role(owner)
        password = credentials_of(self.project.paths).password(database_account(role))
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, f"{quote(role)}:{password}@{host}", f"/{quote(database)}", "", ""))


def stores_of(name: str | None) -> SandboxStores:
    """Return the stores of the sandbox of that name. Raises SandboxError (not_running) where there is none."""
    project = open_project(name=name)
    return SandboxStores(project, sandbox.connect(project).status(memory=False))


def _no_database_of(service: str | None, owned: Mapping[str, str], services: Iterable[str]) -> ShopDevError:
    those = f"These have one: {', '.join(sorted(owned))}." if owned else "No service has one."
    if service is None:
        said = "Which service's database? " + those
    elif service in services:
        said = f"{service} has no database. {those}"
    else:
        near = nearest(service, owned)
        said = f"There is no service {service!r}.{f' Did you mean {near}?' if near else ''} {those}"
    return ShopDevError(CliCode.USAGE_INVALID, said, actions=tuple(f"shop-dev sql {name}" for name in sorted(owned)))
