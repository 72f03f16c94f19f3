"""Puts the stand-in together: the only place that picks adapters."""

from __future__ import annotations

import aiohttp
import msgspec
from shop_kit.runtime import run_service
from shop_kit.service import Service
from shop_kit.settings import AwsSettings, RuntimeSettings

from shop_services.psp.adapters.ledger import RedisLedger
from shop_services.psp.adapters.rest import PspApi
from shop_services.psp.adapters.webhooks import Webhooks
from shop_services.psp.application.provider import SLOW_SECONDS, Provider


class PspSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the stand-in needs to know to start."""

    runtime: RuntimeSettings
    aws: AwsSettings
    redis_url: str
    shop_secret_payments_webhooks: str
    psp_slow_seconds: float = SLOW_SECONDS


async def psp(service: Service, settings: PspSettings) -> None:
    """Compose the stand-in."""
    secret = await service.secret(settings.aws, settings.shop_secret_payments_webhooks)
    ledger = await service.enter(RedisLedger.connect(settings.redis_url))
    service.ready("redis", ledger.check)
    connector = aiohttp.TCPConnector(ssl=service.tls.client if service.tls else True)
    session = await service.enter(aiohttp.ClientSession(connector=connector))
    webhooks = Webhooks(session, secret, service.clock)
    service.serves(PspApi(Provider(ledger, slow_seconds=settings.psp_slow_seconds), webhooks).routes())


def main() -> None:
    """Run the stand-in."""
    run_service("psp", PspSettings, psp)
