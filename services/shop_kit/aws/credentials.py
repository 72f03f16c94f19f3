"""Where AWS keys come from: the settings, or AWS's own default chain (environment, profile and SSO, web identity, task and instance
roles), which awscrt brings; and signatures with them.
"""

from __future__ import annotations

import asyncio
import io
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from awscrt.auth import (
    AwsCredentials,
    AwsCredentialsProvider,
    AwsSignatureType,
    AwsSignedBodyHeaderType,
    AwsSigningAlgorithm,
    AwsSigningConfig,
    aws_sign_request,
)
from awscrt.exceptions import AwsCrtError
from awscrt.http import HttpHeaders, HttpRequest

from shop_kit.errors import Unavailable
from shop_kit.settings import AwsSettings

_log = logging.getLogger(__name__)

REFRESH_BEFORE_SECONDS = 300.0
FETCH_SECONDS = 5.0

FetchKeys = Callable[[], Awaitable[AwsCredentials]]


class Keys:
    """Keys that are valid now, fetched again before they expire. While a fetch fails, those at hand are used to their end."""

    def __init__(self, fetch: FetchKeys, *, now: Callable[[], float] = time.time) -> None:
        self._fetch = fetch
        self._now = now
        self._found: AwsCredentials | None = None
        self._fetching = asyncio.Lock()

    async def current(self) -> AwsCredentials:
        """Return keys to sign with. Raises Unavailable when there are none."""
        found = self._found
        if found is not None and self._seconds_left(found) > REFRESH_BEFORE_SECONDS:
            return found
        async with self._fetching:
            if self._found is None or self._seconds_left(self._found) <= REFRESH_BEFORE_SECONDS:
                self._found = await self._fetched()
            return self._found

    async def _fetched(self) -> AwsCredentials:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                return await self._fetch()
        except (AwsCrtError, OSError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            if self._found is None or self._seconds_left(self._found) <= 0:
                raise Unavailable("aws credentials", reason) from error
            _log.warning("AWS keys could not be renewed yet", extra={"reason": reason, "left": self._seconds_left(self._found)})
            return self._found

    def _seconds_left(self, keys: AwsCredentials) -> float:
        return keys.expiration.timestamp() - self._now() if keys.expiration else float("inf")


def keys_of(settings: AwsSettings) -> Keys:
    """Return the keys that the settings name, or those that AWS's default chain finds, each time it is asked."""
    if settings.aws_access_key_id and settings.aws_secret_access_key:
        fixed = AwsCredentials(settings.aws_access_key_id, settings.aws_secret_access_key, settings.aws_session_token)

        async def given() -> AwsCredentials:
            return fixed

        return Keys(given)
    chain = AwsCredentialsProvider.new_default_chain()

    async def found() -> AwsCredentials:
        return await asyncio.wrap_future(chain.get_credentials())

    return Keys(found)


def signed(keys: AwsCredentials, headers: Mapping[str, str], body: bytes, *, region: str, service: str) -> dict[str, str]:
    """Return the headers of a POST to `/` with a signature (version 4) of this moment.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    request = HttpRequest("POST", "/", HttpHeaders([*headers.items()]), io.BytesIO(body))
    config = AwsSigningConfig(
        algorithm=AwsSigningAlgorithm.V4,
        signature_type=AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=AwsCredentialsProvider.new_static(keys.access_key_id, keys.secret_access_key, keys.session_token),
        region=region,
        service=service,
        date=datetime.fromtimestamp(time.time(), UTC),
        signed_body_header_type=AwsSignedBodyHeaderType.NONE,
    )
    # With keys at hand the signature is there at once: no thread of awscrt is waited for.
    return dict(aws_sign_request(request, config).result().headers)
