"""Where AWS keys come from: the settings, or the task role's endpoint on Fargate."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import aiohttp
import msgspec

from shop_kit.errors import KitError, Unavailable
from shop_kit.settings import AwsSettings

REFRESH_BEFORE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys to sign with; `expires_at` in seconds since the epoch, None for ever."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    expires_at: float | None = None


CredentialSource = Callable[[], Awaitable[Credentials]]


def credential_source(settings: AwsSettings, session: aiohttp.ClientSession) -> CredentialSource:
    """Return a source of keys that are valid now. Raises KitError when the settings name none."""
    if settings.aws_access_key_id and settings.aws_secret_access_key:
        fixed = Credentials(settings.aws_access_key_id, settings.aws_secret_access_key, settings.aws_session_token)

        async def always() -> Credentials:
            return fixed

        return always
    if settings.aws_container_credentials_relative_uri:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
        return TaskRole(f"http://169.254.170.2{settings.aws_container_credentials_relative_uri}", session)
    raise KitError(
        "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run in a task with a role "
        "(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI)"
    )


class _Issued(msgspec.Struct, rename="pascal"):
    access_key_id: str
    secret_access_key: str
    token: str
    expiration: datetime


class TaskRole:
    """Keys of the task's role, fetched again before they expire."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session
        self._found: Credentials | None = None

    async def __call__(self) -> Credentials:
        """Keys that are valid for some minutes more. Raises Unavailable."""
        found = self._found
        if found is None or (found.expires_at or 0.0) - time.time() < REFRESH_BEFORE_SECONDS:
            found = self._found = await self._fetch()
        return found

    async def _fetch(self) -> Credentials:
        try:
            async with self._session.get(self._url) as response:
                content = await response.read()
                if response.status != 200:
                    raise Unavailable("task role", f"HTTP {response.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable("task role", str(error) or type(error).__name__) from error
        issued = msgspec.json.decode(content, type=_Issued)
        return Credentials(issued.access_key_id, issued.secret_access_key, issued.token, issued.expiration.timestamp())
