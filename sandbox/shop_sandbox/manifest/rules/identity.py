"""User pools and senders: what Cognito and SES would refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from shop_sandbox.manifest.faults import Path, did_you_mean
from shop_sandbox.manifest.form import UserPool, UserPoolClient
from shop_sandbox.manifest.rules.view import Finding, View


def _user_pools(view: View) -> Iterator[Finding]:
    for position, pool in enumerate(view.service.needs.user_pools):
        names = Counter(client.name for client in pool.clients)
        for number, client in enumerate(pool.clients):
            place: Path = ("needs", "userPools", position, "clients", number)
            if names[client.name] > 1:
                yield (*place, "name"), f"the client {client.name!r} is listed twice", "keep one of the two"
            yield from _client(place, pool, client)


def _client(place: Path, pool: UserPool, client: UserPoolClient) -> Iterator[Finding]:
    """Cognito, "App client settings": client credentials stand alone, with a secret and with scopes of a resource server."""
    if "client-credentials" in client.flows:
        if len(client.flows) > 1:
            yield (*place, "flows"), "`client-credentials` goes with no other flow", "make two clients of it"
        if not client.secret:
            yield place, "`client-credentials` needs a secret", "add `secret: true`"
        if not client.scopes:
            yield place, "`client-credentials` needs scopes", "list what it may ask for under `scopes`"
    elif client.scopes:
        yield (*place, "scopes"), "are for `client-credentials` only", "leave them out"
    for number, scope in enumerate(client.scopes):
        if scope not in pool.scopes:
            hint = did_you_mean(scope, pool.scopes) or "list it under `scopes` of the pool"
            yield (*place, "scopes", number), f"the pool {pool.name!r} has no scope {scope!r}", hint


RULES = (_user_pools,)
