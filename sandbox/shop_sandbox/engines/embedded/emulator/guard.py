"""Who may use the emulator: programs of this sandbox, and nobody else who happens to reach this machine's loopback.

Everybody on the machine reaches it, and so does a web page where the browser lets it; MiniStack answers them all, and runs
functions as processes of its user. So callers must know a key of this sandbox (they sign with it anyhow, and its id is as hard to
guess as a password), and a request that a browser sends for a page from elsewhere is refused whatever it knows.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

from shop_sandbox.engines.embedded.emulator.serving import Application, Message, Receive, Send

Refusal = tuple[str, str]
"""A code as AWS has them, and why."""

_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1", "host.docker.internal"})
"""Names of this machine. Any other name in `Host` was looked up by somebody who may change its meaning (DNS rebinding)."""

_HEALTH: Final = frozenset({"/_ministack/health", "/_ministack/ready"})
_PUBLIC_PATHS: Final = ("/_aws/execute-api/", "/oauth2/", "/.well-known/")
_SIGN_IN: Final = frozenset({"/login", "/logout"})
_PUBLIC_NAMES: Final = (".execute-api.", ".lambda-url.", ".auth.")
"""What has callers without keys in AWS too: APIs behind API Gateway, function URLs, the sign-in of user pools."""
_COGNITO: Final = "AWSCognitoIdentityProviderService."
_UNSIGNED_IN_COGNITO: Final = frozenset(
    (
        *("SignUp", "ConfirmSignUp", "ResendConfirmationCode", "InitiateAuth", "RespondToAuthChallenge", "ForgotPassword"),
        *("ConfirmForgotPassword", "GetUser", "UpdateUserAttributes", "ChangePassword", "DeleteUser"),
        *("GlobalSignOut", "RevokeToken"),
    )
)
"""https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-public-server-side.html"""


class Guard:
    """An ASGI application that hands on what may enter. `issued` says whether the emulator itself gave out a key."""

    def __init__(self, inside: Application, *, key_id: str, issued: Callable[[str], bool]) -> None:
        self._inside = inside
        self._key_id = key_id
        self._issued = issued

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._inside(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _refuse(send, *refusal)

    def _refusal(self, scope: Message) -> Refusal | None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        host = _host(_text(headers, b"host"))
        if not _is_this_machine(host):
            return "AccessDeniedException", f"the emulator is not called {host or 'nothing'}"
        if _is_for_a_page_from_elsewhere(headers):
            return "AccessDeniedException", "web pages from elsewhere have no business here"
        if scope.get("method") == "OPTIONS" or _is_public(scope["path"], host, _text(headers, b"x-amz-target")):
            return None
        key_id = _key_id(_text(headers, b"authorization"), scope["query_string"])
        if not key_id:
            return "MissingAuthenticationTokenException", "sign with the keys that `shop-dev env` prints"
        if hmac.compare_digest(key_id.encode(), self._key_id.encode()) or self._issued(key_id):
            return None
        return "UnrecognizedClientException", "this sandbox has given out no such key; `shop-dev env` prints the ones it takes"


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def _host(header: str) -> str:
    return header.rpartition("]")[0].lstrip("[") if header.startswith("[") else header.partition(":")[0].lower()


def _is_this_machine(host: str) -> bool:
    return host in _HOSTS or host.endswith(".localhost")  # RFC 6761: that name and all below it are loopback


def _is_for_a_page_from_elsewhere(headers: Mapping[bytes, bytes]) -> bool:
    if b"origin" in headers:
        return not _is_this_machine(urlsplit(_text(headers, b"origin")).hostname or "")
    return headers.get(b"sec-fetch-site") == b"cross-site"


def _is_public(path: str, host: str, target: str) -> bool:
    return (
        path in _HEALTH
        or path in _SIGN_IN
        or any(part in path for part in _PUBLIC_PATHS)
        or any(part in host for part in _PUBLIC_NAMES)
        or (target.startswith(_COGNITO) and target.removeprefix(_COGNITO) in _UNSIGNED_IN_COGNITO)
    )


def _key_id(authorization: str, query: bytes) -> str:
    """Return the key id of a signed request (SigV4 in the header or the query), "" where there is none."""
    _, found, credential = authorization.partition("Credential=")
    if not found and b"X-Amz-Credential" in query:
        credential = parse_qs(query.decode("latin-1")).get("X-Amz-Credential", [""])[0]
    return credential.partition("/")[0]


async def _refuse(send: Send, code: str, why: str) -> None:
    body = json.dumps({"__type": code, "message": why}).encode()
    headers = [
        (b"content-type", b"application/x-amz-json-1.0"),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-errortype", code.encode()),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
