"""Pictures in S3: uploaded into one bucket by whoever holds the URL, and copied into another once they were looked at.

The copy is of exactly the bytes that were checked, and nobody outside can write it; so a URL that is still good cannot change a
picture that is shown. What nobody takes over expires.
"""

from __future__ import annotations

from typing import Any

from shop_kit.aws.client import AwsError
from shop_kit.aws.sdk import AwsSdk
from shop_kit.clock import Clock
from shop_kit.errors import Conflict

from shop_services.catalog.application.ports import NotUploaded, Upload
from shop_services.catalog.domain.media import HEAD_BYTES, checked
from shop_services.catalog.domain.product import Picture

UPLOAD_SECONDS = 900
SHOW_SECONDS = 300
FOR_EVER = "public, max-age=31536000, immutable"
"""A picture never changes under its id."""
_NOT_THERE = frozenset({"404", "NoSuchKey", "NotFound"})


class S3MediaStore:
    """The MediaStore."""

    def __init__(self, aws: AwsSdk, *, uploads: str, pictures: str, clock: Clock) -> None:
        self._aws = aws
        self._uploads = uploads
        self._pictures = pictures
        self._clock = clock

    async def invite(self, product_id: str, media_id: str, *, content_type: str, size: int) -> Upload:
        """Return a signed URL: S3 refuses another type or length than it was signed for."""
        url = await self._aws.presigned(
            "s3",
            "put_object",
            UPLOAD_SECONDS,
            Bucket=self._uploads,
            Key=_key(product_id, media_id),
            ContentType=content_type,
            ContentLength=size,
        )
        headers = {"content-type": content_type, "content-length": str(size)}
        return Upload(url, headers, self._clock.now() + UPLOAD_SECONDS)

    async def take_over(self, product_id: str, media_id: str) -> Picture:
        """Look at an upload and copy it. Raises NotUploaded, PictureRefused; Conflict when it changes meanwhile."""
        key = _key(product_id, media_id)
        found = await self._head(self._uploads, key)
        if found is None:
            raise NotUploaded(media_id)
        size, declared, tag = int(found["ContentLength"]), str(found.get("ContentType", "")), found["ETag"]
        kind = checked(await self._beginning(key, tag) if size else b"", size=size, declared=declared)
        await self._when_unchanged(
            "copy_object",
            Bucket=self._pictures,
            Key=key,
            CopySource={"Bucket": self._uploads, "Key": key},
            CopySourceIfMatch=tag,
            MetadataDirective="REPLACE",
            ContentType=kind,
            CacheControl=FOR_EVER,
        )
        return Picture(media_id, kind, size)

    async def address(self, product_id: str, media_id: str) -> str:
        """Return a signed URL for a picture that was taken over."""
        key = _key(product_id, media_id)
        return await self._aws.presigned("s3", "get_object", SHOW_SECONDS, Bucket=self._pictures, Key=key)

    async def _head(self, bucket: str, key: str) -> dict[str, Any] | None:
        try:
            return await self._aws.call("s3", "head_object", Bucket=bucket, Key=key)
        except AwsError as error:
            if error.code in _NOT_THERE:
                return None
            raise

    async def _beginning(self, key: str, tag: str) -> bytes:
        wanted = f"bytes=0-{HEAD_BYTES - 1}"
        answer = await self._when_unchanged("get_object", Bucket=self._uploads, Key=key, Range=wanted, IfMatch=tag)
        return bytes(answer["Body"])

    async def _when_unchanged(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            return await self._aws.call("s3", operation, **parameters)
        except AwsError as error:
            if error.code in {"PreconditionFailed", "412"}:
                raise Conflict("the upload", "it was uploaded again in this moment") from error
            raise


def _key(product_id: str, media_id: str) -> str:
    return f"{product_id}/{media_id}"
