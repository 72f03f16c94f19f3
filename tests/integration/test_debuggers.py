"""A service under a debugger in its own place, up to a breakpoint that a request hits, as the guide to debugging says."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import httpx
import pytest
from fakes.debuggers import SECONDS, CdpEditor, DapEditor
from shop_sandbox.paths import default_cache_root

GUIDE = Path(__file__).parents[2] / "docs/guides/debug-one-service.md"
T = TypeVar("T")
_FIRST_BUILD_SECONDS = 240.0
"""The first build without optimisations is of all packages of Go's library."""

pytestmark = pytest.mark.integration


class Project:
    """A repository of somebody's with one service and a sandbox that runs it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        kept = ("PATH", "HOME", "LANG", "TMPDIR")
        self.environment = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "SHOP_CACHE_DIR": os.environ.get("SHOP_TEST_CACHE") or str(default_cache_root(dict(os.environ))),
        }

    def shop_dev(self, *words: str) -> Any:
        done = subprocess.run(
            self.command(*words, "--json"), cwd=self.root, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)["data"]

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "shop_dev", *words]

    @property
    def greeting(self) -> str:
        return f"{self.shop_dev('status')['endpoints']['greeter']}/v1/greetings/Ada"

    @contextmanager
    def swapped(self, *debugger: str) -> Iterator[None]:
        """The service's place is taken by a debugger with the service in it; afterwards the service is back."""
        with subprocess.Popen(self.command("swap", "greeter", "--", *debugger), cwd=self.root, env=self.environment) as process:
            try:
                yield
            finally:
                process.terminate()
        self.shop_dev("wait", "greeter", "--timeout", "60")
        assert httpx.get(self.greeting, timeout=SECONDS).status_code == 200

    @contextmanager
    def left_to_an_editor(self, form: str) -> Iterator[Path]:
        """The service is left out, and an editor has the file that the guide tells to write; afterwards nothing runs."""
        up, env = words_for_an_editor(form)
        self.shop_dev("down")
        self.shop_dev(*up)
        said = subprocess.run(self.command(*env), cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stderr
        (file := self.root / f"editor.{form}").write_text(said.stdout, encoding="utf-8")
        yield file


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    project = Project(tmp_path)
    project.shop_dev("init", "--language", request.param)
    project.shop_dev("up")
    try:
        yield project
    finally:
        project.shop_dev("down", "--purge")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def line_of(file: Path, text: str) -> int:
    return next(number for number, line in enumerate(file.read_text().splitlines(), 1) if text in line)


def eventually(attempt: Callable[[], T], *, within: float = SECONDS) -> T:
    """Return what comes as soon as somebody listens."""
    deadline = time.monotonic() + within
    while True:
        try:
            return attempt()
        except OSError:
            assert time.monotonic() < deadline, "nobody listens"
            time.sleep(0.05)


def words_of_the_guide(begin: str, port: int) -> tuple[str, ...]:
    """Return the command that the guide puts behind `swap`, for this service and a free port."""
    text = GUIDE.read_text(encoding="utf-8").replace("\\\n", " ")
    (found,) = re.findall(rf"^\./shop-dev swap \w+ -- (.*{re.escape(begin)}.*)$", text, re.MULTILINE)
    return tuple(re.sub(r"\b(5678|9229|2345)\b", str(port), str(found)).split())


def words_for_an_editor(form: str) -> tuple[list[str], list[str]]:
    """Return what the guide types for an editor that starts the service itself: what leaves it out, and what writes its file."""
    text = GUIDE.read_text(encoding="utf-8").replace("orders", "greeter")
    (up,) = re.findall(r"^\./shop-dev (up --without \w+)$", text, re.MULTILINE)
    (env,) = re.findall(rf"^\./shop-dev (env --for \w+ --format {form}) >", text, re.MULTILINE)
    return up.split(), env.split()


def greeting_at(port: str) -> str:
    return f"http://127.0.0.1:{port}/v1/greetings/Ada"


def answered(url: str) -> dict[str, Any]:
    """Return what a service says that is just being started."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return dict(httpx.get(url, timeout=SECONDS).json())
        except httpx.ConnectError:
            assert time.monotonic() < deadline, "nobody listens"
            time.sleep(0.05)


@pytest.mark.parametrize("project", ["python"], indirect=True)
def test_vs_codes_file_starts_a_python_service_under_debugpy(project: Project) -> None:
    server, port = project.root / "services/greeter/server.py", free_port()

    with project.left_to_an_editor("vscode") as file:
        (configuration,) = json.loads(file.read_text())["configurations"]
        assert (configuration["type"], configuration["request"]) == ("debugpy", "launch")
        with (
            subprocess.Popen([sys.executable, "-m", "debugpy.adapter", "--host", "127.0.0.1", "--port", str(port)]) as adapter,
            ThreadPoolExecutor(1) as browser,
        ):
            try:
                with eventually(lambda: DapEditor(port)) as editor:
                    # VS Code would show a terminal of its own.
                    editor.launch(
                        {**configuration, "console": "internalConsole"}, {server: line_of(server, 'self.answer(200, {"greeting"')}
                    )
                    answer = browser.submit(answered, greeting_at(configuration["env"]["PORT"]))

                    assert editor.value_where_it_stops("self.path") == "'/v1/greetings/Ada'"
                    editor.go_on()
                    assert answer.result() == {"greeting": "Hello, Ada!"}
            finally:
                adapter.terminate()


@pytest.mark.parametrize("project", ["python"], indirect=True)
def test_a_dotenv_file_is_all_that_a_debugger_of_ones_own_needs(project: Project) -> None:
    """As PyCharm and GoLand start a program: with the variables of the file, in the folder of the service."""
    server, port = project.root / "services/greeter/server.py", free_port()

    with project.left_to_an_editor("dotenv") as file:
        started = f'set -a; . "{file}"; exec "{sys.executable}" -m debugpy --listen 127.0.0.1:{port} --wait-for-client server.py'
        with subprocess.Popen(["/bin/sh", "-c", started], cwd=server.parent) as process, ThreadPoolExecutor(1) as browser:
            try:
                with eventually(lambda: DapEditor(port)) as editor:
                    editor.attach({server: line_of(server, 'self.answer(200, {"greeting"')}, justMyCode=False)
                    own = re.search(r"^PORT=(\d+)$", file.read_text(), re.MULTILINE)
                    assert own is not None
                    answer = browser.submit(answered, greeting_at(own[1]))

                    assert editor.value_where_it_stops("os.environ['OTEL_SERVICE_NAME']") == "'greeter'"
                    editor.go_on()
                    assert answer.result() == {"greeting": "Hello, Ada!"}
            finally:
                process.terminate()


@pytest.mark.skipif(shutil.which("dlv") is None, reason="Delve is not installed here")
@pytest.mark.parametrize("project", ["go"], indirect=True)
def test_vs_codes_file_starts_a_go_service_under_delve(project: Project) -> None:
    server, port = project.root / "services/greeter/main.go", free_port()

    with project.left_to_an_editor("vscode") as file:
        (configuration,) = json.loads(file.read_text())["configurations"]
        assert (configuration["type"], configuration["mode"]) == ("go", "auto")
        with (
            # The Go extension starts Delve where the program is: it builds there.
            subprocess.Popen(
                ["dlv", "dap", "--listen", f"127.0.0.1:{port}"], cwd=configuration["program"], env=project.environment
            ) as adapter,
            ThreadPoolExecutor(1) as browser,
        ):
            try:
                with eventually(lambda: DapEditor(port, patience=_FIRST_BUILD_SECONDS)) as editor:
                    # The Go extension makes of `auto` what Delve knows, by the file that is open.
                    editor.launch({**configuration, "mode": "debug"}, {server: line_of(server, 'map[string]any{"greeting"')})
                    answer = browser.submit(answered, greeting_at(configuration["env"]["PORT"]))

                    assert editor.value_where_it_stops("request.Method") == '"GET"'
                    editor.go_on()
                    assert answer.result() == {"greeting": "Hello, Ada!"}
            finally:
                adapter.terminate()


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed here")
@pytest.mark.parametrize("project", ["node"], indirect=True)
def test_vs_codes_file_starts_a_node_service_under_the_inspector(project: Project) -> None:
    """As VS Code's debugger of JavaScript does, which is no program of its own."""
    server, port = project.root / "services/greeter/server.mjs", free_port()

    async def debug(own: str) -> None:
        targets = eventually(lambda: _targets(port))
        async with aiohttp.ClientSession() as session, session.ws_connect(targets[0]["webSocketDebuggerUrl"]) as connection:
            editor = CdpEditor(connection)
            await editor.attach("server.mjs", line_of(server, "answer(response, 200, { greeting"))
            answer = asyncio.create_task(asyncio.to_thread(answered, greeting_at(own)))

            assert await editor.value_where_it_stops("request.url") == "/v1/greetings/Ada"
            await editor.go_on()
            assert await answer == {"greeting": "Hello, Ada!"}

    with project.left_to_an_editor("vscode") as file:
        (configuration,) = json.loads(file.read_text())["configurations"]
        assert configuration["type"] == "node"
        program = ["node", f"--inspect-brk=127.0.0.1:{port}", configuration["program"], *configuration["args"]]
        with subprocess.Popen(program, cwd=configuration["cwd"], env=configuration["env"]) as process:
            try:
                asyncio.run(debug(configuration["env"]["PORT"]))
            finally:
                process.terminate()


@pytest.mark.parametrize("project", ["python"], indirect=True)
def test_debugpy_stops_a_python_service_at_a_breakpoint(project: Project) -> None:
    server, port = project.root / "services/greeter/server.py", free_port()
    python, *words = words_of_the_guide("debugpy", port)
    assert python == ".venv/bin/python"

    with (
        project.swapped(sys.executable, *words[: words.index("-m", 2)], "server.py"),
        eventually(lambda: DapEditor(port)) as editor,
        ThreadPoolExecutor(1) as browser,
    ):
        editor.attach({server: line_of(server, 'self.answer(200, {"greeting"')}, justMyCode=False)
        project.shop_dev("wait", "greeter", "--timeout", "60")
        answer = browser.submit(httpx.get, project.greeting, timeout=SECONDS)

        assert editor.value_where_it_stops("self.path") == "'/v1/greetings/Ada'"
        editor.go_on()
        assert answer.result().json() == {"greeting": "Hello, Ada!"}


@pytest.mark.skipif(shutil.which("dlv") is None, reason="Delve is not installed here")
@pytest.mark.parametrize("project", ["go"], indirect=True)
def test_delve_stops_a_go_service_at_a_breakpoint(project: Project) -> None:
    server, port = project.root / "services/greeter/main.go", free_port()

    with (
        project.swapped(*words_of_the_guide("dlv debug", port)),
        eventually(lambda: DapEditor(port), within=_FIRST_BUILD_SECONDS) as editor,
        ThreadPoolExecutor(1) as browser,
    ):
        editor.attach({server: line_of(server, 'map[string]any{"greeting"')}, mode="remote")
        project.shop_dev("wait", "greeter", "--timeout", "60")
        answer = browser.submit(httpx.get, project.greeting, timeout=SECONDS)

        assert editor.value_where_it_stops("request.Method") == '"GET"'
        editor.go_on()
        assert answer.result().json() == {"greeting": "Hello, Ada!"}


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed here")
@pytest.mark.parametrize("project", ["node"], indirect=True)
def test_the_inspector_stops_a_node_service_at_a_breakpoint(project: Project) -> None:
    server, port = project.root / "services/greeter/server.mjs", free_port()
    node, inspect, _ = words_of_the_guide("--inspect-brk", port)

    async def debug() -> None:
        targets = eventually(lambda: _targets(port))
        async with aiohttp.ClientSession() as session, session.ws_connect(targets[0]["webSocketDebuggerUrl"]) as connection:
            editor = CdpEditor(connection)
            await editor.attach("server.mjs", line_of(server, "answer(response, 200, { greeting"))
            await asyncio.to_thread(project.shop_dev, "wait", "greeter", "--timeout", "60")
            answer = asyncio.create_task(asyncio.to_thread(httpx.get, project.greeting, timeout=SECONDS))

            assert await editor.value_where_it_stops("request.url") == "/v1/greetings/Ada"
            await editor.go_on()
            assert (await answer).json() == {"greeting": "Hello, Ada!"}

    with project.swapped(node, inspect, "server.mjs"):
        asyncio.run(debug())


def _targets(port: int) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = httpx.get(f"http://127.0.0.1:{port}/json/list", timeout=SECONDS).json()
    except httpx.TransportError as error:
        raise OSError(str(error)) from error
    return found
