"""One registry over HTTP: calls, their failures in words, and patience where trying again helps."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.settings.values import Secret

_MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
_PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0)
_WORTH_ANOTHER_TRY = {429, 502, 503, 504}
_STORE_TIMED_OUT = {50002, 50003}
CONNECTIONS = 8
"""Calls under way at once: enough to keep a registry that writes in groups busy, few enough not to crowd out its other clients."""


@dataclass(frozen=True)
class RegistryAddress:
    """Where a registry is and how to be let in. `authorization` is the header, or empty."""

    url: str
    authorization: str = field(default="", repr=False)
    ca_file: Path | None = None
    variables: str = "SHOP_REGISTRY_FROM"
    """What the names of the settings for it begin with."""

    @classmethod
    def read(cls, url: str, *, secret: Secret | None, ca_file: Path | None, variables: str) -> Self:
        """Take an address as it was given. Credentials in it are used and shown no more. Raises ShopDevError (usage_invalid)."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ShopDevError(
                CliCode.USAGE_INVALID, f"{_shown(url)} is no address of a registry.", actions=("Give http://… or https://…",)
            )
        _, at, host = parts.netloc.rpartition("@")
        clean = urlunsplit(parts._replace(netloc=host)).rstrip("/")
        if at:
            return cls(clean, _basic(httpx.URL(url).username, httpx.URL(url).password), ca_file, variables)
        return cls(clean, _authorization(secret.text if secret else ""), ca_file, variables)


def _shown(url: str) -> str:
    return url.rpartition("@")[2]


def _authorization(secret: str) -> str:
    """`Bearer TOKEN` as it is; else `user:password` for HTTP's basic scheme."""
    if not secret or secret.lower().startswith("bearer "):
        return secret
    user, _, password = secret.partition(":")
    return _basic(user, password)


def _basic(user: str, password: str) -> str:
    import base64

    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass(frozen=True)
class Told:
    """An answer: its status, and its body decoded (an error's `error_code` and `message` too)."""

    status: int
    body: Any

    @property
    def is_done(self) -> bool:
        """Whether it was done."""
        return self.status < 300

    @property
    def is_not_offered(self) -> bool:
        """Whether the registry has no such call: Confluent's own errors have a code of five digits."""
        return self.status in {404, 405, 501} and len(str(self.code)) != 5

    @property
    def code(self) -> int:
        """Confluent's `error_code`, or HTTP's status."""
        found = self.body.get("error_code") if isinstance(self.body, dict) else None
        return found if isinstance(found, int) else self.status

    @property
    def message(self) -> str:
        """What an error says of itself."""
        found = self.body.get("message") if isinstance(self.body, dict) else None
        return str(found) if found else f"HTTP {self.status}"


class RegistryClient:
    """Calls to one registry. Every method raises ShopDevError (registry_unusable) when it cannot be reached or lets nobody in."""

    def __init__(self, address: RegistryAddress) -> None:
        self.address = address
        headers = {"Accept": f"{_MEDIA_TYPE}, application/json", "Content-Type": _MEDIA_TYPE}
        if address.authorization:
            headers["Authorization"] = address.authorization
        self._http = httpx.Client(
            base_url=address.url,
            headers=headers,
            timeout=httpx.Timeout(30, connect=5),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            verify=_tls(address),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int) -> Told:
        """Read."""
        return self._call("GET", path, query, None)

    def post(self, path: str, body: object, **query: str | int) -> Told:
        """Register, or look up."""
        return self._call("POST", path, query, body)

    def put(self, path: str, body: object, **query: str | int) -> Told:
        """Set."""
        return self._call("PUT", path, query, body)

    def delete(self, path: str, **query: str | int) -> Told:
        """Delete, or forget."""
        return self._call("DELETE", path, query, None)

    def _call(self, method: str, path: str, query: dict[str, str | int], body: object) -> Told:
        for pause in (*_PAUSES_SECONDS, None):
            try:
                answer = self._http.request(method, path, params=query, json=body)
            except httpx.TransportError as error:
                if pause is None or "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise self._unusable(f"{method} {path} got no answer: {error or type(error).__name__}") from error
            else:
                told = Told(answer.status_code, _decoded(answer))
                if pause is None or not (told.status in _WORTH_ANOTHER_TRY or told.code in _STORE_TIMED_OUT):
                    return self._checked(method, path, told)
            time.sleep(pause)
        raise AssertionError("the last try has no pause")

    def _checked(self, method: str, path: str, told: Told) -> Told:
        if told.status in {401, 403} and told.code in {401, 403, 40101, 40301}:
            raise self._unusable(
                f"{method} {path} was refused with status {told.status}: {told.message}",
                f"Set {self.address.variables}_AUTH to user:password, or to Bearer <token>.",
            )
        if 300 <= told.status < 400:
            raise self._unusable(f"{method} {path} was answered with a redirect", "Give the address it leads to.")
        if told.body is None and told.is_done:
            raise self._unusable(
                f"{method} {path} was answered with something that is no JSON", "Is it the address of a registry's API?"
            )
        return told

    def _unusable(self, message: str, *actions: str) -> ShopDevError:
        tls = f"For a certificate of your own: {self.address.variables}_CA=<file>."
        return ShopDevError(
            CliCode.REGISTRY_UNUSABLE,
            f"The registry at {self.address.url} cannot be used: {message}.",
            actions=actions or (f"curl {self.address.url}/subjects", *((tls,) if self.address.url.startswith("https") else ())),
            retryable=not actions,
        )


def _decoded(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _tls(address: RegistryAddress) -> ssl.SSLContext | bool:
    """Return whom to trust: over plain HTTP nobody is asked, and reading the system's certificates takes time."""
    import truststore

    if not address.url.startswith("https"):
        return False
    if address.ca_file is None:
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return ssl.create_default_context(cafile=address.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ShopDevError(
            CliCode.PATH_UNUSABLE,
            f"{address.variables}_CA: {address.ca_file} holds no certificates that can be read: {error}",
            actions=("Name a file of PEM certificates.",),
        ) from error


def subject_path(collection: str, subject: str, *more: object) -> str:
    """Return a path with the subject encoded, slashes and all: `/config/a%2Fb`."""
    return "/".join([f"/{collection}", quote(subject, safe=":"), *map(str, more)])
