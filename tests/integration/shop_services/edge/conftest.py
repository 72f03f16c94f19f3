from __future__ import annotations

from collections.abc import Iterator

import pytest
from fakes.bare_platform import PlatformSettings, bare_platform


@pytest.fixture(scope="package")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformSettings]:
    with bare_platform(tmp_path_factory.mktemp("platform")) as found:
        yield found


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
