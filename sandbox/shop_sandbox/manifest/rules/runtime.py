"""How processes run: programs that must exist, variables that must not be set."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from shop_sandbox.manifest.faults import Path, did_you_mean
from shop_sandbox.manifest.form import Build, CommandHealth
from shop_sandbox.manifest.rules.view import Finding, View

_SANDBOX_SETS = re.compile(
    r"(KAFKA_BOOTSTRAP_SERVERS|SCHEMA_REGISTRY_URL|DATABASE_URL|REDIS_URL|PORT|PORT_.*|AWS_.*|OTEL_EXPORTER_.*|OTEL_SERVICE_NAME|SHOP_.*)\Z"
)
_LOOKS_SECRET = re.compile(r"(^|_)(PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE_KEY|API_KEY|CREDENTIALS?)(_|$)")


def _has_something_to_run(view: View) -> Iterator[Finding]:
    service = view.service
    if service.runtime is None and not service.workers and not service.functions:
        yield (), "nothing of it runs", "give it a `runtime`, `workers` or `functions`"
    if service.runtime is None:
        for part, noun in (("deploy", "process"), ("routes", "process")):
            if getattr(service, part):
                yield (part,), f"there is no {noun} that it is for", "give the service a `runtime`"


def _python_target(view: View) -> Iterator[Finding]:
    """Find a target inside the manifest's own package that has no file; one elsewhere is left to the import."""
    for place, runtime in view.runtimes:
        if runtime.python is not None:
            yield from _target(view, (*place, "python"), runtime.python)


def _target(view: View, place: Path, target: str) -> Iterator[Finding]:
    module, _, function = target.partition(":")
    parts = module.split(".")
    for depth in range(1, len(parts)):
        if view.folder.parts[-depth:] == tuple(parts[:depth]):
            below = view.folder.joinpath(*parts[depth:])
            file = next((one for one in (below.with_suffix(".py"), below / "__init__.py") if one.is_file()), None)
            if file is None:
                modules = {one.stem if one.is_file() else one.name for one in view.folder.iterdir() if one.suffix in ("", ".py")}
                yield place, f"there is no module {module!r}", did_you_mean(parts[-1], modules - {"__init__", "__pycache__"})
            elif not re.search(rf"(^|[^\w.]){re.escape(function)}\b", file.read_text(encoding="utf-8", errors="replace")):
                yield place, f"the module {module!r} has nothing named {function!r}", "write a function without parameters"
            return


def _interpreter(view: View) -> Iterator[Finding]:
    for place, runtime in view.runtimes:
        if runtime.interpreter is None:
            continue
        if runtime.python is None:
            yield (*place, "interpreter"), "runs a Python function, and none is named", "give `python`, or leave it out"
        elif not (view.folder / runtime.interpreter).is_file():
            hint = "make the environment first, as with `python3 -m venv .venv`; the path is relative to the folder of service.yaml"
            yield (*place, "interpreter"), f"there is no file {runtime.interpreter!r}", hint


def _command_exists(view: View) -> Iterator[Finding]:
    """Find a command whose path leads nowhere and that no build makes; a bare name is looked for on PATH at the start."""
    builds = [runtime.build for _, runtime in view.runtimes if runtime.build is not None]
    for place, runtime in view.runtimes:
        yield from _program(view, (*place, "command", 0), runtime.command, builds)
        if isinstance(runtime.health, CommandHealth):
            yield from _program(view, (*place, "health", "command", 0), runtime.health.command, builds)
        if runtime.build is not None:
            yield from _program(view, (*place, "build", "command", 0), runtime.build.command, [])


def _program(view: View, place: Path, command: tuple[str, ...] | None, builds: Sequence[Build]) -> Iterator[Finding]:
    if not command or "/" not in command[0] or (view.folder / command[0]).is_file():
        return
    made = [posixpath.normpath(output) for build in builds for output in build.outputs]
    path = posixpath.normpath(command[0])
    if not any(path == one or path.startswith(f"{one}/") for one in made):
        hint = "a path is relative to the folder of service.yaml"
        if builds:
            hint += ", and `build.outputs` does not list it"
        yield place, f"there is no file {command[0]!r}", hint


def _builds(view: View) -> Iterator[Finding]:
    builds: list[tuple[Path, Build | None]] = [((*place, "build"), runtime.build) for place, runtime in view.runtimes]
    builds += [(("functions", position, "build"), one.build) for position, one in enumerate(view.service.functions)]
    for place, build in builds:
        for position, name in enumerate(build.inputs if build else ()):
            if not (view.folder / name).exists():
                yield (
                    (*place, "inputs", position),
                    f"there is no file or folder {name!r}",
                    "paths are relative to the folder of service.yaml",
                )


def _watched(view: View) -> Iterator[Finding]:
    for place, runtime in view.runtimes:
        for position, name in enumerate(runtime.watch):
            if not (view.folder / name).exists():
                yield (
                    (*place, "watch", position),
                    f"there is no file or folder {name!r}",
                    "paths are relative to the folder of service.yaml",
                )


def _environment(view: View) -> Iterator[Finding]:
    for place, runtime in view.runtimes:
        yield from _variables((*place, "environment"), runtime.environment)
        for position, name in enumerate(runtime.pass_through):
            if name in runtime.environment:
                yield (*place, "passThrough", position), f"{name} is set under environment as well", "keep one of the two"
            elif _SANDBOX_SETS.match(name):
                yield (*place, "passThrough", position), f"{name} is set by the sandbox", "leave it out"
    for position, function in enumerate(view.service.functions):
        yield from _variables(("functions", position, "environment"), function.environment)


def _variables(place: Path, names: Iterable[str]) -> Iterator[Finding]:
    for name in names:
        if _SANDBOX_SETS.match(name):
            yield (*place, name), "is set by the sandbox", "leave it out, or choose another name"
        elif _LOOKS_SECRET.search(name):
            yield (*place, name), "looks like a secret", "declare it under needs.secrets"


RULES = (_has_something_to_run, _python_target, _interpreter, _command_exists, _builds, _watched, _environment)
