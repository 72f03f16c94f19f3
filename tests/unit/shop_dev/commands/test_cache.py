"""`shop-dev cache`, seen from the terminal."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from fakes.command_line import ShopDev


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "the cache"
    monkeypatch.setenv("SHOP_CACHE_DIR", str(root))
    for name, days in (("java-1", 2), ("kafka-aot-1", 40)):
        folder = root / "derived" / name
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"x" * 2_000_000)
        then = time.time() - days * 86_400
        os.utime(folder, (then, then))
    return root


def test_the_list_says_what_how_much_and_since_when(shop_dev: ShopDev, checkout: Path, cache: Path) -> None:
    said = shop_dev("cache", "list")

    assert (said.status, said.err) == (0, "")
    assert "  Java runtime                              2.0 MB   2 days ago\n" in said.out
    assert f"4 MB in {cache}." in said.out


def test_pruning_says_what_went(shop_dev: ShopDev, checkout: Path, cache: Path) -> None:
    assert shop_dev("cache", "prune", "--json").document()["data"]["freedBytes"] == 2_000_000
    assert [folder.name for folder in (cache / "derived").iterdir()] == ["java-1"]
    assert shop_dev("cache", "prune").out == "There is nothing to remove.\n"
