"""Pictures on their way through S3: what is uploaded is what was announced, and what is shown is what was looked at."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from fakes.bare_platform import PlatformSettings
from shop_kit.aws.sdk import AwsSdk
from shop_kit.testing.clock import HandClock
from shop_services.catalog.adapters.media_store import S3MediaStore
from shop_services.catalog.application.ports import NotUploaded, Upload
from shop_services.catalog.domain.media import PictureRefused
from shop_services.catalog.domain.product import Picture

pytestmark = [pytest.mark.anyio, pytest.mark.integration]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
PRODUCT, PICTURE = "prd_00000000000000000000000001", "med_00000000000000000000000001"


@dataclass
class Pictures:
    """The store, and a browser that uploads to it."""

    store: S3MediaStore
    browser: httpx.AsyncClient

    async def invite(self, content: bytes, *, kind: str = "image/png") -> Upload:
        return await self.store.invite(PRODUCT, PICTURE, content_type=kind, size=len(content))

    async def upload(self, upload: Upload, content: bytes, **headers: str) -> int:
        sent = {**upload.headers, "content-length": str(len(content)), **headers}
        return (await self.browser.put(upload.url, content=content, headers=sent)).status_code


@pytest.fixture
async def pictures(platform: PlatformSettings) -> AsyncIterator[Pictures]:
    name = f"cat-{uuid.uuid4().hex[:8]}"
    async with AwsSdk.connect(platform.aws, ("s3",)) as aws, httpx.AsyncClient() as browser:
        for bucket in (f"{name}-uploads", f"{name}-pictures"):
            location = {"LocationConstraint": platform.aws.aws_region}
            await aws.call("s3", "create_bucket", Bucket=bucket, CreateBucketConfiguration=location)
        yield Pictures(S3MediaStore(aws, uploads=f"{name}-uploads", pictures=f"{name}-pictures", clock=HandClock()), browser)


async def test_a_picture_is_shown_as_it_was_uploaded(pictures: Pictures) -> None:
    assert await pictures.upload(await pictures.invite(PNG), PNG) == 200

    assert await pictures.store.take_over(PRODUCT, PICTURE) == Picture(PICTURE, "image/png", len(PNG))

    shown = await pictures.browser.get(await pictures.store.address(PRODUCT, PICTURE))
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")


async def test_another_size_or_type_than_was_announced_is_not_taken_in(pictures: Pictures) -> None:
    invited = await pictures.invite(PNG)

    assert await pictures.upload(invited, PNG + b"more") == 403
    assert await pictures.upload(invited, PNG, **{"content-type": "text/html"}) == 403
    with pytest.raises(NotUploaded):
        await pictures.store.take_over(PRODUCT, PICTURE)


async def test_what_is_no_picture_is_not_taken_over_whatever_it_calls_itself(pictures: Pictures) -> None:
    page = b"<script>alert(1)</script>"
    assert await pictures.upload(await pictures.invite(page), page) == 200

    with pytest.raises(PictureRefused):
        await pictures.store.take_over(PRODUCT, PICTURE)


async def test_who_still_has_the_url_cannot_change_a_picture_that_was_looked_at(pictures: Pictures) -> None:
    invited = await pictures.invite(PNG)
    await pictures.upload(invited, PNG)
    await pictures.store.take_over(PRODUCT, PICTURE)
    other = bytes(len(PNG))

    assert await pictures.upload(invited, other) == 200

    assert (await pictures.browser.get(await pictures.store.address(PRODUCT, PICTURE))).content == PNG
