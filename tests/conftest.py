"""What holds for every test run, however it was started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import hypothesis
import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let stores of integration tests come from throw-away containers: `--engine docker`, the same as SHOP_TEST_ENGINE=docker."""
    parser.addoption("--engine", choices=("embedded", "docker"), default=os.environ.get("SHOP_TEST_ENGINE", "embedded"))


@pytest.fixture(scope="session", autouse=True)
def docker_of_this_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have a daemon and images where stores come from containers, or SHOP_ENGINE lets whole sandboxes run in them; skips where
    there are none."""
    wants_stores, engine = request.config.getoption("--engine") == "docker", os.environ.get("SHOP_ENGINE", "embedded")
    if not wants_stores and engine == "embedded":
        yield
        return
    from fakes.docker_here import daemon_address, ensure_images
    from shop_sandbox.engines.docker.images import KAFKA, MINISTACK, POSTGRES, PYTHON, VALKEY

    with daemon_address(tmp_path_factory.mktemp("docker")) as address, pytest.MonkeyPatch.context() as patch:
        ensure_images(address, [str(image) for image in (KAFKA, POSTGRES, VALKEY, MINISTACK, PYTHON)])
        patch.setenv("DOCKER_HOST", address)
        patch.setenv("SHOP_TEST_ENGINE", "docker" if wants_stores else "embedded")
        if engine == "docker":  # minutes the first time, which no `up` of a test has
            subprocess.run([sys.executable, "-P", "-m", "shop_dev", "build"], check=True, capture_output=True)
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Hear Ctrl-C: a shell starts what it puts into the background with SIGINT ignored, and children would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    hypothesis.settings.register_profile("unhurried", deadline=None)  # no test asserts a wall-clock time
    hypothesis.settings.load_profile("unhurried")
