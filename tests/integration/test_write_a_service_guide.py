"""The guide to writing a service, done as it is written: in a copy of this checkout, with the whole shop around it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from e2e.keyring import Keyring
from e2e.shop import until
from shop_sandbox.client import start_or_attach
from shop_sandbox.events import SandboxReady
from shop_sandbox.paths import default_cache_root
from shop_sandbox.supervisor.protocol import SandboxStatus
from shop_sandbox.supervisor.settings import SupervisorSettings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]

CHECKOUT = Path(__file__).parents[2]
GUIDE = CHECKOUT / "docs/guides/write-a-service.md"
FILE = re.compile(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "SSL_CERT_FILE")
ROOTS = ("cli", "sandbox", "services", "contracts", "loadtests")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout, with the files that the guide shows and the modules that its first word makes."""
    copy = tmp_path_factory.mktemp("guide") / "checkout"
    for name in ("pyproject.toml", "justfile", "README.md", *ROOTS, "tests/unit/conftest.py", "tests/fakes"):
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy / name)
    for name, content in FILE.findall(GUIDE.read_text(encoding="utf-8")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(content, encoding="utf-8")
    run(copy, "shop_dev", "contracts", "generate")
    return copy


def environment(checkout: Path) -> dict[str, str]:
    """The environment in which the copy's own packages come before those of this checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHOP_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(str(checkout / root) for root in ROOTS)}


def run(checkout: Path, module: str, *arguments: str) -> str:
    """Run a module in the copy. Fails with what it said."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", module, *arguments],
        cwd=checkout,
        env=environment(checkout),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def shop(checkout: Path) -> Iterator[SandboxStatus]:
    """The shop with the guide's service in it."""
    given = environment(checkout)
    client = start_or_attach(
        SupervisorSettings(
            checkout=str(checkout),
            name="guide",
            cache_root=str(os.environ.get("SHOP_TEST_CACHE") or default_cache_root(dict(os.environ))),
            runtime_dir=str(checkout.parent / "run"),
            service_globs=["services/shop_services/*/service.yaml"],
            ports={},
            inherited={name: given[name] for name in (*INHERITED, "PYTHONPATH") if name in given},
        )
    )
    try:
        *_, ready = client.up(("receipts", "edge", "payments"))
        assert isinstance(ready, SandboxReady), ready
        yield client.status()
    finally:
        for _ in client.down(purge=True):
            pass


def test_the_guides_own_test_passes(checkout: Path) -> None:
    run(checkout, "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "tests/unit/shop_services/receipts")


def test_its_contracts_hold_and_its_imports_point_inwards(checkout: Path) -> None:
    run(checkout, "shop_dev", "contracts", "check")
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=checkout,
        env=environment(checkout),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_completed_order_has_a_receipt(shop: SandboxStatus) -> None:
    endpoints = shop.endpoints
    keyring = Keyring.of_sandbox(shop.environment)
    staff = {"authorization": f"Bearer {keyring.internal('guide', 'stock:write', 'pricing:write', 'receipts:read')}"}
    sku = f"GUIDE-{uuid.uuid4().hex[:8].upper()}"
    price = {"prices": [{"priceListId": "guide", "amount": {"currency": "EUR", "minorUnits": 1999}}]}
    for service, path, body in (
        ("inventory", f"/v1/stock-items/{sku}", {"stocked": 5}),
        ("pricing", "/v1/price-lists/guide", {"currency": "EUR"}),
        ("pricing", f"/v1/prices/{sku}", price),
    ):
        put = httpx.put(f"{endpoints[service]}{path}", json=body, headers={**staff, "if-none-match": "*"})
        assert put.status_code == 200, put.text

    def ask(path: str, wish: object) -> Any:
        return httpx.post(f"{endpoints['edge']}{path}", json=wish, headers={"idempotency-key": str(uuid.uuid4())}).json()

    quote = ask("/v1/quotes", {"lines": [{"sku": sku, "quantity": 1}], "currency": "EUR", "country": "DE"})
    placed = ask("/v1/orders", {"quote": quote["token"], "payment": {"methodToken": "tok_visa"}})

    def receipt() -> dict[str, Any] | None:
        answer = httpx.get(f"{endpoints['receipts']}/v1/receipts/{placed['id']}", headers=staff)
        return answer.json() if answer.status_code == 200 else None

    assert until("the order has a receipt", receipt, seconds=30) == {
        "orderId": placed["id"],
        "total": {"currency": "EUR", "minorUnits": 1999 + 490},
        "vat": {"currency": "EUR", "minorUnits": 398},  # 397.4, and what division leaves goes to the first share
    }
    assert httpx.get(f"{endpoints['receipts']}/v1/receipts/{placed['id']}").status_code == 401
