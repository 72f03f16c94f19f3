"""Times a comparison of OpenAPI documents of 500 operations, reading included. Prints; asserts nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from shop_contracts.openapi_diff import diff, open_api

OPERATIONS = 500
ROUNDS = 5


def text(*, narrowed: range) -> str:
    """A document of 500 operations and as many components, in YAML; the components in `narrowed` take shorter text."""
    schemas = {
        f"Order{number}": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "string", "maxLength": 20 if number in narrowed else 40},
                "total": {"type": "integer", "minimum": 0},
                "state": {"enum": ["open", "paid", "sent"]},
                "before": {"$ref": f"#/components/schemas/Order{max(number - 1, number // 5 * 5)}"},
            },
        }
        for number in range(OPERATIONS)
    }
    paths = {f"/orders{number}/{{id}}": {"put": operation(number)} for number in range(OPERATIONS)}
    document = {"openapi": "3.1.0", "info": {"title": "B", "version": "1"}, "paths": paths, "components": {"schemas": schemas}}
    return yaml.dump(json.loads(json.dumps(document)), Dumper=yaml.CSafeDumper, sort_keys=False)


def operation(number: int) -> dict[str, Any]:
    """One operation with parameters, a body and two answers."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/Order{number}"}}}
    return {
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
            {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
        ],
        "requestBody": {"required": True, "content": content},
        "responses": {"200": {"description": "done", "content": content}, "404": {"description": "not there"}},
    }


def measure(name: str, work: Callable[[], object]) -> None:
    """Print the best of several rounds in milliseconds: by the clock, and of CPU, which a busy machine blurs less."""
    clock, cpu = [], []
    for _ in range(ROUNDS):
        started, used = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
    sys.stdout.write(f"{name:<58} {min(clock) * 1000:7.1f} ms   CPU {min(cpu) * 1000:7.1f} ms\n")


def main() -> None:
    """Print how long reading and comparing takes, with nothing changed, one component changed and all."""
    old = text(narrowed=range(0))
    sys.stdout.write(f"{OPERATIONS} operations, {old.count(chr(10))} lines of YAML\n")
    measure("read one document", lambda: open_api(Path("old.yaml"), text=old))
    for changed, narrowed in (("nothing", range(0)), ("one component", range(499, 500)), ("every component", range(OPERATIONS))):
        new = text(narrowed=narrowed)
        measure(f"read both, compare, {changed} changed", partial(compared, old, new))


def compared(old: str, new: str) -> object:
    """Read and compare two texts."""
    return diff(open_api(Path("old.yaml"), text=old), open_api(Path("new.yaml"), text=new))


if __name__ == "__main__":
    main()
