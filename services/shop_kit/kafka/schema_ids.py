"""Asks the Schema Registry once for the id of each topic's schema."""

from __future__ import annotations

import aiohttp
import msgspec

from shop_kit.errors import Unavailable


class _Version(msgspec.Struct):
    id: int


async def schema_ids(registry_url: str, topics: tuple[str, ...]) -> dict[str, int]:
    """Ids of the latest schema of `<topic>-value` for each topic. Raises Unavailable, also when a subject does not exist yet."""
    found: dict[str, int] = {}
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            for topic in topics:
                async with session.get(f"{registry_url.rstrip('/')}/subjects/{topic}-value/versions/latest") as response:
                    content = await response.read()
                    if response.status != 200:
                        raise Unavailable("schema registry", f"HTTP {response.status} for subject {topic}-value: {content[:200]!r}")
                    found[topic] = msgspec.json.decode(content, type=_Version).id
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unavailable("schema registry", str(error) or type(error).__name__) from error
    return found
