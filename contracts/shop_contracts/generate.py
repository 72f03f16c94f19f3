"""Generates Python modules and type stubs from the Protobuf contracts: `python -m shop_contracts.generate [--check]`.

The modules are checked in beside their `.proto` files, so that nobody needs a compiler to run the shop. Compiler and plugin are
pinned by the lock file, so the same contracts give the same bytes on every machine, and CI can tell with `--check` whether they
are fresh.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from shop_contracts.protobuf.compiler import captured_stderr

IMPORT_ROOT = Path(__file__).resolve().parent.parent
PROTO_ROOT = IMPORT_ROOT / "shop_contracts" / "proto"
_SAID_BYTES = 4096
GENERATED_PATTERNS = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb2_grpc.pyi")


class GenerationFailed(Exception):
    """The contracts could not be compiled; the text has what the compiler says, by file and line."""


def main(arguments: list[str] | None = None) -> int:
    """Generate all modules, or with `--check` say which are not fresh.

    Returns the exit status: 0, or 1 when something is stale (with `--check`) or a contract does not compile.
    """
    parser = argparse.ArgumentParser(
        prog="python -m shop_contracts.generate", description="Generate modules from the Protobuf contracts."
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail when a generated module is missing, stale or left over"
    )
    options = parser.parse_args(arguments)
    try:
        fresh = compile_contracts(IMPORT_ROOT)
    except GenerationFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    stale = stale_modules(fresh, IMPORT_ROOT)
    if not options.check:
        write_modules(fresh, stale, IMPORT_ROOT)
    verb = "is not fresh" if options.check else "written"
    sys.stdout.writelines(f"{path.as_posix()} {verb}\n" for path in stale)
    if options.check and stale:
        sys.stdout.write("hint: run `python -m shop_contracts.generate` and commit the result\n")
        return 1
    return 0


def compile_contracts(import_root: Path, proto_root: Path | None = None) -> dict[Path, bytes]:
    """Compile every contract under `proto_root`, by default the shop's. Returns the files by their path in `import_root`.

    Raises GenerationFailed when the compiler refuses a contract, or a plugin is not installed.
    """
    from grpc_tools import protoc

    sources = proto_root or import_root / "shop_contracts" / "proto"
    contracts = sorted(path.relative_to(import_root) for path in sources.rglob("*.proto"))
    with_services = [path for path in contracts if _declares_a_service(import_root / path)]
    with tempfile.TemporaryDirectory(prefix="shop-contracts-") as scratch:
        plugins = [f"--plugin=protoc-gen-{name}={_plugin(name)}" for name in ("mypy", "mypy_grpc")]
        includes = [f"-I{import_root}", f"-I{files('grpc_tools').joinpath('_proto')}"]
        _run(protoc.main, [*plugins, *includes, f"--python_out={scratch}", f"--mypy_out=quiet:{scratch}", *map(str, contracts)])
        if with_services:
            outputs = [f"--grpc_python_out={scratch}", f"--mypy_grpc_out=quiet:{scratch}"]
            _run(protoc.main, [*plugins, *includes, *outputs, *map(str, with_services)])
        produced = sorted(path for path in Path(scratch).rglob("*") if path.is_file())
        return {path.relative_to(scratch): path.read_bytes() for path in produced}


def stale_modules(fresh: dict[Path, bytes], import_root: Path, proto_root: Path | None = None) -> list[Path]:
    """Name the generated files that are missing, differ from `fresh`, or belong to no contract any more.

    Paths are relative to `import_root`.
    """
    sources = proto_root or import_root / "shop_contracts" / "proto"
    present = {path.relative_to(import_root) for pattern in GENERATED_PATTERNS for path in sources.rglob(pattern)}
    differing = {path for path, content in fresh.items() if path not in present or (import_root / path).read_bytes() != content}
    return sorted(differing | (present - fresh.keys()))


def write_modules(fresh: dict[Path, bytes], stale: list[Path], import_root: Path) -> None:
    """Write those of `fresh` that are `stale`, and remove the stale ones that no contract gives any more."""
    for path in stale:
        target = import_root / path
        if path in fresh:
            draft = target.with_name(f".{target.name}.draft")
            draft.write_bytes(fresh[path])
            draft.replace(target)
        else:
            target.unlink()


def _declares_a_service(contract: Path) -> bool:
    return any(line.startswith("service ") for line in contract.read_text(encoding="utf-8", errors="replace").splitlines())


def _plugin(name: str) -> str:
    """Find a compiler plugin beside this interpreter first: the one on PATH may be another version."""
    scripts = sysconfig.get_path("scripts")
    found = shutil.which(f"protoc-gen-{name}", path=scripts) or shutil.which(f"protoc-gen-{name}")
    if found is None:
        raise GenerationFailed(
            f"protoc-gen-{name} is not installed. hint: install the development tools, `pip install -e '.[dev]'`"
        )
    return found


def _run(compiler: Callable[[list[str]], int], arguments: list[str]) -> None:
    with captured_stderr() as report:
        status = compiler(["protoc", *arguments])
        report.seek(0)
        said = report.read(_SAID_BYTES).decode(errors="replace").splitlines()
    if status != 0:
        raise GenerationFailed(f"The contracts do not compile: {'; '.join(said) or 'the compiler does not say why'}")


if __name__ == "__main__":
    sys.exit(main())
