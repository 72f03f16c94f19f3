"""The parts of ARCHITECTURE.md that are made from the manifests and the code: the topology, and how large each service is."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shop_sandbox.manifest.loader import load_manifests

from shop_dev.output.topology_formats import mermaid
from shop_dev.topology import topology_of

SERVICES = "services/shop_services"
MANIFESTS = [f"{SERVICES}/*/service.yaml"]
LAYERS = ("domain", "application", "adapters")
_IGNORED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass(frozen=True, slots=True)
class Size:
    """How many lines of code a service has by layer, and how many its functions take to be put together."""

    service: str
    layers: tuple[int, ...]
    wiring: int


def refreshed(text: str, checkout: Path) -> str:
    """Return ARCHITECTURE.md with its generated parts as the code and the manifests are now. Raises ValueError without a mark."""
    text = _replaced(text, "topology", f"```mermaid\n{_topology(checkout)}\n```")
    return _replaced(text, "sizes", "\n".join(_table(sizes(checkout))))


def sizes(checkout: Path) -> list[Size]:
    """Return the size of each service that has a manifest, by name."""
    folders = sorted(manifest.parent for manifest in checkout.glob(MANIFESTS[0]))
    return [Size(folder.name, tuple(_lines_in(folder / layer) for layer in LAYERS), wiring_lines(folder)) for folder in folders]


def wiring_lines(service: Path) -> int:
    """Return how many lines the functions take that put a service together, laid out by the interpreter: no layout saves any."""
    tree = ast.parse((service / "bootstrap.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return sum(len(ast.unparse(node).splitlines()) for node in functions)


def code_lines(source: str) -> int:
    """Return how many lines hold code: no blank ones, no comments, no docstrings."""
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type not in _IGNORED]
    lines = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    return len(lines - {line for node in _docstrings(ast.parse(source)) for line in range(node.lineno, (node.end_lineno or 0) + 1)})


def _docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield each text that stands as a statement of its own: docstrings of modules, classes and functions, and of attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value


def _lines_in(folder: Path) -> int:
    return sum(code_lines(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py"))


def _topology(checkout: Path) -> str:
    manifests = load_manifests(checkout, MANIFESTS)
    return mermaid(topology_of(manifest.service for manifest in manifests)).strip()


def _table(found: Sequence[Size]) -> Iterator[str]:
    yield "| service | " + " | ".join(LAYERS) + " | wiring |"
    yield "|---" + "|---:" * (len(LAYERS) + 1) + "|"
    for size in found:
        yield f"| {size.service} | " + " | ".join(map(str, size.layers)) + f" | {size.wiring} |"
    columns = zip(*(size.layers for size in found), strict=True)
    yield "| together | " + " | ".join(str(sum(column)) for column in columns) + f" | {sum(size.wiring for size in found)} |"


def _replaced(text: str, name: str, content: str) -> str:
    begin, end = f"<!-- {name}: made by `just reference` -->", f"<!-- end of {name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"ARCHITECTURE.md has no lines {begin!r} and {end!r}")
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"
