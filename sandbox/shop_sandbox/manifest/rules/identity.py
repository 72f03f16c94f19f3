"""User pools and senders: what Cognito and SES would refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from shop_sandbox.manifest.faults import Path, did_you_mean
from shop_sandbox.manifest.form import UserPool, UserPoolClient
from shop_sandbox.manifest.rules.view import Finding, View

_OVER_OAUTH = frozenset({"authorization-code", "client-credentials"})
_FIELDS = {"scopes": "scopes", "callbackUrls": "callback_urls", "logoutUrls": "logout_urls"}


def _user_pools(view: View) -> Iterator[Finding]:
    for position, pool in enumerate(view.service.needs.user_pools):
        names = Counter(client.name for client in pool.clients)
        for number, client in enumerate(pool.clients):
            place: Path = ("needs", "userPools", position, "clients", number)
            if names[client.name] > 1:
                yield (*place, "name"), f"the client {client.name!r} is listed twice", "keep one of the two"
            yield from _client(place, pool, client)


def _client(place: Path, pool: UserPool, client: UserPoolClient) -> Iterator[Finding]:
    """Cognito, "App client settings": client credentials stand alone, with a secret and with scopes of a resource server; codes are
    sent to addresses that are known beforehand; both are asked for at the pool's domain."""
    if "client-credentials" in client.flows:
        if len(client.flows) > 1:
            yield (*place, "flows"), "`client-credentials` goes with no other flow", "make two clients of it"
        if not client.secret:
            yield place, "`client-credentials` needs a secret", "add `secret: true`"
        if not client.scopes:
            yield place, "`client-credentials` needs scopes", "list what it may ask for under `scopes`"
    elif "authorization-code" not in client.flows:
        for name in ("scopes", "callbackUrls", "logoutUrls"):
            if getattr(client, _FIELDS[name]):
                yield (*place, name), "is not for these flows", "add `authorization-code` to `flows`, or leave it out"
    elif not client.callback_urls:
        yield place, "`authorization-code` needs to know where users go back to", "list the addresses under `callbackUrls`"
    if _OVER_OAUTH.intersection(client.flows) and pool.domain is None:
        yield (*place, "flows"), f"the pool {pool.name!r} has no pages to sign in on", "give the pool a `domain`"
    for number, scope in enumerate(client.scopes):
        if scope not in pool.scopes:
            hint = did_you_mean(scope, pool.scopes) or "list it under `scopes` of the pool"
            yield (*place, "scopes", number), f"the pool {pool.name!r} has no scope {scope!r}", hint


RULES = (_user_pools,)
