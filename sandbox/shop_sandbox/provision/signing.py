"""Signature Version 4, by awscrt: what makes a request to AWS one of ours."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from awscrt.auth import (
    AwsCredentialsProvider,
    AwsSignatureType,
    AwsSignedBodyHeaderType,
    AwsSigningAlgorithm,
    AwsSigningConfig,
    aws_sign_request,
)
from awscrt.http import HttpHeaders, HttpRequest


@dataclass(frozen=True)
class Credentials:
    """An access key; `session_token` comes with temporary ones."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


def sign(
    credentials: Credentials,
    *,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    region: str,
    service: str,
    at: datetime,
) -> dict[str, str]:
    """Return `headers` with those that prove the request: Host, X-Amz-Date, Authorization (and X-Amz-Content-Sha256 for S3).

    `at` is an aware time in UTC; AWS refuses one that is more than five minutes off. The path of S3 is signed as it stands.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    parts = urlsplit(url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    request = HttpRequest(method, target, HttpHeaders([("Host", parts.netloc), *headers.items()]), io.BytesIO(body))
    is_s3 = service == "s3"
    config = AwsSigningConfig(
        algorithm=AwsSigningAlgorithm.V4,
        signature_type=AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=AwsCredentialsProvider.new_static(
            credentials.access_key_id, credentials.secret_access_key, credentials.session_token
        ),
        region=region,
        service=service,
        date=at,
        use_double_uri_encode=not is_s3,
        should_normalize_uri_path=not is_s3,
        signed_body_header_type=AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256 if is_s3 else AwsSignedBodyHeaderType.NONE,
    )
    return dict(aws_sign_request(request, config).result().headers)
