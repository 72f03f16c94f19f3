"""What the nursery imports ahead: all that its children need from others, and nothing that a fork would not survive."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from shop_sandbox.engines.programs import REGISTRY_TARGET, TELEMETRY_TARGET
from shop_sandbox.manifest.loader import load_manifests
from shop_sandbox.resources.model import PythonRuntime
from shop_sandbox.resources.shop import resources_of

CHECKOUT = Path(__file__).resolve().parents[4]

IN_A_PROCESS_OF_ITS_OWN = """
import importlib, json, os, sys
from shop_sandbox.supervisor.fork_server.preloaded import PRELOADED, preload

before = set(os.listdir("/proc/self/fd"))
preload()
told = {
    "missing": [name for name in PRELOADED if name not in sys.modules],
    "threads": len(os.listdir("/proc/self/task")),
    "opened": len(set(os.listdir("/proc/self/fd")) - before),
}
ahead = set(sys.modules)
for target in json.loads(sys.argv[1]):
    importlib.import_module(target.partition(":")[0])
own = ("shop_kit", "shop_services", "shop_contracts", "shop_sandbox", "shop_seeding")
told["late"] = sorted({name.partition(".")[0] for name in set(sys.modules) - ahead} - set(own) - sys.stdlib_module_names)
print(json.dumps(told))
"""

AFTER_THE_PROJECTS_OWN = """
import json, os, sys
from shop_sandbox.supervisor.fork_server.preloaded import preload
from shop_sandbox.supervisor.fork_server.shared_code import SharedCode

preload()
ahead, before = set(sys.modules), set(os.listdir("/proc/self/fd"))
modules = json.loads(sys.argv[1])
shared = SharedCode()
shared.load(modules, [])
shared.forget_if_edited()
told = {
    "missing": [name for name in modules if name not in sys.modules],
    "others": sorted({name.partition(".")[0] for name in set(sys.modules) - ahead} - {"shop_kit"}),
    "threads": len(os.listdir("/proc/self/task")),
    "opened": len(set(os.listdir("/proc/self/fd")) - before),
}
print(json.dumps(told))
"""

IN_TWO_FORKS = """
import asyncio, os, sys
from shop_sandbox.supervisor.fork_server.preloaded import preload

preload()
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio

async def ask_oneself():
    server = grpc.aio.server()
    servicer = aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
    await server.stop(None)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING

def child():
    pid = os.fork()
    if pid == 0:
        asyncio.run(ask_oneself())
        os._exit(0)
    return pid

assert [os.waitpid(pid, 0)[1] for pid in (child(), child())] == [0, 0]
"""

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is preloaded")


def run(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@on_linux
def test_all_that_services_import_from_others_is_there_before_they_are_forked() -> None:
    globs = ["services/shop_services/*/service.yaml"]
    resources = resources_of(load_manifests(CHECKOUT, globs), CHECKOUT, globs)
    targets = [one.runtime.target for one in resources.values() if isinstance(one.runtime, PythonRuntime)]

    told: dict[str, Any] = json.loads(run(IN_A_PROCESS_OF_ITS_OWN, json.dumps([*targets, REGISTRY_TARGET, TELEMETRY_TARGET])))

    assert told["missing"] == []
    assert (told["threads"], told["opened"]) == (1, 0), "a fork has neither the threads nor a use for the files"
    assert told["late"] == [], "each service imports these for itself, while somebody waits: add them to PRELOADED"


@on_linux
def test_the_shared_code_that_this_project_names_can_be_imported_ahead() -> None:
    modules = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["shop-dev"]["preload"]

    told: dict[str, Any] = json.loads(run(AFTER_THE_PROJECTS_OWN, json.dumps(modules)))

    assert modules
    assert told == {"missing": [], "others": [], "threads": 1, "opened": 0}


@on_linux
def test_a_fork_of_what_has_imported_grpc_serves_and_calls_it() -> None:
    run(IN_TWO_FORKS)
