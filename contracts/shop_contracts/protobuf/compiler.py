"""Protobuf sources to descriptors, by the real compiler, in process.

`grpc_tools` carries protoc as a C++ extension: about 0.3 ms for a small file where a `protoc` subprocess takes 120 ms. It reads
files, so sources go to a private directory (in memory where the machine has `/dev/shm`), and it reports on file descriptor 2,
which is captured for the length of the call.
"""

from __future__ import annotations

import os
import re
import subprocess  # nosec B404 # runs the compiler on files of ours
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from shop_contracts.protobuf.compiled import CompiledProto, InvalidProto, Problem

MAX_SOURCE_BYTES = 10 * 1024 * 1024
"""All sources of one compilation together."""
MAX_FILES = 1_000
"""A chain of imports is recursion inside the compiler: 3,000 pass on an 8 MB stack, and threads on macOS have 512 KB."""
MAX_DEPTH = 100
"""Braces within braces. The compiler ends itself at 32 nested messages but crashes on deep option values (200,000 were tried)."""
MAX_PROBLEMS = 50
_REPORT_BYTES = 256 * 1024

# What never ends runs to the end of the line or file, so that looking for it again and again costs nothing.
_PARTS = re.compile(r"""//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|[{\[<]|[}\]>]""", re.DOTALL)
_OPTION_IMPORT = re.compile(r"\bimport\s+option\b")
_REPORT = re.compile(r"^(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): (?P<message>.*)$")
_NOISE = re.compile(r"^(WARNING: All log messages|[IWE]\d{4} )|: warning: ")
_NAME_PART = re.compile(r"[^\x00-\x1f\x7f\\/:*?\"<>|]{1,200}")
_compiling = threading.Lock()


def compile_proto(
    text: str,
    references: Mapping[str, str] | None = None,
    *,
    name: str = "schema.proto",
    source_info: bool = False,
    isolated: bool = False,
) -> CompiledProto:
    """Compile `text`, whose imports are looked up in `references` (import name to source, the whole closure).

    Imports of google/protobuf, google/type and confluent need no reference. `name` is what the file is called in problems and in
    its descriptor; where a reference has that name already, underscores go before it. `source_info` keeps comments and places.
    `isolated` compiles in a process of its own: slower, but in here the compiler lets no other thread go on. Raises InvalidProto.
    """
    sources = dict(references or {})
    while name in sources:
        name = f"_{name}"
    sources[name] = text
    encoded = {path: _checked(path, source) for path, source in sources.items()}
    _check_sizes(name, encoded)
    may_crash = any(map(_imports_options, sources.values()))
    with _source_tree(encoded) as root:
        found = _run_protoc(root, name, source_info=source_info, isolated=isolated or may_crash)
    *dependencies, main = found.file
    return CompiledProto(main, tuple(dependencies))


def is_import_name(path: str) -> bool:
    """Return whether a file may have this name: a relative path without `.`, `..` and special characters."""
    parts = path.split("/")
    return all(_NAME_PART.fullmatch(part) and part not in {".", ".."} for part in parts)


def _checked(path: str, source: str) -> bytes:
    if not is_import_name(path):
        raise InvalidProto(
            [Problem(path, 0, 0, "The name of the file is no relative path without '.', '..' and special characters.")]
        )
    try:
        encoded = source.encode()
    except UnicodeEncodeError as error:
        line = source.count("\n", 0, error.start) + 1
        raise InvalidProto([Problem(path, line, 0, "The text is not valid Unicode: it holds half of a surrogate pair.")]) from error
    depth = 0
    for match in _PARTS.finditer(source):
        bracket = match.group()
        if bracket in "{[<":
            depth += 1
            if depth > MAX_DEPTH:
                line = source.count("\n", 0, match.start()) + 1
                raise InvalidProto([Problem(path, line, 0, f"Braces are nested more than {MAX_DEPTH} deep.")])
        elif bracket in "}]>":
            depth = max(0, depth - 1)
    return encoded


def _check_sizes(name: str, encoded: Mapping[str, bytes]) -> None:
    total = sum(map(len, encoded.values()))
    if total > MAX_SOURCE_BYTES:
        raise InvalidProto(
            [Problem(name, 0, 0, f"The file and its references have {total:,} bytes; {MAX_SOURCE_BYTES:,} are allowed.")]
        )
    if len(encoded) > MAX_FILES:
        raise InvalidProto([Problem(name, 0, 0, f"The file has {len(encoded) - 1:,} references; {MAX_FILES - 1:,} are allowed.")])


@contextmanager
def _source_tree(encoded: Mapping[str, bytes]) -> Iterator[Path]:
    memory = Path("/dev/shm")  # noqa: S108  # nosec B108 # a private directory is made in it
    where = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="shop-protoc-", dir=where) as made:
        root = Path(made)
        (root / "sources").mkdir()
        for path, source in encoded.items():
            target = root / "sources" / path
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source)
            except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
                raise InvalidProto([Problem(path, 0, 0, "Another reference is named like a folder of this one.")]) from error
        yield root


def _imports_options(source: str) -> bool:
    """Return whether a file has edition 2024's `import option`: of a file that is missing, it ends the compiler by abort()."""
    if "option" not in source or "import" not in source:
        return False
    return _OPTION_IMPORT.search(_PARTS.sub(" ", source)) is not None


def _run_protoc(root: Path, name: str, *, source_info: bool, isolated: bool) -> FileDescriptorSet:
    sources, out = root / "sources", root / "descriptors"
    arguments = ["protoc", *_builtin_includes(), f"-I{sources}", "--include_imports", "--retain_options"]
    arguments += [f"--descriptor_set_out={out}", *(["--include_source_info"] if source_info else []), str(sources / name)]
    status, report = (_protoc_in_a_process if isolated else _protoc_in_here)(arguments)
    if status < 0:
        raise InvalidProto([Problem(name, 0, 0, "The compiler crashed on this file. Is an `import option` missing?")])
    if status != 0:
        raise InvalidProto(_problems(report[:_REPORT_BYTES].decode(errors="replace").splitlines(), f"{sources}/", name))
    return FileDescriptorSet.FromString(out.read_bytes())


def _protoc_in_here(arguments: list[str]) -> tuple[int, bytes]:
    """Exit status and report of the compiler in this process."""
    from grpc_tools import protoc

    with _compiling, captured_stderr() as report:
        status: int = protoc.main(arguments)
        report.seek(0)
        return status, report.read(_REPORT_BYTES)


def _protoc_in_a_process(arguments: list[str]) -> tuple[int, bytes]:
    """Return the same in a process of its own, some 120 ms slower; a crash is a negative status."""
    ended = subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *arguments[1:]], capture_output=True, check=False)  # nosec B603
    return ended.returncode, ended.stderr


def _builtin_includes() -> list[str]:
    """Return where the well-known imports live; they come first, so that no reference can stand in for one of them."""
    global _includes  # noqa: PLW0603 - found once a process
    if not _includes:
        import google.type  # type: ignore[import-untyped]  # generated code without stubs
        import grpc_tools

        well_known, google_types = Path(grpc_tools.__path__[0]) / "_proto", Path(next(iter(google.type.__path__)))
        _includes = [f"-I{well_known}", f"-Igoogle/type={google_types}", f"-I{Path(__file__).parent / 'builtin'}"]
    return _includes


_includes: list[str] = []


@contextmanager
def captured_stderr() -> Iterator[IO[bytes]]:
    """Point file descriptor 2 at a file, since the compiler writes there and takes no other place."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with tempfile.TemporaryFile() as report:
            os.dup2(report.fileno(), 2)
            try:
                yield report
            finally:
                os.dup2(kept, 2)
    finally:
        os.close(kept)


def _problems(lines: Iterable[str], root: str, name: str) -> list[Problem]:
    found: dict[Problem, None] = {}
    for raw in lines:
        if _NOISE.search(raw):
            continue
        line = raw.replace(root, "")
        match = _REPORT.match(line)
        if match:
            problem = Problem(match["file"], int(match["line"]), int(match["column"]), match["message"][:500])
        else:
            path, separator, message = line.partition(": ")
            problem = Problem(path, 0, 0, message[:500]) if separator else Problem(name, 0, 0, line[:500])
        found[problem] = None
        if len(found) == MAX_PROBLEMS:
            break
    return list(found) or [Problem(name, 0, 0, "The compiler refused the file without saying why.")]
