"""The next major version of a contract, laid beside the one there is: where a change cannot be made without breaking somebody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from shop_contracts.tree.declared import Contracts, Payload, Rpc

_VERSION = re.compile(r"(?<![A-Za-z0-9_])v(\d+)(?![A-Za-z0-9_])")
_PACKAGE = re.compile(r"^\s*package\s+([A-Za-z0-9_.]+)\s*;", re.MULTILINE)
_IMPORT = re.compile(r'^(\s*import\s+(?:public\s+)?")([^"]+)("\s*;)', re.MULTILINE)
_PATH_ITEM = re.compile(r"^  (['\"]?)(/[^'\"\s:]*)\1:\s*(#.*)?$")
_OPERATION_ID = re.compile(r"^(\s+operationId:\s*)(['\"]?)([A-Za-z0-9_.-]+)\2\s*$", re.MULTILINE)


class NoNextVersion(Exception):
    """A next version cannot be laid out; the text says why."""


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What to write (paths in the checkout to contents) and what is left to do by hand, a sentence or a line of YAML each."""

    files: Mapping[str, bytes]
    hints: tuple[str, ...]


def of_protobuf(contracts: Contracts, declared: Payload | Rpc) -> Scaffold:
    """Lay out the next version of a .proto file and of what it imports from its own folder. Raises NoNextVersion."""
    schema = str(declared.schema)
    folder = PurePosixPath(schema).parent
    now = _VERSION.fullmatch(folder.name)
    if now is None:
        raise NoNextVersion(f"{schema} does not lie in a folder named after its version, as in orders/v1/")
    number = _next_number(contracts.root / folder.parent, int(now[1]))
    new_folder = folder.with_name(f"v{number}")
    own = _own_files(contracts, schema)
    package = _package(contracts.root / schema)
    new_package = _VERSION.sub(f"v{number}", package)
    if new_package == package:
        raise NoNextVersion(f"the package {package} of {schema} does not end in a version, as in shop.orders.v1")
    files = {}
    for path in own:
        text = (contracts.root / path).read_text(encoding="utf-8")
        files[str(new_folder / PurePosixPath(path).name)] = _renamed(text, package, new_package, folder, new_folder).encode()
    if (contracts.root / folder / "__init__.py").is_file():
        files[str(new_folder / "__init__.py")] = (contracts.root / folder / "__init__.py").read_bytes()
    return Scaffold(files, _protobuf_hints(declared, str(new_folder / PurePosixPath(schema).name), package, new_package, number))


def of_rest(contracts: Contracts, document: str) -> Scaffold:
    """Lay out, in the same document, every path of the newest version under the next one. Raises NoNextVersion."""
    lines = (contracts.root / document).read_text(encoding="utf-8").splitlines()
    blocks = _path_blocks(lines)
    numbers = [int(found[1]) for path in blocks if (found := re.match(r"/v(\d+)(/|$)", path))]
    if not numbers:
        raise NoNextVersion(f"{document} has no path in block style that begins with a version, as in /v1/orders")
    now, number = max(numbers), max(numbers) + 1
    prefix = f"/v{now}"
    copied: list[str] = []
    end = 0
    for path, (begin, stop) in blocks.items():
        if path == prefix or path.startswith(f"{prefix}/"):
            block = "\n".join(lines[begin:stop]).replace(path, f"/v{number}{path.removeprefix(prefix)}", 1)
            copied.append(_OPERATION_ID.sub(lambda found: f"{found[1]}{found[2]}{found[3]}V{number}{found[2]}", block).rstrip())
            end = max(end, stop)
    while end > 0 and not lines[end - 1].strip():
        end -= 1
    text = "\n".join([*lines[:end], *copied, *lines[end:]]) + "\n"
    hints = (
        f"Change what must change below /v{number}; schemas it shares with /v{now} need a copy first.",
        f"Serve /v{number} beside /v{now}: the check names each endpoint until it is served.",
    )
    return Scaffold({document: text.encode()}, hints)


def _next_number(folder: Path, now: int) -> int:
    numbers = [int(found[1]) for path in folder.iterdir() if path.is_dir() and (found := _VERSION.fullmatch(path.name))]
    newest = max(numbers, default=now)
    if newest > now:
        raise NoNextVersion(f"v{newest} is there beside v{now} already: go on in {folder.name}/v{newest}")
    return now + 1


def _own_files(contracts: Contracts, schema: str) -> list[str]:
    """The file and what it imports from its own folder, directly or not."""
    found: list[str] = []
    waiting = [schema]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.append(path)
        text = (contracts.root / path).read_text(encoding="utf-8")
        for _, wanted, _ in _IMPORT.findall(text):
            shown = contracts.shown(wanted)
            if PurePosixPath(shown).parent == PurePosixPath(schema).parent and (contracts.root / shown).is_file():
                waiting.append(shown)
    return found


def _package(file: Path) -> str:
    found = _PACKAGE.search(file.read_text(encoding="utf-8"))
    if found is None:
        raise NoNextVersion(f"{file.name} has no package")
    return found[1]


def _renamed(text: str, package: str, new_package: str, folder: PurePosixPath, new_folder: PurePosixPath) -> str:
    text = re.sub(rf"(?<![A-Za-z0-9_.]){re.escape(package)}(?![A-Za-z0-9_])", new_package, text)
    here = f"{folder.parent.name}/{folder.name}/"
    there = f"{new_folder.parent.name}/{new_folder.name}/"
    return _IMPORT.sub(lambda found: f"{found[1]}{found[2].replace(here, there)}{found[3]}", text)


def _protobuf_hints(declared: Payload | Rpc, schema: str, package: str, new_package: str, number: int) -> tuple[str, ...]:
    if isinstance(declared, Rpc):
        return (f"Add to `contracts.grpc` in {declared.place.file}: {schema}",)
    name = _VERSION.sub(f"v{number}", declared.name)
    message = str(declared.message).replace(package, new_package)
    return (
        f"Add below `needs.topics.produces` in {declared.place.file}:",
        f"  - {{name: {name}, schema: {schema}, message: {message}}}",
        f"Produce to {declared.name} and {name} until every consumer has moved; then retire {declared.subject}.",
    )


def _path_blocks(lines: list[str]) -> dict[str, tuple[int, int]]:
    """Each path of the document with the lines it takes up, first and behind the last."""
    blocks: dict[str, tuple[int, int]] = {}
    inside, current, begin = False, "", 0
    for at, line in enumerate([*lines, "end:"]):
        is_top = bool(line) and not line[0].isspace() and not line.startswith("#")
        found = _PATH_ITEM.match(line) if inside else None
        if (is_top or found) and current:
            blocks[current] = (begin, at)
            current = ""
        if is_top:
            inside = line.startswith("paths:")
        elif found:
            current, begin = found[2], at
    return blocks
