"""Each call that a service makes has bounds in its manifest: how long, how often, how many at once."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
import shop_services
import yaml
from opentelemetry.trace import NoOpTracer
from shop_kit.resilience.declared import Resilience, read_resilience
from shop_kit.service import Miscomposed, Service
from shop_kit.settings import RuntimeSettings
from shop_kit.shutdown import Shutdown
from shop_sandbox.manifest.loader import load_manifests

MANIFESTS = sorted(Path(next(iter(shop_services.__path__))).glob("*/service.yaml"))


def called(manifest: dict[str, Any]) -> set[str]:
    """Whom a service calls: for what they do, or for the keys that prove tokens."""
    needs, gateway = manifest.get("needs", {}), manifest.get("gateway")
    return {*needs.get("services", ()), *needs.get("issuers", ()), *([gateway["userPool"]] if gateway else ())}


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name)
def test_a_service_says_how_it_calls_each_that_it_calls(path: Path) -> None:
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    declared = msgspec.convert(manifest.get("resilience", {}), Resilience)

    assert {call.service for call in declared.calls} == called(manifest)
    assert len(declared.calls) == len({call.service for call in declared.calls})
    assert all("timeoutSeconds" in call for call in manifest.get("resilience", {}).get("calls", ()))


def test_what_the_sandbox_hands_over_is_what_the_kit_reads() -> None:
    loaded = load_manifests(MANIFESTS[0].parents[3], ["services/shop_services/*/service.yaml"])
    handed_over = {
        one.service.service: msgspec.json.encode(one.service.resilience).decode() for one in loaded if one.service.resilience
    }

    assert {name: len(read_resilience(text).calls) for name, text in handed_over.items()} == {
        one.service.service: len(one.service.resilience.calls) for one in loaded if one.service.resilience
    }


def test_a_service_calls_nobody_of_whom_its_manifest_says_nothing() -> None:
    settings = RuntimeSettings(shop_resilience='{"calls": [{"service": "pricing", "timeoutSeconds": 1}]}')
    service = Service("cart", settings, tracer=NoOpTracer(), shutdown=Shutdown(8.0), entered=AsyncExitStack())

    assert service.calls("pricing").policy.timeout_seconds == 1
    assert service.calls("pricing") is service.calls("pricing")
    with pytest.raises(Miscomposed, match=r"cart calls orders, and does not say how: .*resilience\.calls"):
        service.calls("orders")
    with pytest.raises(Miscomposed, match="cart calls edge"):
        service.tokens_from("edge", "http://127.0.0.1:9", issuer="shop-edge", audience="shop-internal")
